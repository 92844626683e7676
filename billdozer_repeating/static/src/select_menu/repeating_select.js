import { Component, onWillStart } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * The "Select" menu of a repeating invoice. Each entry is a button of the view, so that the record is saved first, errors
 * are shown and the view is read again afterwards.
 */
export class RepeatingSelect extends Component {
    static template = "billdozer_repeating.RepeatingSelect";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps };

    setup() {
        onWillStart(async () => {
            this.mayWrite = await user.hasGroup("work365_billing.billing_group_user");
            this.mayApprove = this.mayWrite && (await user.hasGroup("billdozer_repeating.billdozer_group_approver"));
        });
    }

    get items() {
        const { state } = this.props.record.data;
        const { mayApprove, mayWrite } = this;
        const entries = [
            { name: "action_view", label: _t("View Repeating Invoice"), icon: "fa-eye", shown: this.inList },
            {
                name: "action_approve",
                label: _t("Approve"),
                icon: "fa-check",
                shown: mayApprove && state === "awaiting",
            },
            { name: "action_refuse", label: _t("Refuse"), icon: "fa-times", shown: mayApprove && state === "awaiting" },
            {
                name: "action_cancel",
                label: _t("Cancel Repeating Invoice"),
                icon: "fa-ban",
                shown: mayWrite && state !== "inactive",
            },
            {
                name: "action_change_run_date",
                label: _t("Change Run Date"),
                icon: "fa-calendar",
                shown: mayWrite && state === "active",
            },
            {
                name: "action_reactivate",
                label: _t("Re-Activate Repeating Invoice"),
                icon: "fa-undo",
                shown: mayWrite && state === "inactive",
            },
            { name: "action_view_history", label: _t("History Transactions"), icon: "fa-history", shown: true },
            { name: "action_calculate", label: _t("Calculate Future Invoices"), icon: "fa-calculator", shown: true },
            { name: "action_download_mandate", label: _t("Download Mandate PDF"), icon: "fa-download", shown: true },
        ];
        return entries.filter(({ shown }) => shown);
    }

    get inList() {
        return this.env.config.viewType === "list";
    }

    onSelected({ name }) {
        const { record } = this.props;
        return this.env.onClickViewButton({
            clickParams: { name, type: "object" },
            getResParams: () => ({
                resModel: record.resModel,
                resId: record.resId,
                resIds: [record.resId],
                context: record.context,
                evalContext: record.evalContext,
            }),
        });
    }
}

registry.category("view_widgets").add("repeating_select", { component: RepeatingSelect });

/** The same as the first column of the list: a column needs a field to have a heading. */
export class RepeatingSelectField extends Component {
    static template = "billdozer_repeating.RepeatingSelectField";
    static components = { RepeatingSelect };
    static props = { ...standardFieldProps };
}

registry.category("fields").add("repeating_select", {
    component: RepeatingSelectField,
    displayName: _t("Select menu"),
    supportedTypes: ["integer"],
});
