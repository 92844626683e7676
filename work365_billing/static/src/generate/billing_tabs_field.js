import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * A selection shown as tabs: what stands below depends on the chosen one.
 *
 * The option `available_field` names a field with the values, separated by commas, that may be chosen.
 */
export class BillingTabsField extends Component {
    static template = "work365_billing.BillingTabsField";
    static props = { ...standardFieldProps, availableField: { type: String, optional: true } };

    get options() {
        const { record, name, availableField } = this.props;
        const available = availableField && (record.data[availableField] || "").split(",");
        return record.fields[name].selection.filter(([value]) => !available || available.includes(value));
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    onSelected(value) {
        if (!this.props.readonly && value !== this.value) {
            this.props.record.update({ [this.props.name]: value });
        }
    }
}

registry.category("fields").add("billing_tabs", {
    component: BillingTabsField,
    displayName: _t("Tabs"),
    supportedTypes: ["selection"],
    extractProps: ({ options }) => ({ availableField: options.available_field }),
});
