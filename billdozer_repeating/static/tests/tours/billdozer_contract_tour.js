import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const day = (text) => luxon.DateTime.fromISO(text).toFormat("MM/dd/yyyy");
const YEAR_END = day(luxon.DateTime.now().plus({ months: 6 }).toISODate());

function enterUntil(text) {
    return [
        {
            content: "Open the date",
            trigger: ".modal .o_field_widget[name=date_until] :is(button, input)",
            run: "click",
        },
        {
            content: `Calculate until ${text || "nothing"}`,
            trigger: ".modal .o_field_widget[name=date_until] input",
            run: text ? `edit ${text} && press Tab` : "clear && press Tab",
        },
    ];
}

tours.add("billdozer_contract_value", {
    steps: () => [
        {
            content: "The contract has a repeating invoice",
            trigger: ".oe_stat_button[name=action_view_repeating_invoices]:contains(1)",
        },
        {
            content: "Its subscription is marked as a line of it, and cannot be changed here",
            trigger: ".o_field_widget[name=subscription_ids] .o_data_row:not(:has(button[name=action_change])) .o_data_cell[name=repeating_invoice_id]:contains(Tour Repeating)",
        },
        {
            content: "Calculate its value",
            trigger: ".o_form_statusbar button:contains(/^Calculate Contract Value$/)",
            run: "click",
        },
        {
            content: "Twelve runs of 100 are its value; one is posted and eleven come",
            trigger: ".modal:has(.o_field_widget[name=amount_value]:contains(1,200.00)):has(.o_field_widget[name=amount_settlement]:contains(1,200.00)) .o_field_widget[name=amount_future]:contains(1,100.00)",
        },
        {
            content: "The lines that count are named",
            trigger: ".modal .o_billdozer_value tr:contains(Hosting):contains(1,100.00)",
        },
        ...enterUntil(""),
        {
            content: "Without a day it is said what to do, and nothing can be printed",
            trigger: ".modal:not(:has(button[name=action_print]:visible)) .alert-danger:contains(Enter the day until which)",
        },
        ...enterUntil(YEAR_END),
        {
            content: "Half a year is worth less",
            trigger: ".modal .o_field_widget[name=amount_value]:contains(/[67]00\\.00/)",
        },
        {
            content: "Close the window",
            trigger: ".modal .modal-footer button:contains(/^Close$/)",
            run: "click",
        },
        {
            content: "Open the repeating invoice from its button",
            trigger: "body:not(:has(.modal)) .oe_stat_button[name=action_view_repeating_invoices]",
            run: "click",
        },
        {
            content: "It is listed",
            trigger: ".o_list_view .o_data_row:contains(Blue Yonder)",
        },
    ],
});

tours.add("billdozer_contract_cancel", {
    steps: () => [
        {
            content: "Cancel the contract",
            trigger: ".o_form_statusbar button:contains(/^Cancel Contract$/)",
            run: "click",
        },
        {
            content: "The window says that the repeating invoice becomes inactive",
            trigger: ".modal .o_billing_closing_preview li:contains(becomes inactive: Tour Repeating)",
        },
        {
            content: "A day before the contract has started",
            trigger: ".modal .o_field_widget[name=stop_date] :is(button, input)",
            run: "click",
        },
        {
            content: "Enter it",
            trigger: ".modal .o_field_widget[name=stop_date] input",
            run: "edit 01/01/2020 && press Tab",
        },
        {
            content: "It is refused before anything is done",
            trigger: ".modal:not(:has(button[name=action_confirm]:visible)) .alert-danger:contains(choose that day or a later one)",
        },
        {
            content: "Today",
            trigger: ".modal .o_field_widget[name=stop_date] :is(button, input)",
            run: "click",
        },
        {
            content: "Enter today",
            trigger: ".modal .o_field_widget[name=stop_date] input",
            run: `edit ${day(luxon.DateTime.now().toISODate())} && press Tab`,
        },
        {
            content: "Confirm",
            trigger: ".modal:has(button:contains(/^Keep Contract$/)) button[name=action_confirm]:enabled:contains(/^Cancel Contract$/)",
            run: "click",
        },
        {
            content: "It is done",
            trigger: ".modal .alert-success:contains(The contract is closed as of)",
        },
        {
            content: "Close the window",
            trigger: ".modal .modal-footer button:contains(/^Done$/)",
            run: "click",
        },
        {
            content: "Somebody is asked to switch the service off",
            trigger: "body:not(:has(.modal)) .o-mail-Activity:contains(Switch the service off for Blue Yonder)",
        },
    ],
});
