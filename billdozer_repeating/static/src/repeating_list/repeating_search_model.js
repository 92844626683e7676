import { router } from "@web/core/browser/router";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { pick } from "@web/core/utils/objects";
import { SearchModel } from "@web/search/search_model";

/** The filters of the bar, by the name that each has in the address of the page. */
const BAR_FILTERS = {
    starting_after: {
        field: "run_date",
        operator: "<=",
        describe: (day) => _t("Exclude any starting after: %s", formatDate(deserializeDate(day))),
        isValid: (day) => deserializeDate(day).isValid,
    },
    collect_on: {
        field: "collect_on",
        operator: "=",
        describe: (value, selection) => _t("Collect On: %s", new Map(selection).get(value)),
        isValid: (value, selection) => new Map(selection).has(value),
    },
};

// What the page was opened with: a page that is loaded again keeps it, the menu begins anew.
let opened = pick(router.current, ...Object.keys(BAR_FILTERS));

/**
 * The search of the list of repeating invoices: what is chosen in the bar above the list is a filter like every other.
 * It stands in the search box, is combined with the rest, can be removed there and saved as a favourite, and is still
 * there when one comes back or loads the page again.
 */
export class RepeatingSearchModel extends SearchModel {
    async load(config) {
        await super.load(config);
        const wanted = opened;
        opened = {};
        if (!config.state) {
            this.blockNotification = true; // nothing is read yet
            for (const [name, value] of Object.entries(wanted)) {
                this.setBarFilter(name, String(value));
            }
            this.blockNotification = false;
        }
    }

    /** Return the value of the filter `name` of the bar, "" without one. */
    getBarValue(name) {
        return this.findBarFilter(name)?.barValue || "";
    }

    /** Let the search hold the filter `name` of the bar with `value` and no other of that name; "": none. */
    setBarFilter(name, value) {
        const { field, operator, describe, isValid } = BAR_FILTERS[name];
        const { selection } = this.searchViewFields[field];
        const before = this.findBarFilter(name);
        if (value === this.getBarValue(name) || (value && !isValid(value, selection))) {
            return;
        }
        if (before) {
            const isBlocked = this.blockNotification;
            this.blockNotification ||= Boolean(value); // the list is read once
            this.deactivateGroup(before.groupId);
            this.blockNotification = isBlocked;
        }
        if (value) {
            const domain = JSON.stringify([[field, operator, value]]);
            const description = describe(value, selection);
            this.createNewFilters([{ barName: name, barValue: value, description, domain, invisible: "True" }]);
        }
    }

    findBarFilter(name) {
        return this.query
            .map(({ searchItemId }) => this.searchItems[searchItemId])
            .find((item) => item.barName === name);
    }
}
