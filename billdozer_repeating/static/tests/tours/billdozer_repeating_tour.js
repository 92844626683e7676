import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";
import { choose, closeRefusal, enter, press, save, select } from "./billdozer_tour_steps";

const tours = registry.category("web_tour.tours");
const url = "/odoo/action-billdozer_repeating.repeating_invoice_action";

/** The day so many days from today, as it is typed. */
function dayFromNow(days) {
    return luxon.DateTime.now().plus({ days }).toFormat("MM/dd/yyyy");
}

/** Choose entries of the filters; the menu stays open in between. */
function filter(...names) {
    return [
        {
            content: "Open the filters",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        ...names.map((name) => ({
            content: `Choose ${name}`,
            trigger: `.o_filter_menu .o_menu_item:contains(/^${name}$/)`,
            run: "click",
        })),
        {
            content: "Close them",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
    ];
}

/** The list is read anew with each filter, which would close a menu: the last of them hides an active one. */
const filtered = {
    content: "The list is filtered",
    trigger: ".o_list_view:has(.o_data_row):not(:has(.o_data_row:contains(Stays Active)))",
};

const closed = {
    content: "The window is gone",
    trigger: "body:not(:has(.modal)) .o_list_view",
};

tours.add("billdozer_repeating_create", {
    url,
    steps: () => [
        {
            content: "A new one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choose("partner_id", "Blue Yonder"),
        {
            content: "Open the intervals",
            trigger: ".o_field_widget[name=interval] input",
            run: "click",
        },
        {
            content: "Choose Other",
            trigger: ".o_select_menu_item:contains(/^Other$/)",
            run: "click",
        },
        {
            content: "Add a line",
            trigger: ".o_field_widget[name=line_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: "Look for the item",
            trigger: ".o_selected_row .o_field_widget[name=product_id] input",
            run: "edit Business Premium",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item a:contains(/Business Premium$/)",
            run: "click",
        },
        {
            content: "Its price",
            trigger: ".o_selected_row .o_field_widget[name=price_unit] input",
            run: "edit 250",
        },
        {
            content: "Leave the line",
            trigger: ".o_field_widget[name=name] textarea",
            run: "click",
        },
        save,
        ...closeRefusal("choose at least one month"),
        {
            content: "Open the intervals",
            trigger: ".o_field_widget[name=interval] input",
            run: "click",
        },
        {
            content: "Choose Annually",
            trigger: ".o_select_menu_item:contains(/^Annually$/)",
            run: "click",
        },
        {
            content: "It is told what follows at once",
            trigger: ".o_field_widget[name=past_message]:contains(when you save: 1, $ 250.00 in total)",
        },
        ...stepUtils.saveForm(),
        {
            content: "The first invoice is made",
            trigger: ".oe_stat_button:contains(Invoices):contains(1)",
        },
        {
            content: "Save and close",
            trigger: ".o_repeating_save_and_close",
            run: "click",
        },
        {
            content: "It is in the list of the active ones",
            trigger:
                ".o_list_view:has(.o_searchview_facet:contains(Show active only)) .o_data_row:contains(Blue Yonder):contains(Annually)",
        },
    ],
});

tours.add("billdozer_repeating_calculate", {
    url,
    steps: () => [
        ...select("Blue Yonder", "Calculate Future Invoices"),
        {
            content: "Calculate",
            trigger: ".modal button[name=action_calculate]",
            run: "click",
        },
        {
            content: "The invoices are listed with their total",
            trigger: ".modal:has(.o_data_row:contains(100.00)) .o_field_widget[name=total]:contains(300.00)",
        },
        press("Close"),
        closed,
    ],
});

tours.add("billdozer_repeating_cancel", {
    url,
    steps: () => [
        ...select("Blue Yonder", "Cancel Repeating Invoice"),
        {
            content: "What stays is said; the drafts made ahead are ticked",
            trigger:
                ".modal:contains(The contract and the client stay active) .o_data_row:contains(Draft):has([name=credit] input:checked):count(2)",
        },
        {
            content: "Select the row of the posted one",
            trigger: ".modal .o_data_row:contains(Posted) [name=amount_total]",
            run: "click",
        },
        {
            content: "Credit it",
            trigger: ".modal .o_selected_row:contains(Posted) [name=credit] input:not(:checked)",
            run: "click",
        },
        {
            content: "The total follows",
            trigger: ".modal .o_field_widget[name=amount_total]:contains(300.00)",
        },
        press("Cancel Repeat Invoice"),
        {
            content: "It is no longer among the active ones",
            trigger: "body:not(:has(.modal)) .o_list_view:not(:has(.o_data_row:contains(Blue Yonder)))",
        },
        ...filter("Show active only", "Show inactive only"),
        {
            content: "It is among the inactive ones",
            trigger: ".o_data_row.text-muted:contains(Blue Yonder)",
        },
    ],
});

tours.add("billdozer_repeating_change_run_date", {
    url,
    steps: () => [
        ...select("Blue Yonder", "Change Run Date"),
        {
            content: "Enter the new date",
            trigger: ".modal .o_field_widget[name=new_date] input",
            run: `edit ${dayFromNow(60)} && press Enter`,
        },
        {
            content: "Both series are shown",
            trigger: ".modal .o_field_widget[name=series] th:contains(New runs)",
        },
        press("Change Run Date"),
        ...closeRefusal("Tick Confirm New Run Date"),
        {
            content: "Confirm",
            trigger: ".modal .o_field_widget[name=confirm] input",
            run: "click",
        },
        press("Change Run Date"),
        closed,
    ],
});

tours.add("billdozer_repeating_reactivate", {
    url,
    steps: () => [
        ...filter("Show active only", "Show inactive only"),
        filtered,
        ...select("Blue Yonder", "Re-Activate Repeating Invoice"),
        {
            content: "It is said when the first run is",
            trigger: ".modal .o_field_widget[name=effect]:contains(The first run is on)",
        },
        press("Activate Repeat Invoice"),
        {
            content: "It is no longer among the inactive ones",
            trigger: "body:not(:has(.modal)) .o_list_view:not(:has(.o_data_row:contains(Blue Yonder)))",
        },
    ],
});

tours.add("billdozer_repeating_approve", {
    url,
    steps: () => [
        ...filter("Show active only", "Show awaiting approval"),
        filtered,
        ...select("Wide World", "Refuse"),
        enter("reason", "The price was not agreed"),
        press("Refuse"),
        {
            content: "It waits no longer",
            trigger: "body:not(:has(.modal)) .o_list_view:not(:has(.o_data_row:contains(Wide World)))",
        },
        ...select("Blue Yonder", "Approve"),
        {
            content: "Nothing waits any more",
            trigger: ".o_list_view:not(:has(.o_data_row .o_repeating_select)):not(:has(.o_data_row:contains(Blue Yonder)))",
        },
    ],
});

tours.add("billdozer_repeating_exclude_after", {
    url,
    steps: () => [
        {
            content: "Both are there",
            trigger: ".o_list_view:has(.o_data_row:contains(Wide World)) .o_data_row:contains(Blue Yonder)",
        },
        {
            content: "Tick the exclusion",
            trigger: ".o_repeating_bar_exclude:contains(/^Exclude any starting after:$/) input",
            run: "click",
        },
        {
            content: "Enter the date",
            trigger: ".o_repeating_bar_date input",
            run: `edit ${dayFromNow(50)} && press Enter`,
        },
        {
            content: "Go",
            trigger: ".o_repeating_bar_go:contains(/^Go$/)",
            run: "click",
        },
        {
            content: "Only the earlier one stays, and it is an active one still",
            trigger:
                ".o_list_view:has(.o_searchview_facet:contains(Show active only)):not(:has(.o_data_row:contains(Wide World))) .o_data_row:contains(Blue Yonder)",
        },
        ...select("Blue Yonder", "View Repeating Invoice"),
        {
            content: "Go back",
            trigger: ".o_repeating_save_and_close",
            run: "click",
        },
        {
            content: "The exclusion is still there",
            trigger:
                ".o_list_view:has(.o_repeating_bar_exclude input:checked):not(:has(.o_data_row:contains(Wide World))) .o_data_row:contains(Blue Yonder)",
        },
        {
            content: "Those that are collected on the 15th",
            trigger: ".o_repeating_bar_collect_on",
            run: "selectByLabel 15",
        },
        {
            content: "There is none of them",
            trigger: ".o_list_view:has(.o_searchview_facet:contains(Collect On: 15)):not(:has(.o_data_row:contains(Blue Yonder)))",
        },
        {
            content: "Load the page again",
            trigger: ".o_repeating_bar",
            run: () => window.location.reload(),
            expectUnloadPage: true,
        },
        {
            content: "Both are still there, with what is shown usually",
            trigger:
                ".o_list_view:has(.o_searchview_facet:contains(Show active only)):has(.o_repeating_bar_exclude input:checked):has(.o_searchview_facet:contains(Collect On: 15)):not(:has(.o_data_row:contains(Blue Yonder)))",
        },
        {
            content: "Remove the exclusion in the search",
            trigger: ".o_searchview_facet:contains(Exclude any starting after) .o_facet_remove",
            run: "click",
        },
        {
            content: "The bar follows, and the later one is there",
            trigger:
                ".o_list_view:has(.o_repeating_bar_exclude input:not(:checked)):not(:has(.o_data_row:contains(Blue Yonder))) .o_data_row:contains(Wide World)",
        },
    ],
});

tours.add("billdozer_repeating_remake", {
    url,
    steps: () => [
        ...select("Blue Yonder", "View Repeating Invoice"),
        {
            content: "Edit the line",
            trigger: ".o_field_widget[name=line_ids] .o_data_row .o_data_cell[name=price_unit]",
            run: "click",
        },
        {
            content: "Another price",
            trigger: ".o_selected_row .o_field_widget[name=price_unit] input",
            run: "edit 110",
        },
        ...stepUtils.saveForm(),
        {
            content: "The draft made ahead is told",
            trigger: ".o_field_widget[name=outdated_message]:contains(was made before your last change)",
        },
        {
            content: "Remake it",
            trigger: "button[name=action_remake_drafts]",
            run: "click",
        },
        {
            content: "What was entered by hand is lost: confirm",
            trigger: ".modal:contains(entered on them by hand is lost) .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Nothing is told any more",
            trigger: ".o_form_view:not(:has(button[name=action_remake_drafts]))",
        },
    ],
});

tours.add("billdozer_repeating_viewer", {
    url,
    steps: () => [
        {
            content: "Open the menu Select",
            trigger: ".o_data_row:contains(Blue Yonder) .o_repeating_select",
            run: "click",
        },
        {
            content: "A viewer views, calculates and downloads",
            trigger: ".o-dropdown--menu:has(.o-dropdown-item:count(4)):contains(Calculate Future Invoices)",
        },
        {
            content: "View it",
            trigger: ".o-dropdown-item:contains(/^View Repeating Invoice$/)",
            run: "click",
        },
        {
            content: "The form offers nothing to save",
            trigger: ".o_form_view:has(.o_repeating_select):not(:has(.o_repeating_save_and_close))",
        },
    ],
});
