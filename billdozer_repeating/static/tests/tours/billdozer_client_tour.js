import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";
import { closeRefusal, openMenu, save } from "./billdozer_tour_steps";

const number = (text) => ({
    content: `Enter the account number ${text}`,
    trigger: ".o_field_widget[name=account_number] input",
    run: `edit ${text}`,
});

registry.category("web_tour.tours").add("billdozer_client", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Clients", "Clients"),
        {
            content: "A new client",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Its name",
            trigger: ".o_form_view .o_field_widget[name=name] input, .o_form_view .o_field_widget[name=name] textarea",
            run: "edit Tour Client",
        },
        number("tour-1"),
        save,
        ...closeRefusal("has the account number tour-1 already"),
        number("TOUR-2"),
        ...stepUtils.saveForm(),
        {
            content: "The tab Sales & Purchase",
            trigger: ".o_notebook .nav-link[name=sales_purchases]",
            run: "click",
        },
        {
            content: "It is saved and has a Billdozer Id",
            trigger: ".o_form_view .o_field_widget[name=billdozer_id]:contains(/[0-9a-f]{8}-/)",
        },
        ...openMenu("Clients", "Clients"),
        {
            content: "The list has its account number",
            trigger: ".o_data_row:contains(Tour Client) .o_data_cell[name=account_number]:contains(TOUR-2)",
        },
    ],
});
