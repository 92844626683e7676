import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { dateField, DateTimeField } from "@web/views/fields/datetime/datetime_field";
import { formatDate } from "@web/views/fields/formatters";

/** A collection date whose tooltip tells the agreed day, and why it is collected on another one. */
export class CollectionDateField extends DateTimeField {
    static template = "billdozer_repeating.CollectionDateField";

    get isMoved() {
        const { collection_date, collection_date_unmoved } = this.props.record.data;
        return Boolean(
            collection_date &&
                collection_date_unmoved &&
                !collection_date.hasSame(collection_date_unmoved, "day")
        );
    }

    get tooltip() {
        const { collection_date_unmoved, collection_reason } = this.props.record.data;
        if (!this.isMoved) {
            return collection_reason || null;
        }
        const agreed = _t("Agreed day: %s", formatDate(collection_date_unmoved));
        return collection_reason ? `${agreed} – ${collection_reason}` : agreed;
    }
}

registry.category("fields").add("collection_date", {
    ...dateField,
    component: CollectionDateField,
    displayName: _t("Collection Date"),
    fieldDependencies: [
        { name: "collection_date_unmoved", type: "date" },
        { name: "collection_reason", type: "char" },
    ],
});
