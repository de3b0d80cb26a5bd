"""Workflows and activities of the stages after the hold: restoration, release, grievances, orders and duties."""

from collections.abc import Callable
from typing import Any

from activities.banks.delivery import BankDelivery
from activities.context import Context
from activities.documents.issuing import OrderDocuments, appeal_address
from activities.grievances.deadlines import GrievanceActivities
from activities.holds.lifecycle import HoldActivities
from activities.orders.cancellations import CancellationActivities
from activities.orders.orders import OrderActivities
from activities.police.statutory_duties import StatutoryDutyActivities
from activities.restoration.deadlines import RestorationActivities
from adapters.banks.email import LinkMaker
from adapters.messages.smtp import Mailer
from workflows.bank_order import OrderWorkflow
from workflows.grievance import GrievanceWorkflow
from workflows.hold import HoldWorkflow
from workflows.restoration import RestorationWorkflow
from workflows.statutory_duties import DutiesWorkflow

WORKFLOWS = (RestorationWorkflow, HoldWorkflow, GrievanceWorkflow, OrderWorkflow, DutiesWorkflow)


class RecoveryActivities:
    """Activities of these stages, by queue.

    `bank_delivery` is shared with hold requests, so that the limit of concurrent calls to a bank counts both.
    """

    def __init__(
        self,
        ctx: Context,
        bank_delivery: BankDelivery,
        mailer: Mailer | None,
        links: LinkMaker | None = None,
        *,
        public_url: str | None = None,
    ) -> None:
        """`public_url` is the address below which account holders find the page for their grievance."""
        self._orders = OrderActivities(ctx, bank_delivery, mailer, OrderDocuments(ctx).of, links)
        self._cancellations = CancellationActivities(ctx, bank_delivery, mailer, links)
        self._restorations = RestorationActivities(ctx)
        self._holds = HoldActivities(ctx, appeal_address(public_url))
        self._grievances = GrievanceActivities(ctx)
        self._duties = StatutoryDutyActivities(ctx)

    def restoration_queue(self) -> list[Callable[..., Any]]:
        """Return the activities of the restoration queue: they use only our own database or mail."""
        return [
            self._restorations.read_restoration_state,
            self._restorations.write_application,
            self._restorations.divide_accounts,
            self._restorations.remind_of_step,
            self._restorations.escalate_step,
            self._restorations.move_restoration,
            self._holds.read_hold_state,
            self._holds.attend_to_hold,
            self._grievances.read_grievance_state,
            self._grievances.move_grievance,
            self._orders.read_order_state,
            self._orders.escalate_order,
            self._cancellations.escalate_cancellation,
            self._duties.read_duties_state,
            self._duties.care_for_duty,
        ]

    def bank_calls_queue(self) -> list[Callable[..., Any]]:
        """Return the activities that call banks, on the queue of all bank calls."""
        return [self._orders.send_order, self._cancellations.send_cancellation]
