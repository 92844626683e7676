import { registry } from "@web/core/registry";
import { openMenu } from "./billdozer_tour_steps";

registry.category("web_tour.tours").add("billdozer_escalation_dry_run", {
    url: "/odoo",
    steps: () => [
        {
            content: "Open the app Billdozer, whose first page is the list",
            trigger: "body",
        },
        ...openMenu("Clients", "Contract Escalations"),
        {
            content: "Open the repeating invoices",
            trigger: ".o_menu_sections .o_nav_entry:contains(/^Repeating Invoices$/)",
            run: "click",
        },
        {
            content: "Select all",
            trigger: ".o_list_view:has(.o_data_row:contains(Tour Client)) thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Dry run",
            trigger: ".o_control_panel button:contains(/^Escalation Dry Run$/)",
            run: "click",
        },
        {
            content: "An earlier date than any anniversary",
            trigger: ".modal .o_field_widget[name=date_to] input, .modal .o_field_widget[name=date_to] button",
            run: "click",
        },
        {
            content: "Enter it",
            trigger: ".modal .o_field_widget[name=date_to] input",
            run: "edit 01/02/2026",
        },
        {
            content: "Calculate",
            trigger: ".modal button:contains(/^Calculate$/)",
            run: "click",
        },
        {
            content: "Nothing rises",
            trigger: ".modal p:contains(No price rises up to this date.)",
        },
        {
            content: "A date after the second anniversary",
            trigger: ".modal .o_field_widget[name=date_to] input, .modal .o_field_widget[name=date_to] button",
            run: "click",
        },
        {
            content: "Enter it",
            trigger: ".modal .o_field_widget[name=date_to] input",
            run: "edit 12/31/2099",
        },
        {
            content: "Calculate",
            trigger: ".modal button:contains(/^Calculate$/)",
            run: "click",
        },
        {
            content: "The first price after the escalation",
            trigger: ".modal .o_data_row:contains(Tour Client):contains(100.00):contains(110.00)",
        },
        {
            content: "Open it as a list",
            trigger: ".modal .modal-footer button:contains(/^Open as List$/)",
            run: "click",
        },
        {
            content: "The rows are there, to be sorted and exported",
            trigger: ".o_list_view:has(.o_data_row:contains(121.00)) .o_data_row:contains(110.00)",
        },
    ],
});
