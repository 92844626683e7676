import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** A selection shown as tabs: what stands below depends on the chosen one. */
export class BillingTabsField extends Component {
    static template = "work365_billing.BillingTabsField";
    static props = { ...standardFieldProps };

    get options() {
        return this.props.record.fields[this.props.name].selection;
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
});
