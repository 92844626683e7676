import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** Plans the rows of the window "Generate Invoice" part by part, and shows how far it is. */
export class BillingPlanning extends Component {
    static template = "work365_billing.BillingPlanning";
    static props = { bulkId: Number, total: Number, left: Number, onPlanned: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ left: this.props.left });
        this.isOpen = true;
        onMounted(() => this.plan());
        onWillUnmount(() => (this.isOpen = false));
    }

    get done() {
        return this.props.total - this.state.left;
    }

    get percent() {
        return Math.round((100 * this.done) / this.props.total);
    }

    async plan() {
        while (this.isOpen && this.state.left) {
            this.state.left = await this.orm.silent.call("billing.bulk.generate", "plan_next", [[this.props.bulkId]]);
        }
        if (this.isOpen) {
            this.props.onPlanned();
        }
    }
}

export class BillingPlanningWidget extends Component {
    static template = "work365_billing.BillingPlanningWidget";
    static components = { BillingPlanning };
    static props = { ...standardWidgetProps };

    onPlanned() {
        return this.props.record.load();
    }
}

registry.category("view_widgets").add("billing_planning", {
    component: BillingPlanningWidget,
    fieldDependencies: [
        { name: "row_count", type: "integer", readonly: true },
        { name: "planning_count", type: "integer", readonly: true },
    ],
});
