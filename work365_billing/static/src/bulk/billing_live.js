import { Component, onMounted, onWillUnmount, xml } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const MESSAGE = "billing.run/progress";
const PAUSE = 3000; // milliseconds between two looks where no message gets through

/**
 * Keeps the form of a running bulk operation up to date: the server tells of each step over the bus, and where the
 * websocket cannot be reached this looks by itself. It is shown while the run goes on and goes with its end.
 */
export class BillingLive extends Component {
    static template = xml`<span class="o_billing_live"/>`;
    static props = { ...standardWidgetProps };

    setup() {
        this.bus = useService("bus_service");
        const onProgress = ({ id }) => id === this.props.record.resId && this.reload();
        onMounted(() => {
            this.bus.subscribe(MESSAGE, onProgress);
            this.timer = browser.setInterval(() => this.reload(), PAUSE);
        });
        onWillUnmount(() => {
            this.bus.unsubscribe(MESSAGE, onProgress);
            browser.clearInterval(this.timer);
        });
    }

    /** Read the run again, one reading at a time; what comes meanwhile is read in the next. */
    async reload() {
        if (this.isReading) {
            this.isOutdated = true;
            return;
        }
        this.isReading = true;
        try {
            do {
                this.isOutdated = false;
                await this.read();
            } while (this.isOutdated);
        } finally {
            this.isReading = false;
        }
    }

    async read() {
        const { record } = this.props;
        if (await record.isDirty()) {
            return;
        }
        const { offset, limit, orderBy } = record.data.job_ids;
        await record.load();
        if (offset || orderBy.length) {
            await record.data.job_ids.load({ offset, limit, orderBy }); // the page that somebody reads stays
        }
    }
}

registry.category("view_widgets").add("billing_live", { component: BillingLive });
