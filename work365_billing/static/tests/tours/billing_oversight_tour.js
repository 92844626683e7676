import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

function openReport(name) {
    return [
        ...stepUtils.goToAppSteps("work365_billing.billing_menu_root", "Open the app Work 365"),
        {
            content: "Open the menu Reporting",
            trigger: ".o_menu_sections button:contains(Reporting)",
            run: "click",
        },
        {
            content: `Open ${name}`,
            trigger: `.o-dropdown--menu .dropdown-item:contains(/^${name}$/)`,
            run: "click",
        },
    ];
}

function switchTo(view) {
    return [
        {
            content: `Switch to the view ${view}`,
            trigger: `.o_control_panel .o_switch_view.o_${view}`,
            run: "click",
        },
    ];
}

function refresh() {
    return [
        {
            content: "Make it anew",
            trigger: ".o_control_panel .o_billing_snapshot button:contains(Refresh)",
            run: "click",
        },
    ];
}

tours.add("work365_billing_forecast", {
    url: "/odoo",
    steps: () => [
        ...openReport("Billing Forecast"),
        {
            content: "The graph is drawn, with the moment for which it was made",
            trigger: ".o_graph_view:has(.o_billing_snapshot:contains(made on)) .o_graph_renderer canvas",
        },
        ...switchTo("pivot"),
        {
            content: "The pivot adds up twelve months of 120.00",
            trigger: ".o_pivot_view .o_pivot_cell_value:contains(1,440.00)",
        },
        ...switchTo("list"),
        {
            content: "The list shows an invoice with its cycle",
            trigger: ".o_list_view .o_data_row:contains(Tour Contract):contains(120.00)",
        },
        {
            content: "Go on to the contract",
            trigger: ".o_data_row:first .o_data_cell[name=date]",
            run: "click",
        },
        {
            content: "The contract is open",
            trigger: ".o_form_view .o_field_widget[name=subscription_ids]",
        },
        {
            content: "Back to the forecast",
            trigger: ".breadcrumb-item a:contains(Billing Forecast), .o_back_button",
            run: "click",
        },
        {
            content: "The list is back",
            trigger: ".o_list_view .o_data_row:contains(Tour Contract)",
        },
        ...refresh(),
        {
            content: "It is made and read again",
            trigger: "body:not(:has(.o_blockUI)) .o_list_view:has(.o_billing_snapshot:contains(made on)) .o_data_row",
        },
    ],
});

tours.add("work365_billing_forecast_empty", {
    url: "/odoo",
    steps: () => [
        ...openReport("Billing Forecast"),
        {
            content: "There is nothing to forecast, and the screen says what to do",
            trigger: ".o_view_nocontent:contains(Nothing to forecast):contains(Activate a contract)",
        },
        ...refresh(),
        {
            content: "Still nothing",
            trigger: ".o_view_nocontent:contains(Nothing to forecast)",
        },
    ],
});

tours.add("work365_billing_revenue", {
    url: "/odoo",
    steps: () => [
        ...openReport("Recurring Revenue"),
        {
            content: "The pivot shows MRR and ARR of the customer",
            trigger: ".o_pivot_view:has(.o_billing_snapshot:contains(made on)):has(.o_pivot_cell_value:contains(120.00)) .o_pivot_cell_value:contains(1,440.00)",
        },
        ...switchTo("graph"),
        {
            content: "The line of the MRR is drawn",
            trigger: ".o_graph_view .o_graph_renderer canvas",
        },
        ...openReport("MRR Movements"),
        {
            content: "The movements are drawn by month",
            trigger: ".o_breadcrumb:contains(MRR Movements), .o_last_breadcrumb_item:contains(MRR Movements)",
        },
        ...switchTo("list"),
        {
            content: "The list shows the new customer",
            trigger: ".o_list_view .o_data_row:contains(New):contains(Business Premium):contains(120.00)",
        },
    ],
});

tours.add("work365_billing_revenue_empty", {
    url: "/odoo",
    steps: () => [
        ...openReport("Recurring Revenue"),
        {
            content: "There is no revenue, and the screen says what to do",
            trigger: ".o_view_nocontent:contains(No recurring revenue):contains(Activate a contract)",
        },
    ],
});
