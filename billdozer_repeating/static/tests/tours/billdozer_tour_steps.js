import { stepUtils } from "@web_tour/tour_utils";

/** What the tours of this addon have in common. */

export function openMenu(section, entry) {
    return [
        ...stepUtils.goToAppSteps("billdozer_repeating.billdozer_menu_root", "Open the app Billdozer"),
        {
            content: "Its menu is there, no longer that of the app before",
            trigger: ".o_menu_brand:contains(Billdozer)",
        },
        {
            content: `Open the menu ${section}`,
            trigger: `.o_menu_sections button:contains("${section}")`,
            run: "click",
        },
        {
            content: `Choose ${entry}`,
            trigger: `.o-dropdown-item:contains(/^${entry}$/)`,
            run: "click",
        },
        {
            content: `${entry} are shown`,
            trigger: `.o_control_panel .o_breadcrumb:contains(${entry})`,
        },
    ];
}

/** Choose a record, found by its name. */
export function choose(field, text) {
    return [
        {
            content: `Look for ${text}`,
            trigger: `.o_field_widget[name=${field}] input`,
            run: `edit ${text}`,
        },
        {
            content: `Choose ${text}`,
            trigger: `.o-autocomplete--dropdown-item:contains(/^${text}$/) a`,
            run: "click",
        },
    ];
}

export function enter(field, text) {
    return {
        content: `Enter ${field}`,
        trigger: `.o_field_widget[name=${field}] input`,
        run: `edit ${text}`,
    };
}

export const save = {
    content: "Save",
    trigger: ".o_form_button_save:visible",
    run: "click",
};

/** Read a message of refusal and close it. */
export function closeRefusal(words) {
    return [
        {
            content: `It is refused: ${words}`,
            trigger: `.modal .modal-body:contains(${words})`,
        },
        {
            content: "Close the message",
            trigger: `.modal:has(.modal-body:contains(${words})) .modal-footer button:first`,
            run: "click",
        },
    ];
}

/** Choose an entry of the menu Select of a row of the list. */
export function select(row, entry) {
    return [
        {
            content: `Open the menu Select of ${row}`,
            trigger: `.o_data_row:contains(${row}) .o_repeating_select`,
            run: "click",
        },
        {
            content: `Choose ${entry}`,
            trigger: `.o-dropdown-item:contains(/^${entry}$/)`,
            run: "click",
        },
    ];
}

/** Press a button of the window that is open. */
export function press(button) {
    return {
        content: `Press ${button}`,
        trigger: `.modal .modal-footer button:contains(/^${button}$/)`,
        run: "click",
    };
}
