import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { withRefresh } from "./billing_snapshot_refresh";

registry.category("views").add("billing_snapshot_list", {
    ...listView,
    Controller: withRefresh(ListController, "work365_billing.BillingSnapshotList"),
});
