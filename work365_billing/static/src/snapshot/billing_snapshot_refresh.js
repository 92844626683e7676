import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";
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
        this.ui.block();
        try {
            await this.orm.call(this.props.resModel, "make", []);
        } finally {
            this.ui.unblock();
        }
        await this.readMadeAt();
        this.env.searchModel.search();
    }
}
