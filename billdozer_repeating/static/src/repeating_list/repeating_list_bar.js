import { Component, onMounted, useState } from "@odoo/owl";
import { router } from "@web/core/browser/router";
import { CheckBox } from "@web/core/checkbox/checkbox";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { deserializeDate, serializeDate } from "@web/core/l10n/dates";
import { useBus } from "@web/core/utils/hooks";

/**
 * The bar above the list of repeating invoices: "Exclude any starting after:" with a date and "Go", and the choice of
 * the collection day. The search model holds what is chosen, the address of the page repeats it.
 */
export class RepeatingListBar extends Component {
    static template = "billdozer_repeating.RepeatingListBar";
    static components = { CheckBox, DateTimeInput };
    static props = { collectOn: { type: Array } };

    setup() {
        this.state = useState(this.readSearch());
        onMounted(() => this.keepInAddress());
        useBus(this.env.searchModel, "update", () => {
            Object.assign(this.state, this.readSearch());
            this.keepInAddress();
        });
    }

    /** Return what the search holds: the filters can be removed there, too. */
    readSearch() {
        const { searchModel } = this.env;
        const after = searchModel.getBarValue("starting_after");
        return {
            exclude: Boolean(after),
            date: after ? deserializeDate(after) : this.state?.date || luxon.DateTime.now().startOf("day"),
            collectOn: searchModel.getBarValue("collect_on"),
        };
    }

    keepInAddress() {
        const { exclude, date, collectOn } = this.state;
        router.pushState({
            starting_after: exclude ? serializeDate(date) : undefined,
            collect_on: collectOn || undefined,
        });
    }

    onExcludeChanged(exclude) {
        this.state.exclude = exclude;
    }

    onDateChanged(date) {
        this.state.date = date;
    }

    onGo() {
        const { exclude, date } = this.state;
        this.env.searchModel.setBarFilter("starting_after", exclude && date ? serializeDate(date) : "");
    }

    onCollectOnChanged(value) {
        this.env.searchModel.setBarFilter("collect_on", value);
    }
}
