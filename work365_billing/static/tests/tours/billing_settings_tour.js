import { registry } from "@web/core/registry";

const lanes = ".app_settings_block:not(.d-none) .o_field_widget[name=billing_lanes] input";

function openWork365() {
    return [
        {
            content: "Open the settings of Work 365",
            trigger: ".settings_tab .tab[data-key=work365_billing]",
            run: "click",
        },
    ];
}

function enterLanes(number, reload = {}) {
    return [
        {
            content: `Enter ${number} lanes`,
            trigger: lanes,
            run: `edit ${number}`,
        },
        {
            content: "Save",
            trigger: ".o_control_panel button:contains(Save)",
            run: "click",
            ...reload,
        },
    ];
}

registry.category("web_tour.tours").add("work365_billing_settings", {
    url: "/odoo/settings",
    steps: () => [
        ...openWork365(),
        {
            content: "Who asks for more lanes reads what they need",
            trigger: "#billing_lanes:contains(Parallel Lanes):contains(a cron worker of its own):contains(from 1 to 16)",
        },
        ...enterLanes(0),
        {
            content: "No lane at all is refused, with what to enter",
            trigger: ".modal:contains(“0” is no number of parallel lanes: enter a whole number from 1) .btn-close",
            run: "click",
        },
        ...enterLanes(3, { expectUnloadPage: true }),
        ...openWork365(),
        {
            content: "It is saved, and shown to whoever comes next",
            trigger: `${lanes}:value(3)`,
        },
    ],
});
