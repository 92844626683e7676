import { Component, useState } from "@odoo/owl";
import { CheckBox } from "@web/core/checkbox/checkbox";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { deserializeDate, formatDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useBus } from "@web/core/utils/hooks";

/**
 * The bar above the list of repeating invoices: "Exclude any starting after:" with a date and "Go", and the choice of
 * the collection day.
 *
 * What is chosen is a filter of the search like every other: it stands in the search box, is combined with the rest,
 * can be removed there, saved as a favourite, and is still there when one comes back or loads the page again.
 */
export class RepeatingListBar extends Component {
    static template = "billdozer_repeating.RepeatingListBar";
    static components = { CheckBox, DateTimeInput };
    static props = { collectOn: { type: Array } };

    setup() {
        this.state = useState(this.readSearch());
        useBus(this.env.searchModel, "update", () => Object.assign(this.state, this.readSearch()));
    }

    /** Return what the search holds: the filters can be removed there, too. */
    readSearch() {
        const after = this.getFilter("startingAfter")?.barValue;
        return {
            exclude: Boolean(after),
            date: after ? deserializeDate(after) : this.state?.date || luxon.DateTime.now().startOf("day"),
            collectOn: this.getFilter("collectOn")?.barValue || "",
        };
    }

    getFilter(barName) {
        const { query, searchItems } = this.env.searchModel;
        return query.map(({ searchItemId }) => searchItems[searchItemId]).find((item) => item.barName === barName);
    }

    onExcludeChanged(exclude) {
        this.state.exclude = exclude;
    }

    onDateChanged(date) {
        this.state.date = date;
    }

    onGo() {
        const { exclude, date } = this.state;
        const day = exclude && date ? serializeDate(date) : "";
        const description = _t("Exclude any starting after: %s", date ? formatDate(date) : "");
        this.setFilter("startingAfter", day, "run_date", "<=", description);
    }

    onCollectOnChanged(value) {
        const [, label] = this.props.collectOn.find(([key]) => key === value) || [];
        this.setFilter("collectOn", value, "collect_on", "=", _t("Collect On: %s", label || ""));
    }

    /** Let the search hold the filter ``barName`` with ``barValue`` and no other of that name; empty: none. */
    setFilter(barName, barValue, field, operator, description) {
        const { searchModel } = this.env;
        const before = this.getFilter(barName);
        if ((before?.barValue || "") === barValue) {
            return;
        }
        if (before) {
            searchModel.blockNotification = Boolean(barValue); // the list is read once
            searchModel.deactivateGroup(before.groupId);
            searchModel.blockNotification = false;
        }
        if (barValue) {
            const domain = JSON.stringify([[field, operator, barValue]]);
            searchModel.createNewFilters([{ barName, barValue, description, domain, invisible: "True" }]);
        }
    }
}
