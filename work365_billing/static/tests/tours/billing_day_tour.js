import { registry } from "@web/core/registry";
import { openContract } from "./billing_tour_steps";

const tours = registry.category("web_tour.tours");

function openDayMove(name) {
    return [
        ...openContract(name),
        {
            content: "Open the drop-down Work 365",
            trigger: ".o_form_statusbar .o_work365_menu:contains(Work 365)",
            run: "click",
        },
        {
            content: "Choose Change Billing Day",
            trigger: ".o-dropdown-item:contains(Change Billing Day)",
            run: "click",
        },
    ];
}

function chooseDay(label) {
    return [
        {
            content: "Open the list of days",
            trigger: ".modal .o_field_widget[name=day] input",
            run: "click",
        },
        {
            content: `Choose ${label}`,
            trigger: `.o_select_menu_item:contains(/^${label}$/)`,
            run: "click",
        },
    ];
}

tours.add("work365_billing_day", {
    url: "/odoo",
    steps: () => [
        ...openDayMove("Tour Contract"),
        {
            content: "The window tells what is settled, and has nothing to confirm yet",
            trigger: ".modal:has(.alert-info:contains(Day 1 · settled up to)):not(:has(footer .btn-primary))",
        },
        ...chooseDay("Day 15"),
        {
            content: "Both rhythms stand side by side",
            trigger:
                ".modal .o_billing_day_preview:has(th:contains(Now: Day 1)):has(th:contains(Then: Day 15)) tr:contains(Transition):contains(14 days)",
        },
        {
            content: "In one sentence",
            trigger: ".modal .o_field_widget[name=summary]:contains(Transition period):contains(14 days)",
        },
        {
            content: "Confirm",
            trigger: ".modal footer button:enabled:contains(/^Change Billing Day$/)",
            run: "click",
        },
        {
            content: "The contract shows its new day",
            trigger: "body:not(:has(.modal)) .o_form_view .o_field_widget[name=billing_day]:contains(Day 15)",
        },
        {
            content: "Open the schedules",
            trigger: ".o_notebook a:contains(Billing Schedules)",
            run: "click",
        },
        {
            content: "The transition period is marked",
            trigger: ".o_field_widget[name=schedule_ids] .o_data_row:contains(Transition):contains(Pending)",
        },
        {
            content: "The move is told",
            trigger: ".o_field_widget[name=day_change_ids] .o_data_row:contains(Day 15)",
        },
        {
            content: "Open the window again, from the field",
            trigger: "div[name=billing_day] button:contains(Change)",
            run: "click",
        },
        ...chooseDay("Day 15"),
        {
            content: "The same day is refused before anything is confirmed",
            trigger:
                ".modal:not(:has(footer .btn-primary)) .alert-danger:contains(start on this day already)",
        },
        ...chooseDay("Day 1"),
        {
            content: "Moving back takes the move back",
            trigger: ".modal .o_field_widget[name=summary]:contains(without a transition period)",
        },
        {
            content: "Leave it",
            trigger: ".modal footer button:contains(Cancel)",
            run: "click",
        },
        {
            content: "It stays",
            trigger: "body:not(:has(.modal)) .o_form_view .o_field_widget[name=billing_day]:contains(Day 15)",
        },
    ],
});

tours.add("work365_billing_day_refused", {
    url: "/odoo",
    steps: () => [
        ...openDayMove("Tour Contract"),
        {
            content: "The window says why not and what to do, and nothing can be confirmed",
            trigger:
                ".modal:not(:has(footer .btn-primary)) .alert-danger:contains(each subscription has billing cycles of its own):contains(add it again with the new start)",
        },
        {
            content: "Cancel",
            trigger: ".modal footer button:contains(Cancel)",
            run: "click",
        },
        {
            content: "The window is closed",
            trigger: "body:not(:has(.modal)) .o_form_view",
        },
    ],
});
