import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** "Save and Close" of a repeating invoice: back to where one came from; what is refused keeps the form open. */
export class RepeatingSaveAndClose extends Component {
    static template = "billdozer_repeating.RepeatingSaveAndClose";
    static props = { ...standardWidgetProps };

    async onClick() {
        if (await this.props.record.save()) {
            this.env.config.historyBack();
        }
    }
}

registry.category("view_widgets").add("repeating_save_and_close", { component: RepeatingSaveAndClose });
