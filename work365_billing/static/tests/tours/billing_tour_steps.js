import { stepUtils } from "@web_tour/tour_utils";

const { DateTime } = luxon;

/** What the tours of this addon have in common. */

/** The day that many days from now, as a date field takes it. */
export function inDays(days) {
    return DateTime.now().plus({ days }).toFormat("MM/dd/yyyy");
}

/** Open a date field, empty or not, and enter the day that many days from now. */
export function enterDate(field, days) {
    return [
        {
            content: `Open the date ${field}`,
            trigger: `${field} button, ${field} input`,
            run: "click",
        },
        {
            content: `Enter ${field}`,
            trigger: `${field} input`,
            run: `edit ${inDays(days)} && press Tab`,
        },
    ];
}

export function openMenu(section, entry) {
    return [
        ...stepUtils.goToAppSteps("work365_billing.billing_menu_root", "Open the app Work 365"),
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
    ];
}

export function openContract(name) {
    return [
        ...openMenu("Billing and Invoicing", "Billing Contracts"),
        {
            content: `Open the contract ${name}`,
            trigger: `.o_data_row .o_data_cell[name=name]:contains("${name}")`,
            run: "click",
        },
    ];
}

export function openGenerateInvoice(place = ".o_form_statusbar") {
    return [
        {
            content: "Open the drop-down Work 365",
            trigger: `${place} .o_work365_menu:contains(Work 365)`,
            run: "click",
        },
        {
            content: "Choose Generate Invoice",
            trigger: ".o-dropdown-item:contains(Generate Invoice)",
            run: "click",
        },
        {
            content: "The window is open, on its tab Regular",
            trigger: ".modal .o_billing_generate button[role=tab].active:contains(Regular)",
        },
    ];
}

/** Select contracts in their list and open the window for all of them. */
export function openBulkGenerate(...names) {
    return [
        ...openMenu("Billing and Invoicing", "Billing Contracts"),
        ...names.map((name) => ({
            content: `Select ${name}`,
            trigger: `.o_data_row:has(.o_data_cell[name=name]:contains(/^${name}$/)) .o_list_record_selector input`,
            run: "click",
        })),
        {
            content: "Open the drop-down Work 365",
            trigger: ".o_control_panel .o_work365_menu:contains(Work 365)",
            run: "click",
        },
        {
            content: "Choose Generate Invoice",
            trigger: ".o-dropdown-item:contains(Generate Invoice)",
            run: "click",
        },
        {
            content: "The window is open, on its tab Regular, with a row per contract",
            trigger: `.modal .o_billing_bulk:has(.o_data_row:count(${names.length})) button[role=tab].active:contains(Regular)`,
        },
    ];
}

/** The selector of a contract's row in the window, or of a cell of it. */
export function bulkRow(name, cell = "") {
    return `.modal .o_data_row:has(.o_data_cell[name=contract_id]:contains(/^${name}$/)) ${cell}`;
}

/** Choose the oldest billing cycle of the contract, whatever was preselected. */
export function chooseFirstCycle() {
    return [
        {
            content: "Open the list of billing cycles",
            trigger: ".modal .o_field_widget[name=schedule_id] input",
            run: "click",
        },
        {
            content: "Choose the first one",
            trigger: ".o-autocomplete--dropdown-item:first a:not(:contains(Loading))",
            run: "click",
        },
    ];
}

export function proceed() {
    return [
        {
            content: "Proceed",
            trigger: ".modal button:enabled:contains(/^Proceed$/)",
            run: "click",
        },
    ];
}

export function followTheLink() {
    return [
        {
            content: "The same window links to the invoice, and says that nothing else has run",
            trigger: ".modal .o_billing_generate .alert-success:contains(No automation has run)",
        },
        {
            content: "Open the invoice by its link",
            trigger: ".modal .o_billing_generate .o_field_widget[name=invoice_id] a:contains(Draft Invoice)",
            run: "click",
        },
        {
            content: "The invoice shows its contract and its cycle",
            trigger: ".o_form_view:has(.o_field_widget[name=billing_schedule_id]) .o_field_widget[name=billing_contract_id]",
        },
    ];
}
