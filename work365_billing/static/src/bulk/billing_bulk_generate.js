import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

/**
 * The window "Generate Invoice" for many contracts. What is chosen for all rows is saved at once: the server then plans
 * thousands of rows together, where an onchange would carry every row to the browser and back.
 */
export class BillingBulkGenerateController extends FormController {
    get modelParams() {
        const params = super.modelParams;
        params.hooks.onRecordChanged = this.onRecordChanged.bind(this);
        return params;
    }

    onRecordChanged(record, changes) {
        if (record.resModel === this.props.resModel && Object.keys(changes).some((name) => name !== "row_ids")) {
            this.plan(record); // not awaited: the record is still busy with the change
        }
    }

    async plan(record) {
        this.ui.block({ delay: 500 });
        try {
            await record.save();
        } finally {
            this.ui.unblock();
        }
    }
}

registry.category("views").add("billing_bulk_generate", {
    ...formView,
    Controller: BillingBulkGenerateController,
});
