import { registry } from "@web/core/registry";
import { openContract } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");
const { DateTime } = luxon;
const inDays = (days) => DateTime.now().plus({ days }).toFormat("MM/dd/yyyy");

function openClose() {
    return [
        ...openContract("Tour Contract"),
        {
            content: "Close",
            trigger: ".o_form_statusbar button:contains(/^Close$/)",
            run: "click",
        },
        {
            content: "The refund policy in force is named, and the default is not to refund",
            trigger:
                ".modal:has(.alert-info:contains(Process Refunds: Yes)) .o_field_widget[name=refund] .o_radio_item:contains(Do Not Refund) input:checked",
        },
    ];
}

/** A date is a button until it is used. */
function openDate() {
    return {
        content: "Open the date",
        trigger: ".modal .o_field_widget[name=stop_date] :is(button, input)",
        run: "click",
    };
}

function closeContract() {
    return [
        {
            content: "Close the contract",
            trigger: ".modal button:enabled:contains(/^Close Contract$/)",
            run: "click",
        },
    ];
}

tours.add("work365_billing_close", {
    url: "/odoo",
    steps: () => [
        ...openClose(),
        {
            content: "What is billed ahead is not credited",
            trigger: ".modal .o_billing_closing_preview:contains(is invoiced already and is not credited)",
        },
        {
            content: "Apply the refund",
            trigger: ".modal .o_field_widget[name=refund] .o_radio_item:contains(Apply Refund) input",
            run: "click",
        },
        {
            content: "The credit note is shown with its amount before anything is written",
            trigger: ".modal .o_billing_closing_preview tr:contains(Credit Note):contains(/11[56]\\./)",
        },
        {
            content: "And in total",
            trigger: ".modal .o_field_widget[name=difference]:contains(/-11[56]\\./)",
        },
        ...closeContract(),
        {
            content: "The same window tells what was done, and that nothing else has run: open the credit note",
            trigger:
                ".modal:has(.alert-success:contains(The contract is closed):contains(No automation has run)) .o_field_widget[name=invoice_ids] .o_data_row:contains(/-11[56]\\./) button:contains(Open)",
            run: "click",
        },
        {
            content: "The credit note shows its contract",
            trigger: ".o_form_view .o_field_widget[name=billing_contract_id]:contains(Tour Contract)",
        },
    ],
});

tours.add("work365_billing_close_refused", {
    url: "/odoo",
    steps: () => [
        ...openClose(),
        openDate(),
        {
            content: "Enter a day before the start",
            trigger: ".modal .o_field_widget[name=stop_date] input",
            run: `edit ${inDays(-400)} && press Tab`,
        },
        {
            content: "It is said why it is not possible, and there is nothing to confirm",
            trigger:
                ".modal:not(:has(button:contains(/^Close Contract$/))):not(:has(.o_billing_closing_preview)) .alert-danger:contains(choose that day or a later one)",
        },
        {
            content: "Apply the refund today",
            trigger: ".modal .o_field_widget[name=refund] .o_radio_item:contains(Apply Refund) input",
            run: "click",
        },
        openDate(),
        {
            content: "Enter today",
            trigger: ".modal .o_field_widget[name=stop_date] input",
            run: `edit ${inDays(0)} && press Tab`,
        },
        {
            content: "The product may not be reduced, so nothing of it is credited",
            trigger: ".modal:not(:has(button:contains(/^Close Contract$/))) .alert-danger:contains(may not be reduced)",
        },
        {
            content: "Leave the window",
            trigger: ".modal button:contains(/^Cancel$/)",
            run: "click",
        },
        {
            content: "The contract is as it was",
            trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Active)",
        },
    ],
});

tours.add("work365_billing_close_later", {
    url: "/odoo",
    steps: () => [
        ...openClose(),
        openDate(),
        {
            content: "Enter a day to come",
            trigger: ".modal .o_field_widget[name=stop_date] input",
            run: `edit ${inDays(60)} && press Tab`,
        },
        {
            content: "The cycles until then are billed by the job",
            trigger:
                ".modal .o_billing_closing_preview:has(tr:contains(By the Job)):contains(The contract stays active until)",
        },
        ...closeContract(),
        {
            content: "The window tells when it ends",
            trigger: ".modal .alert-success:contains(The contract ends on)",
        },
        {
            content: "Done",
            trigger: ".modal button:contains(/^Done$/)",
            run: "click",
        },
        {
            content: "It is active until then",
            trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Active)",
        },
    ],
});
