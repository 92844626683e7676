import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

function openDashboard() {
    return [
        ...stepUtils.goToAppSteps("work365_billing.billing_menu_root", "Open the app Work 365"),
        {
            content: "The app opens on the dashboard, or its first menu does",
            trigger: ".o_menu_sections .o_nav_entry:contains(Dashboard), .o_menu_sections button:contains(Dashboard)",
            run: "click",
        },
    ];
}

function openCard(kind, count) {
    return [
        {
            content: `The card ${kind} counts ${count}`,
            trigger: `.o_billing_dashboard .o_kanban_record:has([data-kind=${kind}]):has(.o_billing_count:contains(/^${count}$/))`,
            run: "click",
        },
    ];
}

function back() {
    return [
        {
            content: "Go back to the dashboard",
            trigger: ".o_back_button, .breadcrumb-item:first a",
            run: "click",
        },
    ];
}

tours.add("work365_billing_dashboard", {
    url: "/odoo",
    steps: () => [
        ...openDashboard(),
        ...openCard("missed", 1),
        {
            content: "The list shows the period in error, with its reason",
            trigger: ".o_list_view:has(.o_breadcrumb:contains(Missed or Errored Schedules)) .o_data_row:contains(Tour Contract):contains(archived)",
        },
        {
            content: "Select it",
            trigger: ".o_data_row .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Retry it from here",
            trigger: ".o_control_panel button[name=action_retry]",
            run: "click",
        },
        {
            content: "The list has been read again: nothing is selected any more",
            trigger: ".o_list_view:not(:has(.o_data_row_selected)):not(:has(.o_selection_box)) .o_data_row",
        },
        {
            content: "Open the schedule",
            trigger: ".o_data_row .o_data_cell[name=contract_id]",
            run: "click",
        },
        {
            content: "The record is open",
            trigger: ".o_form_view .o_field_widget[name=contract_id]:contains(Tour Contract)",
        },
        {
            content: "Back to the list",
            trigger: ".breadcrumb-item a:contains(Missed or Errored Schedules), .o_back_button",
            run: "click",
        },
        {
            content: "The list is back",
            trigger: ".o_list_view .o_data_row",
        },
        ...back(),
        ...openCard("missing_data", 1),
        {
            content: "The list says what is missing and how to mend it",
            trigger: ".o_list_view .o_data_row:contains(A product is archived):contains(Restore the product)",
        },
        {
            content: "Open the subscription",
            trigger: ".o_data_row .o_data_cell[name=problem]",
            run: "click",
        },
        {
            content: "The subscription is open",
            trigger: ".o_form_view .o_field_widget[name=monthly_price]",
        },
        {
            content: "Back to the list",
            trigger: ".o_back_button, .breadcrumb-item:nth-child(2) a",
            run: "click",
        },
        {
            content: "The list is back",
            trigger: ".o_list_view .o_data_row",
        },
        ...back(),
        ...openCard("drafts", 0),
        {
            content: "Nothing to do: the list is empty and says so",
            trigger: ".o_view_nocontent",
        },
        ...back(),
        {
            content: "The dashboard is back",
            trigger: ".o_billing_dashboard .o_kanban_record",
        },
    ],
});
