import { registry } from "@web/core/registry";
import { enterDate, inDays, openContract, openMenu } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

function openTab(label) {
    return [
        ...openContract("Tour Contract"),
        {
            content: "Open the window of the subscription's row",
            trigger: ".o_field_widget[name=subscription_ids] .o_data_row button[name=action_change]",
            run: "click",
        },
        {
            content: `Choose ${label}`,
            trigger: `.modal button[role=tab]:contains(/^${label}$/)`,
            run: "click",
        },
        {
            content: `${label} is chosen`,
            trigger: `.modal button[role=tab].active:contains(/^${label}$/)`,
        },
    ];
}

tours.add("work365_billing_deactivate", {
    url: "/odoo",
    steps: () => [
        ...openTab("Deactivate"),
        {
            content: "The refund policy in force is named, and the default is not to refund",
            trigger:
                ".modal:has(.alert-info:contains(Process Refunds: Yes)) .o_field_widget[name=refund] .o_radio_item:contains(Do Not Refund) input:checked",
        },
        {
            content: "Only the next cycle is not billed",
            trigger: ".modal .o_field_widget[name=difference]:contains(-120.00)",
        },
        {
            content: "Apply the refund",
            trigger: ".modal .o_field_widget[name=refund] .o_radio_item:contains(Apply Refund) input",
            run: "click",
        },
        {
            content: "The cycle that is invoiced is given back as well",
            trigger: ".modal .o_billing_change_preview tr:contains(Credit Note):contains(120.00)",
        },
        {
            content: "In all",
            trigger: ".modal .o_field_widget[name=difference]:contains(-240.00)",
        },
        {
            content: "Confirm",
            trigger: ".modal button:enabled:contains(/^Confirm$/)",
            run: "click",
        },
        {
            content: "The window is closed: look at the change logs",
            trigger: ".o_form_view:not(:has(.modal)) .o_notebook .nav-link:contains(Change Logs)",
            run: "click",
        },
        {
            content: "The change log is there and waits to be billed",
            trigger: ".o_field_widget[name=change_log_ids] .o_data_row:contains(Deactivate):contains(-10):contains(Active)",
        },
    ],
});

tours.add("work365_billing_reduction_refused", {
    url: "/odoo",
    steps: () => [
        ...openTab("Deactivate"),
        {
            content: "It is said why it is not possible, and there is nothing to confirm",
            trigger:
                ".modal:not(:has(button:contains(/^Confirm$/))):not(:has(.o_billing_change_preview)) .alert-danger:contains(may not be reduced)",
        },
        {
            content: "Leave the window",
            trigger: ".modal button:contains(/^Cancel$/)",
            run: "click",
        },
        {
            content: "The contract is as it was",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=subscription_ids] .o_data_row:contains(10)",
        },
    ],
});

tours.add("work365_billing_scheduled_change", {
    url: "/odoo",
    steps: () => [
        ...openMenu("Subscriptions", "Subscriptions"),
        {
            content: "Open the subscription",
            trigger: ".o_data_row:has(.o_data_cell[name=contract_id]:contains(Tour Contract)) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "Change its quantity",
            trigger: ".o_form_statusbar button:contains(Change Quantity)",
            run: "click",
        },
        {
            content: "On a date of its own",
            trigger: ".modal .o_field_widget[name=effective] .o_radio_item:contains(Custom Date) input",
            run: "click",
        },
        ...enterDate(".modal .o_field_widget[name=effective_date]", 40),
        {
            content: "Enter the quantity",
            trigger: ".modal .o_field_widget[name=new_quantity] input",
            run: "edit 12 && press Tab",
        },
        {
            content: "The preview shows that more is billed",
            trigger: ".modal .o_field_widget[name=summary]:contains(more is billed)",
        },
        {
            content: "Confirm",
            trigger: ".modal button:enabled:contains(/^Confirm$/)",
            run: "click",
        },
        {
            content: "The change waits: withdraw it",
            trigger:
                "body:not(:has(.modal)) .o_field_widget[name=change_log_ids] .o_data_row:contains(Update):contains(Scheduled) button[name=action_withdraw]",
            run: "click",
        },
        {
            content: "The window shows what it was worth",
            trigger: ".modal:contains(as if it had never been entered) .o_field_widget[name=summary]:contains(less is billed)",
        },
        {
            content: "Withdraw",
            trigger: ".modal button:enabled:contains(/^Withdraw$/)",
            run: "click",
        },
        {
            content: "It is gone",
            trigger:
                "body:not(:has(.modal)) .o_field_widget[name=change_log_ids]:not(:has(.o_data_row:contains(Scheduled))) .o_data_row:contains(Create)",
        },
    ],
});

tours.add("work365_billing_suspend", {
    url: "/odoo",
    steps: () => [
        ...openContract("Tour Contract"),
        {
            content: "Suspend",
            trigger: ".o_form_statusbar button:contains(/^Suspend$/)",
            run: "click",
        },
        {
            content: "Enter the day of the resume",
            trigger: ".modal .o_field_widget[name=resume_on] input",
            run: `edit ${inDays(40)} && press Tab`,
        },
        {
            content: "Enter the reason",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit Closed for the season && press Tab",
        },
        {
            content: "The preview shows what is not billed",
            trigger: ".modal .o_billing_change_preview tr:contains(→)",
        },
        {
            content: "Suspend it",
            trigger: ".modal button:enabled:contains(/^Suspend$/)",
            run: "click",
        },
        {
            content: "The form says so: resume it at once",
            trigger:
                ".o_form_view:has(.alert-warning:contains(Closed for the season)) .o_form_statusbar button:contains(/^Resume$/)",
            run: "click",
        },
        {
            content: "Resume",
            trigger: ".modal button:enabled:contains(/^Resume$/)",
            run: "click",
        },
        {
            content: "It is active again",
            trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Active)",
        },
    ],
});
