import { onWillStart, useEffect, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { executeButtonCallback } from "@web/views/view_button/view_button_hook";
import { BillingPlanning } from "./billing_planning";

const WINDOW = "billing.bulk.generate";

/** The rows of the window "Generate Invoice" as a page: what they bill in all stands on top, with Proceed. */
export class BillingBulkRowsController extends ListController {
    static template = "work365_billing.BillingBulkRowsView";
    static components = { ...ListController.components, BillingPlanning };

    setup() {
        super.setup();
        this.bulk = useState({
            summary: "",
            row_count: 0,
            bill_count: 0,
            future_count: 0,
            planning_count: 0,
            include_future: false,
        });
        this.keepLast = new KeepLast();
        onWillStart(() => this.readTotals());
        useEffect(
            () => {
                this.readTotals();
            },
            () => [this.model.root.count]
        );
    }

    get modelParams() {
        const params = super.modelParams;
        params.hooks.onSavedMulti = () => this.readTotals();
        return params;
    }

    async onRecordSaved(record) {
        await super.onRecordSaved(record);
        await this.readTotals();
    }

    /** The window that the rows belong to; none when the page was opened without it. */
    get bulkId() {
        return this.props.context.default_bulk_id;
    }

    async readTotals() {
        if (this.bulkId) {
            const [totals] = await this.keepLast.add(this.orm.read(WINDOW, [this.bulkId], Object.keys(this.bulk)));
            Object.assign(this.bulk, totals);
        }
    }

    async reload() {
        await this.model.load();
        await this.readTotals();
    }

    onFutureClicked() {
        return executeButtonCallback(this.rootRef.el, async () => {
            await this.model.root.leaveEditMode();
            await this.orm.write(WINDOW, [this.bulkId], { include_future: !this.bulk.include_future });
            await this.reload();
        });
    }

    onProceedClicked() {
        return executeButtonCallback(this.rootRef.el, async () => {
            await this.model.root.leaveEditMode();
            await this.actionService.doActionButton({
                type: "object",
                name: "action_proceed",
                resModel: WINDOW,
                resId: this.bulkId,
            });
        });
    }
}

registry.category("views").add("billing_bulk_rows", {
    ...listView,
    Controller: BillingBulkRowsController,
});
