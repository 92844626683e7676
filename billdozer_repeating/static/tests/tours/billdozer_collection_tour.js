import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";
import { closeRefusal, save } from "./billdozer_tour_steps";

const enter = (date) => [
    {
        content: "The collection date is edited",
        trigger: ".o_form_view .o_field_widget[name=collection_date] input, .o_form_view .o_field_widget[name=collection_date] button",
        run: "click",
    },
    {
        content: `Enter ${date}`,
        trigger: ".o_form_view .o_field_widget[name=collection_date] input",
        run: `edit ${date} && press Enter`,
    },
];

registry.category("web_tour.tours").add("billdozer_collection_date", {
    url: "/odoo/customer-invoices",
    steps: () => [
        {
            content: "The list shows the collection date; its tooltip has the agreed day and the reason",
            trigger:
                ".o_data_row .o_data_cell[name=collection_date] .o_collection_date[data-tooltip*='Aug 10'][data-tooltip*='Women']:contains(Aug 11)",
        },
        {
            content: "Open the invoice",
            trigger: ".o_data_row:has([data-tooltip*='Women']) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "The form tells the same",
            trigger: ".o_form_view .o_field_widget[name=collection_date] .o_collection_date[data-tooltip*='Women'] .fa-info-circle",
        },
        ...enter("07/31/2026"),
        save,
        ...closeRefusal("enter a later collection date"),
        ...enter("08/14/2026"),
        ...stepUtils.saveForm(),
        {
            content: "It is saved, and says that it was entered by hand",
            trigger:
                ".o_form_view .o_field_widget[name=collection_date] .o_collection_date[data-tooltip*='by hand'][data-tooltip*='Aug 10']",
        },
    ],
});
