import { registry } from "@web/core/registry";
import { press, select } from "./billdozer_tour_steps";

const tours = registry.category("web_tour.tours");
const url = "/odoo/action-billdozer_repeating.repeating_invoice_action";

tours.add("billdozer_repeating_withdraw", {
    url,
    steps: () => [
        ...select("Blue Yonder", "View Repeating Invoice"),
        {
            content: "It is said what follows",
            trigger: ".o_form_view .alert:contains(It is cancelled: the last access to the service is on):contains(without an end again)",
        },
        {
            content: "Withdraw it",
            trigger: ".o_form_view .alert button[name=withdraw_cancellation]",
            run: "click",
        },
        press("Withdraw Cancellation"),
        {
            content: "It goes on",
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(.alert:contains(It is cancelled)))",
        },
    ],
});
