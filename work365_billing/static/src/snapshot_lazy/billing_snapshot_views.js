import { registry } from "@web/core/registry";
import { GraphController } from "@web/views/graph/graph_controller";
import { graphView } from "@web/views/graph/graph_view";
import { PivotController } from "@web/views/pivot/pivot_controller";
import { pivotView } from "@web/views/pivot/pivot_view";
import { withRefresh } from "@work365_billing/snapshot/billing_snapshot_refresh";

// Odoo loads graphs and pivots with its lazy bundle only.
registry.category("views").add("billing_snapshot_graph", {
    ...graphView,
    Controller: withRefresh(GraphController, "work365_billing.BillingSnapshotGraph"),
});
registry.category("views").add("billing_snapshot_pivot", {
    ...pivotView,
    Controller: withRefresh(PivotController, "work365_billing.BillingSnapshotPivot"),
});
