import { registry } from "@web/core/registry";
import { openMenu } from "./billing_tour_steps";

registry.category("web_tour.tours").add("work365_billing_contract", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Billing and Invoicing", "Billing Contracts"),
        {
            content: "Make a contract",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Type the customer",
            trigger: ".o_field_widget[name=partner_id] input",
            run: "edit Tour Customer",
        },
        {
            content: "Choose the customer",
            trigger: ".o-autocomplete--dropdown-item:contains(/^Tour Customer$/) a",
            run: "click",
        },
        {
            content: "The contract is named after the customer: add a subscription",
            trigger:
                ".o_form_view:has(.o_field_widget[name=name] textarea:value(Tour Customer)) .o_field_widget[name=subscription_ids] a:contains(Add a line)",
            run: "click",
        },
        {
            content: "Type the product",
            trigger: ".o_field_widget[name=subscription_ids] .o_selected_row .o_field_widget[name=product_id] input",
            run: "edit Business Premium",
        },
        {
            content: "Choose the product",
            trigger: ".o-autocomplete--dropdown-item:contains(Business Premium) a",
            run: "click",
        },
        {
            content: "The price is the product's: enter the quantity",
            trigger:
                ".o_selected_row:has(.o_field_widget[name=price_unit] input:value(12.00)) .o_field_widget[name=quantity] input",
            run: "edit 10",
        },
        {
            content: "Activate",
            trigger: ".o_form_statusbar button:enabled:contains(/^Activate$/)",
            run: "click",
        },
        {
            content: "The contract is active and names its next invoice",
            trigger:
                ".o_form_view:has(.o_statusbar_status .o_arrow_button_current:contains(Active)) .o_billing_next:contains(Next Invoice):contains(120.00)",
        },
        {
            content: "Look at its schedules",
            trigger: ".o_notebook .nav-link:contains(Billing Schedules)",
            run: "click",
        },
        {
            content: "They are pending",
            trigger: ".o_field_widget[name=schedule_ids] .o_data_row:contains(Pending)",
        },
    ],
});
