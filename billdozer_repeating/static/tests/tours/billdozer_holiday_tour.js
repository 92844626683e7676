import { registry } from "@web/core/registry";
import { closeRefusal, openMenu } from "./billdozer_tour_steps";

function enterDate(date) {
    return [
        {
            content: "Its date",
            trigger: ".o_selected_row .o_field_widget[name=date] input, .o_selected_row .o_field_widget[name=date] button",
            run: "click",
        },
        {
            content: `On ${date}`,
            trigger: ".o_selected_row .o_field_widget[name=date] input",
            run: `edit ${date} && press Tab`,
        },
    ];
}

function addDay(date, name) {
    return [
        {
            content: "A new day",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...enterDate(date),
        {
            content: `Its name ${name}`,
            trigger: ".o_selected_row .o_field_widget[name=name] input",
            run: `edit ${name}`,
        },
    ];
}

const saveRow = {
    content: "Save the row",
    trigger: ".o_list_button_save:visible",
    run: "click",
};

registry.category("web_tour.tours").add("billdozer_holiday", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Configuration", "Holidays"),
        ...addDay("11/04/2026", "Election Day"),
        saveRow,
        {
            content: "It is in the list",
            trigger: ".o_list_view:not(:has(.o_selected_row)) .o_data_row:contains(Election Day)",
        },
        ...addDay("11/03/2026", "Open"),
        {
            content: "A business day",
            trigger: ".o_selected_row .o_field_widget[name=business_day] input",
            run: "click",
        },
        saveRow,
        ...closeRefusal("11/03/2026 is no public holiday in South Africa"),
        ...enterDate("09/24/2026"),
        {
            content: "That is one, and it is named",
            trigger: ".o_selected_row .o_field_widget[name=public_holiday]:contains(Heritage Day)",
        },
        saveRow,
        {
            content: "Both are there",
            trigger: ".o_list_view:not(:has(.o_selected_row)):has(.o_data_row:count(2)) .o_data_row:contains(Heritage Day)",
        },
    ],
});
