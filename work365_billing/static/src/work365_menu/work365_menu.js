import { Component, onWillStart } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { user } from "@web/core/user";

/**
 * The visible "Work 365" drop-down. Its hosts, a form header and a list, say what stands in it.
 */
export class Work365Menu extends Component {
    static template = "work365_billing.Work365Menu";
    static components = { Dropdown, DropdownItem };
    static props = {
        items: {
            type: Array,
            element: {
                type: Object,
                shape: {
                    name: String,
                    label: String,
                    icon: String,
                    group: { type: String, optional: true },
                    separator: { type: Boolean, optional: true },
                },
            },
        },
        onSelected: Function,
    };

    setup() {
        this.groups = {};
        onWillStart(async () => {
            for (const { group } of this.props.items) {
                if (group) {
                    this.groups[group] = await user.hasGroup(group);
                }
            }
        });
    }

    get items() {
        return this.props.items.filter(({ group }) => !group || this.groups[group]);
    }
}
