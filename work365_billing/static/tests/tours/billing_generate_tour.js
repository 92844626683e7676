import { registry } from "@web/core/registry";
import {
    chooseFirstCycle,
    followTheLink,
    openContract,
    openGenerateInvoice,
    openMenu,
    proceed,
} from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

tours.add("work365_billing_generate", {
    url: "/odoo",
    steps: () => [
        ...openContract("Tour Contract"),
        ...openGenerateInvoice(),
        {
            content: "The blue bar names contract, customer and refund policy",
            trigger: ".modal .alert-info:contains(Tour Contract):contains(Process Refunds: No)",
        },
        {
            content: "Preview is on and shows the full cycle items",
            trigger:
                ".modal .o_billing_generate:has(.o_field_widget[name=preview] input:checked) .o_billing_preview tbody[data-group=full_cycle]:contains(Full cycle items):contains(Business Premium):contains(120.00)",
        },
        {
            content: "The item has its own group",
            trigger: ".modal .o_billing_preview tbody[data-group=item]:contains(Non-recurring items):contains(Set-up)",
        },
        {
            content: "What is not billed has its reason",
            trigger: ".modal .o_billing_preview_row:contains(Left out):contains(Marked as not billable)",
        },
        {
            content: "The total is shown before tax",
            trigger: ".modal .o_field_widget[name=amount_total]:contains(620.00)",
        },
        {
            content: "Switch the preview off",
            trigger: ".modal .o_field_widget[name=preview] input",
            run: "click",
        },
        {
            content: "The lines are gone: switch it on again",
            trigger: ".modal .o_billing_generate:not(:has(.o_billing_preview)) .o_field_widget[name=preview] input",
            run: "click",
        },
        {
            content: "Each line opens its subscription or item",
            trigger: ".modal .o_billing_preview tbody[data-group=full_cycle] button[title=Open]",
        },
        ...proceed(),
        ...followTheLink(),
    ],
});

tours.add("work365_billing_from_list", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Billing and Invoicing", "Billing Contracts"),
        {
            content: "Select the contract",
            trigger: ".o_data_row:has(.o_data_cell[name=name]:contains(Tour Contract)) .o_list_record_selector input",
            run: "click",
        },
        ...openGenerateInvoice(".o_control_panel"),
        {
            content: "The window is for the selected contract",
            trigger: ".modal .alert-info:contains(Tour Contract)",
        },
        ...proceed(),
        ...followTheLink(),
    ],
});

tours.add("work365_billing_open_line", {
    url: "/odoo",
    steps: () => [
        ...openContract("Tour Contract"),
        ...openGenerateInvoice(),
        {
            content: "Open the subscription from its line",
            trigger: ".modal .o_billing_preview tbody[data-group=full_cycle] button[title=Open]",
            run: "click",
        },
        {
            content: "The subscription is open",
            trigger: ".o_form_view:not(.modal *) .o_field_widget[name=monthly_price]",
        },
    ],
});

tours.add("work365_billing_replace", {
    url: "/odoo",
    steps: () => [
        ...openContract("Tour Contract"),
        ...openGenerateInvoice(),
        ...chooseFirstCycle(),
        {
            content: "The window says that the cycle is invoiced",
            trigger: ".modal .alert-warning:contains(This billing cycle is already invoiced)",
        },
        ...proceed(),
        {
            content: "It is refused, with the way out",
            trigger: ".modal:not(.o_inactive_modal):not(:has(.o_billing_generate)):contains(Tick Replace existing invoice) button:contains(Close)",
            run: "click",
        },
        {
            content: "Tick Replace existing invoice",
            trigger: ".modal .o_field_widget[name=replace_existing] input:not(:checked)",
            run: "click",
        },
        {
            content: "The preview shows what the old invoice covered",
            trigger: ".modal .o_billing_preview tbody[data-group=full_cycle]:contains(120.00)",
        },
        ...proceed(),
        ...followTheLink(),
    ],
});

tours.add("work365_billing_future", {
    url: "/odoo",
    steps: () => [
        ...openContract("Tour Contract"),
        ...openGenerateInvoice(),
        {
            content: "The window warns of a future cycle",
            trigger: ".modal .alert-warning:contains(in the future):contains(You may proceed)",
        },
        ...proceed(),
        ...followTheLink(),
    ],
});
