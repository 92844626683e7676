import { registry } from "@web/core/registry";
import { enterDate, followTheLink, openContract, openGenerateInvoice, openMenu, proceed } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

function cell(name) {
    return `.o_selected_row .o_field_widget[name=${name}]`;
}

function enterUsage(last) {
    return [
        ...openMenu("Subscriptions", "Usage"),
        {
            content: "Enter usage",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Of which subscription",
            trigger: `${cell("subscription_id")} input`,
            run: "edit Azure",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item a:contains(Azure)",
            run: "click",
        },
        ...enterDate(cell("period_start"), -40),
        ...enterDate(cell("period_end"), last),
        {
            content: "How much it was",
            trigger: `${cell("quantity")} input`,
            run: "edit 300 && press Tab",
        },
        {
            content: "What it cost",
            trigger: `${cell("cost")} input`,
            run: "edit 50 && press Tab",
        },
        {
            content: "The markup of the subscription is on it: save",
            trigger: ".o_list_view:has(.o_selected_row .o_data_cell[name=amount]:contains(55.00)) .o_list_button_save",
            run: "click",
        },
    ];
}

tours.add("work365_billing_usage", {
    url: "/odoo",
    steps: () => [
        ...enterUsage(-38),
        {
            content: "It waits to be billed",
            trigger: ".o_list_view:not(:has(.o_selected_row)) .o_data_row:contains(Azure):contains(Confirmed)",
        },
        ...openContract("Tour Contract"),
        ...openGenerateInvoice(),
        {
            content: "It is in the preview, in a group of its own",
            trigger:
                ".modal .o_billing_generate:has(.o_field_widget[name=amount_total]:contains(175.00)) .o_billing_preview tbody[data-group=usage]:contains(Usage-based items):contains(Azure):contains(55.00)",
        },
        ...proceed(),
        ...followTheLink(),
        {
            content: "The invoice leads to its usage",
            trigger: ".oe_stat_button:contains(Usage):contains(1)",
            run: "click",
        },
        {
            content: "It stands under the line that bills it",
            trigger: ".o_list_view .o_group_header:contains(Azure):contains(300.00):contains(55.00)",
        },
    ],
});

tours.add("work365_billing_usage_refused", {
    url: "/odoo",
    steps: () => [
        ...enterUsage(-41),
        {
            content: "A period that ends before it starts is refused",
            trigger: ".modal:contains(The usage ends before it starts) button:contains(Close)",
            run: "click",
        },
        {
            content: "The row is still there to be corrected",
            trigger: ".o_list_view .o_selected_row .o_field_widget[name=period_end]",
        },
    ],
});
