import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

const CONTRACTS_PER_PART = 250;

/** Make a report of one moment, part by part: no request takes long, and the user sees how far it is. */
export async function makeSnapshot({ orm, ui }, resModel) {
    const ids = await blocked(ui, _t("Making the report…"), () => orm.call(resModel, "begin", []));
    for (let done = 0; done < ids.length; done += CONTRACTS_PER_PART) {
        const part = ids.slice(done, done + CONTRACTS_PER_PART);
        const message = _t("Planning: %(done)s of %(all)s contracts", { done, all: ids.length });
        await blocked(ui, message, () => orm.call(resModel, "add", [part]));
    }
}

async function blocked(ui, message, work) {
    ui.block({ message });
    try {
        return await work();
    } finally {
        ui.unblock();
    }
}

/** The client action behind the menus: make the report, then show it. A reload of the page makes it anew. */
async function openSnapshot(env, action) {
    await makeSnapshot(env.services, action.res_model);
    const next = await env.services.action.loadAction(action.params.action);
    return { ...next, path: action.path };
}

registry.category("actions").add("billing_snapshot", openSnapshot);
