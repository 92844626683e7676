import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Work365Menu } from "./work365_menu";

/**
 * The drop-down in the header of a contract: each entry is a button of the form, so that the record is saved first,
 * errors are shown and the form is read again afterwards.
 */
export class Work365MenuWidget extends Component {
    static template = "work365_billing.Work365MenuWidget";
    static components = { Work365Menu };
    static props = { ...standardWidgetProps };

    get items() {
        return [
            {
                name: "action_generate_invoice",
                label: _t("Generate Invoice"),
                icon: "fa-bolt",
                group: "work365_billing.billing_group_user",
            },
            {
                name: "action_open_day_move",
                label: _t("Change Billing Day"),
                icon: "fa-calendar-check-o",
                group: "work365_billing.billing_group_user",
            },
            { name: "action_view_schedules", label: _t("Billing Schedules"), icon: "fa-calendar", separator: true },
            { name: "action_view_change_logs", label: _t("Change Logs"), icon: "fa-history" },
            { name: "action_view_invoices", label: _t("Invoices"), icon: "fa-pencil-square-o" },
        ];
    }

    onSelected({ name }) {
        const { record } = this.props;
        return this.env.onClickViewButton({
            clickParams: { name, type: "object" },
            getResParams: () => ({
                resModel: record.resModel,
                resId: record.resId,
                resIds: record.resIds,
                context: record.context,
                evalContext: record.evalContext,
            }),
        });
    }
}

registry.category("view_widgets").add("work365_menu", { component: Work365MenuWidget });
