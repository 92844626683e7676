import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatDate, formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * The lines of the window "Generate Invoice": what is billed, by group, or what is not, with the reason.
 *
 * The rows are the planner's answer and may not be saved yet, so this reads them instead of being a list with buttons.
 */
export class BillingPreviewField extends Component {
    static template = "work365_billing.BillingPreviewField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get list() {
        return this.props.record.data[this.props.name];
    }

    get rows() {
        return this.list.records.map((record) => record.data);
    }

    get isEligible() {
        return this.rows.every((row) => row.eligible);
    }

    /** The rows by group, in the order in which the server sent them, with the sum of each group. */
    get groups() {
        const labels = Object.fromEntries(this.list.fields.group.selection);
        const groups = new Map();
        for (const row of this.rows) {
            if (!groups.has(row.group)) {
                groups.set(row.group, { key: row.group, label: labels[row.group], rows: [], amount: 0 });
            }
            const group = groups.get(row.group);
            group.rows.push(row);
            group.amount += row.amount;
        }
        return [...groups.values()];
    }

    get hasDiscount() {
        return this.rows.some((row) => row.discount);
    }

    quantity(row) {
        return formatFloat(row.quantity, { field: this.list.fields.quantity, trailingZeros: false });
    }

    price(row) {
        return formatFloat(row.price_unit, { field: this.list.fields.price_unit });
    }

    discount(row) {
        return row.discount ? `${formatFloat(row.discount, { trailingZeros: false })} %` : "";
    }

    amount(value) {
        return formatMonetary(value, { currencyId: this.props.record.data.currency_id?.id });
    }

    period(row) {
        return row.period_start ? `${formatDate(row.period_start)} – ${formatDate(row.period_end)}` : "";
    }

    source(row) {
        return row.record_id ? { resModel: row.record_model, resId: row.record_id } : null;
    }

    open(row) {
        const { resModel, resId } = this.source(row);
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: resModel,
            res_id: resId,
            views: [[false, "form"]],
            target: "current",
        });
    }
}

registry.category("fields").add("billing_preview", {
    component: BillingPreviewField,
    displayName: _t("Invoice Preview"),
    supportedTypes: ["one2many"],
    useSubView: true,
});
