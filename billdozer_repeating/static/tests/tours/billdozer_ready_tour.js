import { registry } from "@web/core/registry";
import { choose, enter, openMenu, save } from "./billdozer_tour_steps";

const tours = registry.category("web_tour.tours");

tours.add("billdozer_payment_method", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Clients", "Payment Methods"),
        {
            content: "Make one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choose("partner_id", "Tour Client"),
        ...choose("bank_id", "Capitec Bank"),
        {
            content: "The branch code is there, and the client is the holder",
            trigger: ".o_form_view:has(.o_field_widget[name=holder] input:value(Tour Client)) .o_field_widget[name=branch_code] input:value(470010)",
        },
        enter("account_number", "4111 1111 1111 1111"),
        {
            content: "Open the types of account",
            trigger: ".o_field_widget[name=account_type] input",
            run: "click",
        },
        {
            content: "Choose Savings",
            trigger: ".o_select_menu_item:contains(/^Savings$/)",
            run: "click",
        },
        save,
        {
            content: "The number of a card is refused, and it is said what to do",
            trigger: ".modal .modal-body:contains(This looks like the number of a card)",
        },
        {
            content: "Go back",
            trigger: ".modal .modal-footer button:contains(Close)",
            run: "click",
        },
        enter("account_number", "1400 123 456"),
        save,
        {
            content: "It has a name that shows the end of the number only",
            trigger: ".o_form_saved .o_field_widget[name=display_name]:contains(Capitec Bank •••• 3456)",
        },
        {
            content: "What could be validated is said",
            trigger: ".o_field_widget[name=validation]:contains(/^Validated: format$/)",
        },
    ],
});

tours.add("billdozer_mandate", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Clients", "Mandates"),
        {
            content: "Make one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choose("contract_id", "Tour Contract"),
        {
            content: "The bank account of the contract is chosen, with its number masked",
            trigger: ".o_field_widget[name=payment_method_id] input:value(First National Bank •••• 4567)",
        },
        enter("amount_max", "500"),
        {
            content: "Activate it at once",
            trigger: ".o_form_statusbar button:contains(/^Activate$/)",
            run: "click",
        },
        {
            content: "It is refused: nobody has signed it",
            trigger: ".modal .modal-body:contains(the day on which the client has signed it)",
        },
        {
            content: "Go back",
            trigger: ".modal .modal-footer button:contains(Close)",
            run: "click",
        },
        enter("date_signed", luxon.DateTime.now().toFormat("MM/dd/yyyy")),
        {
            content: "Activate it",
            trigger: ".o_form_statusbar button:contains(/^Activate$/)",
            run: "click",
        },
        {
            content: "It is active, and its terms are fixed",
            trigger:
                ".o_form_view:has(.o_statusbar_status .o_arrow_button_current:contains(Active)):has(.o_field_widget[name=amount_max].o_readonly_modifier) .o_form_statusbar button:contains(Suspend)",
        },
        {
            content: "Suspend it",
            trigger: ".o_form_statusbar button:contains(/^Suspend$/)",
            run: "click",
        },
        {
            content: "It can be activated again",
            trigger: ".o_form_statusbar button:contains(/^Activate$/)",
        },
        {
            content: "Cancel it",
            trigger: ".o_form_statusbar button:contains(/^Cancel Mandate$/)",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal .modal-footer button.btn-primary:contains(Cancel Mandate)",
            run: "click",
        },
        {
            content: "It is cancelled, and there is no way back",
            trigger:
                ".o_form_view:has(.o_statusbar_status .o_arrow_button_current:contains(Cancelled)):not(:has(.o_form_statusbar button:contains(/^Activate$/)))",
        },
    ],
});

tours.add("billdozer_ready_for_collection", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Collections", "Ready for Collection"),
        {
            content: "The invoices stand by collection date",
            trigger: ".o_group_header:contains((2))",
        },
        {
            content: "One is stopped, with what to do",
            trigger: ".o_data_row:contains(Above the maximum of the mandate):contains(600.00)",
        },
        {
            content: "Select the other",
            trigger: ".o_data_row:contains(100.00):not(:contains(600.00)) .o_list_record_selector input",
            run: "click",
        },
        {
            content: "A clerk exports nothing",
            trigger: ".o_control_panel:has(.o_selection_box):not(:has(button:contains(Export Bank Debits)))",
        },
    ],
});

tours.add("billdozer_export_debits", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Collections", "Ready for Collection"),
        {
            content: "Select all",
            trigger: "thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Export",
            trigger: ".o_control_panel button:contains(Export Bank Debits)",
            run: "click",
        },
        {
            content: "One is in the file",
            trigger: ".modal .o_field_widget[name=debit_ids] .o_data_row:count(1):contains(100.00)",
        },
        {
            content: "One is left out, and it is said why",
            trigger: ".modal .o_field_widget[name=left_out_ids] .o_data_row:count(1):contains(Above the maximum)",
        },
        {
            content: "Make the file",
            trigger: ".modal .modal-footer button:contains(/^Export$/)",
            run: "click",
        },
        {
            content: "It can be downloaded",
            trigger: ".modal .alert-success .o_field_widget[name=file]:contains(bank-debits-)",
        },
        {
            content: "Close",
            trigger: ".modal .modal-footer button:contains(/^Close$/)",
            run: "click",
        },
        {
            content: "The window is gone",
            trigger: "body:not(:has(.modal)) .o_list_view",
        },
    ],
});
