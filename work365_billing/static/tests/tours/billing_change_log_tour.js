import { registry } from "@web/core/registry";
import { enterDate, followTheLink, openContract, openGenerateInvoice, proceed } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

function openChangeLog() {
    return [
        ...openContract("Tour Contract"),
        ...openGenerateInvoice(),
        {
            content: "Choose the tab Change Log",
            trigger: ".modal .o_billing_generate button[role=tab]:contains(Change Log)",
            run: "click",
        },
    ];
}

tours.add("work365_billing_change_log", {
    url: "/odoo",
    steps: () => [
        ...openChangeLog(),
        {
            content: "Up to today, only the first change is billed",
            trigger:
                ".modal .o_billing_generate:has(.o_field_widget[name=amount_total]:contains(72.00)) .o_billing_preview tbody[data-group=midcycle]:has(.o_billing_preview_row:count(1))",
        },
        ...enterDate(".modal .o_field_widget[name=date_to]", 10),
        {
            content: "The preview follows the date: the second change is billed as well",
            trigger:
                ".modal .o_billing_generate:has(.o_field_widget[name=amount_total]:not(:contains(72.00))) .o_billing_preview tbody[data-group=midcycle]:has(.o_billing_preview_row:count(2))",
        },
        ...proceed(),
        ...followTheLink(),
        {
            content: "Its type is visible",
            trigger: ".o_form_view .o_field_widget[name=billing_kind]:contains(Change Log)",
        },
    ],
});

tours.add("work365_billing_change_log_blocked", {
    url: "/odoo",
    steps: () => [
        ...openChangeLog(),
        ...proceed(),
        {
            content: "It is refused, with what to do first",
            trigger:
                ".modal:not(.o_inactive_modal):not(:has(.o_billing_generate)):contains(Invoice or skip the earlier schedule first) button:contains(Close)",
            run: "click",
        },
        {
            content: "The window links to the schedule that is open: open it",
            trigger:
                ".modal .o_billing_generate:not(:has(.o_billing_preview)) .alert:contains(An earlier schedule of the contract is still open) .o_field_widget[name=blocking_schedule_id] a",
            run: "click",
        },
        {
            content: "The schedule can be invoiced or skipped",
            trigger: ".o_form_statusbar:has(button:contains(Skip this period)) button:contains(Generate Invoice)",
        },
    ],
});
