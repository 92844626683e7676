import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";
import { makeSnapshot } from "./billing_snapshot_make";
import { Component, onWillStart, useState } from "@odoo/owl";

/** When a report of one moment was made, and the button that makes it anew; filters and groups stay. */
export class BillingSnapshotRefresh extends Component {
    static template = "work365_billing.BillingSnapshotRefresh";
    static props = { resModel: String };

    setup() {
        this.orm = useService("orm");
        this.ui = useService("ui");
        this.state = useState({ madeAt: "" });
        onWillStart(() => this.readMadeAt());
    }

    async readMadeAt() {
        const madeAt = await this.orm.call(this.props.resModel, "get_made_at", []);
        this.state.madeAt = madeAt ? formatDateTime(deserializeDateTime(madeAt)) : "";
    }

    async onClick() {
        await makeSnapshot({ orm: this.orm, ui: this.ui }, this.props.resModel);
        await this.readMadeAt();
        this.env.searchModel.search();
    }
}

/** Return one of Odoo's controllers with that button, which has its place in `template`. */
export function withRefresh(Controller, template) {
    return class extends Controller {
        static template = template;
        static components = { ...Controller.components, BillingSnapshotRefresh };
    };
}
