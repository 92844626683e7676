import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { RepeatingListBar } from "./repeating_list_bar";
import { RepeatingSearchModel } from "./repeating_search_model";

/** The list of repeating invoices with its bar. */
export class RepeatingInvoiceListController extends ListController {
    static template = "billdozer_repeating.RepeatingListView";
    static components = { ...ListController.components, RepeatingListBar };
}

registry.category("views").add("repeating_invoice_list", {
    ...listView,
    Controller: RepeatingInvoiceListController,
    SearchModel: RepeatingSearchModel,
});
