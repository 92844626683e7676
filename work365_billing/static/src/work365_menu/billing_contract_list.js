import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { Work365Menu } from "./work365_menu";

/** The list of contracts with the "Work 365" drop-down, whether contracts are selected or not. */
export class BillingContractListController extends ListController {
    static template = "work365_billing.BillingContractListView";
    static components = { ...ListController.components, Work365Menu };

    get work365Items() {
        return [
            {
                name: "action_generate_invoice",
                label: _t("Generate Invoice"),
                icon: "fa-bolt",
                group: "work365_billing.billing_group_user",
            },
        ];
    }

    async onWork365Selected({ name }) {
        const { root } = this.model;
        if (!this.hasSelectedRecords) {
            return this.actionService.doAction("work365_billing.billing_generate_action");
        }
        const resIds = await root.getResIds(true);
        return this.env.onClickViewButton({
            clickParams: { name, type: "object" },
            getResParams: () => ({
                resModel: root.resModel,
                resIds,
                context: root.context,
                evalContext: root.evalContext,
            }),
        });
    }
}

registry.category("views").add("billing_contract_list", {
    ...listView,
    Controller: BillingContractListController,
});
