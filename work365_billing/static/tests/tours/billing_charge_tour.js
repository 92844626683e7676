import { registry } from "@web/core/registry";
import { openContract } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

/** Open the draft of the contract, post it and charge it by hand. */
function chargeByHand() {
    return [
        ...openContract("Tour Contract"),
        {
            content: "Look at its invoices",
            trigger: ".oe_stat_button:contains(Invoices)",
            run: "click",
        },
        {
            content: "Open the draft",
            trigger: ".o_list_view .o_data_row:contains(Draft) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "A draft is not charged: post it",
            trigger: ".o_form_statusbar:not(:has(button:contains(/^Charge$/))) button:contains(/^Post$/)",
            run: "click",
        },
        {
            content: "The invoice shows what is charged: charge it",
            trigger: ".o_form_view:has(.o_field_widget[name=billing_token_id]:contains(1234)) .o_form_statusbar button:contains(/^Charge$/)",
            run: "click",
        },
        {
            content: "Nothing is charged by a slip: confirm",
            trigger: ".modal:contains(Charge the customer?):contains(open balance) button:contains(/^Charge$/)",
            run: "click",
        },
    ];
}

tours.add("work365_billing_charge", {
    url: "/odoo",
    steps: () => [
        ...chargeByHand(),
        {
            content: "The answer is told",
            trigger: ".o_notification:contains(is charged):contains(120.00 charged to 1234)",
        },
        {
            content: "The invoice is paid and cannot be charged again: look at its jobs",
            trigger:
                ".o_form_view:not(:has(.o_form_statusbar button:contains(/^Charge$/))) .oe_stat_button:contains(Invoicing Jobs)",
            run: "click",
        },
        {
            content: "The charge is one of them",
            trigger: ".o_list_view .o_data_row:contains(Charge Invoice):contains(Succeeded)",
        },
    ],
});

tours.add("work365_billing_charge_refused", {
    url: "/odoo",
    steps: () => [
        ...chargeByHand(),
        {
            content: "The refusal stays until it is read",
            trigger: ".o_notification:contains(could not be charged) .o_notification_close",
            run: "click",
        },
        {
            content: "The invoice is posted and open, can be charged again, and says why: look at its jobs",
            trigger:
                ".o_form_view:has(.o_arrow_button_current:contains(Posted)):has(button:contains(/^Charge$/)) .alert-danger:contains(refused to charge 1234):contains(stays open) button:contains(Look at its jobs)",
            run: "click",
        },
        {
            content: "Open the job that has failed",
            trigger: ".o_list_view .o_data_row:contains(Charge Invoice):contains(Failed) .o_data_cell[name=job_type]",
            run: "click",
        },
        {
            content: "It says why, and can be run again",
            trigger: ".o_form_view:has(.alert-danger:contains(refused to charge)) .o_form_statusbar button:contains(/^Run Now$/)",
        },
    ],
});
