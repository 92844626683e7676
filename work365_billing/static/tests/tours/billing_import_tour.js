import { registry } from "@web/core/registry";
import { openMenu } from "./billing_tour_steps";

const row = (name, cell = "") => `.o_data_row:has(.o_data_cell[name=name]:contains(/^${name}$/)) ${cell}`;

const toggle = (...names) =>
    names.map((name) => ({
        content: `Select or deselect ${name}`,
        trigger: row(name, ".o_list_record_selector input"),
        run: "click",
    }));

const activate = () => [
    {
        content: "Activate what is selected",
        trigger: ".o_control_panel button:enabled:contains(/^Activate$/)",
        run: "click",
    },
    {
        content: "It says what follows",
        trigger: ".modal:contains(are billed from their planned invoice on) .modal-footer .btn-primary",
        run: "click",
    },
];

registry.category("web_tour.tours").add("work365_billing_import_check", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Billing and Invoicing", "Billing Contracts"),
        ...toggle("Imported One", "Imported Two", "Imported Empty"),
        {
            content: "Open the actions of the selection",
            trigger: ".o_cp_action_menus button:contains(Actions)",
            run: "click",
        },
        {
            content: "Check them",
            trigger: ".o-dropdown-item:contains(/^Check Imported Contracts$/)",
            run: "click",
        },
        {
            content: "One bills what it billed before",
            trigger: `${row("Imported One")}:not(:contains(against the old system))`,
        },
        {
            content: "One has nothing to bill",
            trigger: row("Imported Empty", ".o_data_cell[name=planned_problem]:contains(Nothing is planned)"),
        },
        {
            content: "Enter what the old system billed",
            trigger: row("Imported Two", ".o_data_cell[name=previous_amount]"),
            run: "click",
        },
        {
            content: "Type the amount",
            trigger: ".o_selected_row .o_field_widget[name=previous_amount] input",
            run: "edit 999",
        },
        {
            content: "Save it",
            trigger: ".o_list_button_save",
            run: "click",
        },
        {
            content: "The difference is marked",
            trigger: row("Imported Two", ".o_data_cell[name=planned_problem]:contains(% against the old system)"),
        },
        {
            content: "Keep only what is to be checked",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "By the filter",
            trigger: ".o_filter_menu .o-dropdown-item:contains(/^To Check$/)",
            run: "click",
        },
        {
            content: "The contract that bills the same is gone",
            trigger: ".o_list_view:has(.o_data_row:count(2)):not(:contains(Imported One))",
        },
        {
            content: "Show all again",
            trigger: ".o_searchview_facet:contains(To Check) .o_facet_remove",
            run: "click",
        },
        {
            content: "All are there",
            trigger: ".o_list_view:has(.o_data_row:count(3))",
        },
        ...toggle("Imported One", "Imported Two", "Imported Empty"),
        ...activate(),
        {
            content: "None is activated, for one has nothing to bill",
            trigger: ".modal:contains(Imported Empty has nothing to bill) .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Nothing is half done",
            trigger: row("Imported One", ".o_data_cell[name=state]:contains(Draft)"),
        },
        ...toggle("Imported Empty"),
        ...activate(),
        {
            content: "The others are active",
            trigger: row("Imported One", ".o_data_cell[name=state]:contains(Active)"),
        },
        {
            content: "Both of them",
            trigger: row("Imported Two", ".o_data_cell[name=state]:contains(Active)"),
        },
    ],
});
