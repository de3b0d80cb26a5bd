"""Workflows and activities of the stages after the hold: restoration, release, grievances and orders."""

from collections.abc import Callable
from typing import Any

from activities.banks.delivery import BankDelivery
from activities.context import Context
from activities.recovery.cancellations import CancellationActivities
from activities.recovery.document_issuing import OrderDocuments
from activities.recovery.grievance_access import GrievanceActivities
from activities.recovery.orders import OrderActivities
from activities.recovery.restoration_deadlines import RestorationActivities
from adapters.banks.email import LinkMaker
from adapters.messages.smtp import Mailer
from workflows.bank_order import OrderWorkflow
from workflows.grievance import GrievanceWorkflow
from workflows.restoration import RestorationWorkflow

WORKFLOWS = (RestorationWorkflow, GrievanceWorkflow, OrderWorkflow)


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
    ) -> None:
        self._orders = OrderActivities(ctx, bank_delivery, mailer, OrderDocuments(ctx).of, links)
        self._cancellations = CancellationActivities(ctx, bank_delivery, mailer, links)
        self._restorations = RestorationActivities(ctx)
        self._grievances = GrievanceActivities(ctx)

    def restoration_queue(self) -> list[Callable[..., Any]]:
        """Return the activities of the restoration queue: they use only our own database or mail."""
        return [
            self._restorations.read_restoration_state,
            self._restorations.write_application,
            self._restorations.divide_accounts,
            self._restorations.remind_of_step,
            self._restorations.escalate_step,
            self._restorations.move_restoration,
            self._grievances.read_grievance_state,
            self._grievances.move_grievance,
            self._orders.read_order_state,
            self._orders.escalate_order,
            self._cancellations.escalate_cancellation,
        ]

    def bank_calls_queue(self) -> list[Callable[..., Any]]:
        """Return the activities that call banks, on the queue of all bank calls."""
        return [self._orders.send_order, self._cancellations.send_cancellation]
