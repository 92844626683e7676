import { registry } from "@web/core/registry";
import { bulkRow, openBulkGenerate, openMenu, proceed } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

tours.add("work365_billing_bulk", {
    url: "/odoo",
    steps: () => [
        ...openBulkGenerate("Bulk Changed", "Bulk Future", "Bulk Free", "Bulk Plain"),
        {
            content: "The line on top says what is billed and what stays out",
            trigger:
                ".modal .alert-info:contains(2 invoices):contains(190.00 before tax):contains(1 to check):contains(1 bills nothing):contains(1 in the future)",
        },
        {
            content: "An amount that differs is to be checked",
            trigger: bulkRow("Bulk Changed", ".o_data_cell[name=anomaly]:contains(+50.0 %)"),
        },
        {
            content: "What lies ahead is marked as future",
            trigger: bulkRow("Bulk Future", ".o_data_cell[name=status]:contains(Future)"),
        },
        {
            content: "A row that bills nothing says why",
            trigger: bulkRow("Bulk Free", ".o_data_cell[name=message]:contains(Marked as not billable)"),
        },
        {
            content: "The tasks are not ticked, and nothing is to be replaced",
            trigger: bulkRow("Bulk Plain", "[name=trigger_tasks] input:not(:checked)"),
        },
        {
            content: "Include future cycles",
            trigger: ".modal .o_field_widget[name=include_future] input",
            run: "click",
        },
        {
            content: "Now the total has three invoices: look at the change logs",
            trigger: ".modal .o_billing_bulk:has(.alert-info:contains(3 invoices):contains(220.00)) button[role=tab]:contains(Change Log)",
            run: "click",
        },
        {
            content: "They have a period, and nothing to bill",
            trigger: ".modal .o_billing_bulk:has(.o_field_widget[name=date_to] button):has(.alert-warning:contains(Nothing to bill)) button[role=tab]:contains(Regular)",
            run: "click",
        },
        {
            content: "Tick the tasks of one contract",
            trigger: bulkRow("Bulk Plain", ".o_data_cell[name=trigger_tasks]"),
            run: "click",
        },
        {
            content: "Proceed is as before",
            trigger: ".modal .alert-info:contains(3 invoices):contains(220.00)",
        },
        ...proceed(),
        {
            content: "The run is open, and waits for its turn",
            trigger: ".o_billing_run:has(.o_arrow_button_current:contains(Running)) .o_billing_progress:contains(0 of 3 done)",
        },
        {
            content: "It can be stopped",
            trigger: ".o_form_statusbar button:enabled:contains(/^Stop$/)",
            run: "click",
        },
        {
            content: "And resumed",
            trigger: ".o_billing_run:has(.o_arrow_button_current:contains(Stopped)) .o_form_statusbar button:enabled:contains(/^Resume$/)",
            run: "click",
        },
        {
            content: "It waits again",
            trigger: ".o_billing_run .o_arrow_button_current:contains(Running)",
        },
    ],
});

tours.add("work365_billing_bulk_run", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Billing and Invoicing", "Bulk Operations"),
        {
            content: "Open the run that has failed in part",
            trigger: ".o_data_row:has(.o_data_cell[name=failed_count]:contains(1)) .o_data_cell[name=name]:contains(Bulk Operation)",
            run: "click",
        },
        {
            content: "Its outcomes are counted: look at what has failed",
            trigger:
                ".o_form_view:has(.o_billing_progress:contains(100):contains(3 of 3 done)):has(.oe_stat_button:contains(Invoices):contains(2)) .oe_stat_button:contains(Failed):contains(1)",
            run: "click",
        },
        {
            content: "Only the failed job is shown: open it",
            trigger: ".o_list_view:has(.o_data_row:count(1)) .o_data_cell[name=contract_id]:contains(Bulk Plain)",
            run: "click",
        },
        {
            content: "The job says why, and what to do",
            trigger: ".o_form_view .alert-danger:contains(The customer is archived):contains(Restore the customer)",
        },
        {
            content: "Go back to the run",
            trigger: ".breadcrumb-item:contains(Bulk Operation) a",
            run: "click",
        },
        {
            content: "Retry what has failed",
            trigger: ".o_billing_run .o_form_statusbar button:enabled:contains(/^Retry Failed$/)",
            run: "click",
        },
        {
            content: "The run goes on",
            trigger: ".o_billing_run:has(.o_arrow_button_current:contains(Running)) .o_billing_progress:contains(2 of 3 done)",
        },
    ],
});

tours.add("work365_billing_bulk_page", {
    url: "/odoo",
    steps: () => [
        ...openBulkGenerate("Bulk Changed", "Bulk Future", "Bulk Free", "Bulk Plain"),
        {
            content: "Open the rows as a page",
            trigger: ".modal button:enabled:contains(Search and Group)",
            run: "click",
        },
        {
            content: "The same line stands on top: leave only what is to be checked",
            trigger:
                ".o_list_view:has(.o_billing_bulk_summary:contains(2 invoices):contains(190.00):contains(1 to check)) .o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "Choose the filter To Check",
            trigger: ".o-dropdown--menu .o-dropdown-item:contains(/^To Check$/)",
            run: "click",
        },
        {
            content: "One row is left: edit it",
            trigger: ".o_list_view:has(.o_data_row:count(1)) .o_data_cell[name=schedule_id]",
            run: "click",
        },
        {
            content: "Look at its billing cycles",
            trigger: ".o_selected_row .o_field_widget[name=schedule_id] input",
            run: "click",
        },
        {
            content: "Choose the first cycle, which is invoiced",
            trigger: ".o-autocomplete--dropdown-item:first a:not(:contains(Loading))",
            run: "click",
        },
        {
            content: "Replacing is offered, with what it means",
            trigger: ".o_selected_row:has(.o_data_cell[name=message]:contains(already invoiced)) [name=replace_existing] input",
            run: "click",
        },
        {
            content: "Save the row",
            trigger: ".o_list_button_save",
            run: "click",
        },
        {
            content: "The total has followed: proceed",
            trigger:
                ".o_list_view:has(.o_billing_bulk_summary:contains(2 invoices):contains(140.00):not(:contains(to check))) .o_billing_bulk_proceed",
            run: "click",
        },
        {
            content: "The run is open",
            trigger: ".o_billing_run .o_billing_progress:contains(0 of 2 done)",
        },
    ],
});

tours.add("work365_billing_bulk_refused", {
    url: "/odoo",
    steps: () => [
        ...openBulkGenerate("Bulk Future", "Bulk Free"),
        {
            content: "Nothing is due",
            trigger: ".modal .alert-warning:contains(Nothing to bill):contains(1 bills nothing):contains(1 in the future)",
        },
        ...proceed(),
        {
            content: "It is refused, with the way out",
            trigger: ".modal:not(.o_inactive_modal):not(:has(.o_billing_bulk)):contains(Tick Include future cycles) button:contains(Close)",
            run: "click",
        },
        {
            content: "The window is still there",
            trigger: ".modal:not(.o_inactive_modal) .o_billing_bulk .o_field_widget[name=include_future] input:not(:checked)",
        },
    ],
});
