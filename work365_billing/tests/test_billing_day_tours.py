from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestBillingDayTours(ToursCommon):
    """A billing clerk moves the billing day in the browser."""

    def make_tour_contract(self, **vals):
        return self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(self.day.replace(day=1)),
            today=self.day, billing_offset=0, **vals)

    def test_move_the_billing_day(self):
        contract = self.make_tour_contract()
        self.run_job(self.day)
        self.start("day")
        following = self.day.replace(day=1) + relativedelta(months=1)
        self.assertRecordValues(contract.day_change_ids, [{
            "transition_start": following, "cycle_start": following.replace(day=15), "create_uid": self.clerk.id}])
        self.assertRecordValues(contract.schedule_ids.sorted("cycle_start")[:3], [
            {"cycle_start": self.day.replace(day=1), "state": "invoiced", "is_transition": False},
            {"cycle_start": following, "state": "pending", "is_transition": True},
            {"cycle_start": following.replace(day=15), "state": "pending", "is_transition": False}])

    def test_an_item_based_contract_is_refused_with_the_way_out(self):
        contract = self.make_tour_contract(contract_type="item_based")
        self.start("day_refused")
        self.assertFalse(contract.day_change_ids)
