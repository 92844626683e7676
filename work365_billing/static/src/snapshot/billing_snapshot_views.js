import { registry } from "@web/core/registry";
import { GraphController } from "@web/views/graph/graph_controller";
import { graphView } from "@web/views/graph/graph_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { PivotController } from "@web/views/pivot/pivot_controller";
import { pivotView } from "@web/views/pivot/pivot_view";
import { BillingSnapshotRefresh } from "./billing_snapshot_refresh";

/** Odoo's own views of a report of one moment, with the button that makes it anew. */
function withRefresh(Controller, template) {
    return class extends Controller {
        static template = template;
        static components = { ...Controller.components, BillingSnapshotRefresh };
    };
}

const views = registry.category("views");

views.add("billing_snapshot_graph", {
    ...graphView,
    Controller: withRefresh(GraphController, "work365_billing.BillingSnapshotGraph"),
});
views.add("billing_snapshot_pivot", {
    ...pivotView,
    Controller: withRefresh(PivotController, "work365_billing.BillingSnapshotPivot"),
});
views.add("billing_snapshot_list", {
    ...listView,
    Controller: withRefresh(ListController, "work365_billing.BillingSnapshotList"),
});
