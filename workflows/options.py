"""Every timeout, retry and queue name of the workflows."""

from datetime import timedelta

from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ApplicationError

from schemas.outbox.case import CasePolicy

CASE_WORK_QUEUE = "case-work"
"""workflows, and the hands that touch only our own database or mail"""
BANK_CALLS_QUEUE = "bank-calls"
"""calls to banks, ordered by priority and fair between banks: a queue of its own, so that nothing waits behind them"""

WAY_HOME_QUEUE = "way-home"
"""restoration, release and what the law asks for: nothing of it may keep a hold request waiting"""

MAX_HOPS_PER_REQUEST = 500
"""the most incidents one ticket of the bank wire carries"""

SWEEP_INTERVAL = timedelta(seconds=5)
SWEEP_SCHEDULE_ID = "sweep-outbox"
SWEEP_WORKFLOW_ID = "sweep-outbox"

RECORD_TIMEOUT = timedelta(seconds=15)
"""one transaction of ours"""
RECORD_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
"""our own database comes back: try until it does"""
RECORD_FOR = timedelta(days=30)

SWEEP_TIMEOUT = timedelta(minutes=2)
SWEEP_HEARTBEAT = timedelta(seconds=10)
"""a sweep that died with its worker must not keep the next from beginning"""
SWEEP_RETRY = RetryPolicy(maximum_attempts=1)
"""the schedule runs it again in a moment"""

RECONCILIATION_INTERVAL = timedelta(minutes=1)
"""how soon a bank whose time has come is asked; the rhythm itself is the policy file's"""
RECONCILIATION_SCHEDULE_ID = "reconciliation"
RECONCILIATION_WORKFLOW_ID = "reconciliation"
ROUND_TIMEOUT = timedelta(minutes=5)
LIST_ASK_ATTEMPT = timedelta(seconds=45)
"""several channels may be tried in one attempt"""
LIST_ASK_FOR = timedelta(minutes=3)
LIST_ASK_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), backoff_coefficient=3, maximum_attempts=4)
LAST_PRIORITY = 5
"""of five"""

AROUND_BANK_CALL = timedelta(seconds=10)
"""what an attempt may take besides the call itself; what a worker that died was doing is done again after both"""
BANK_CALL_MINIMUM = timedelta(seconds=5)

MAIL_TIMEOUT = timedelta(seconds=60)
ACTIVITY_HEARTBEAT = timedelta(seconds=10)
"""a hand that died with its worker, or with the server that gave it out, is waited for no longer"""

LOOK_AGAIN = timedelta(seconds=10)
"""when the database has money in play and there is nothing to ask for it at the moment"""


def bank_call_retry(policy: CasePolicy) -> RetryPolicy:
    """How a request that cannot be delivered is tried again, as the case was promised."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=policy.retry_initial_seconds),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=max(policy.retry_max_seconds, policy.retry_initial_seconds)),
    )


def patient_retry(policy: CasePolicy) -> RetryPolicy:
    """How a bank that was unreachable for the whole retry window is tried on, while the ladder is climbed."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=policy.retry_max_seconds),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=max(policy.retry_for_seconds, policy.retry_max_seconds)),
    )


def stay_away(policy: CasePolicy, failure: BaseException | None) -> timedelta:
    """How long a bank is left alone when every attempt has failed: as long as it asked for, at least a pause."""
    asked = failure.next_retry_delay if isinstance(failure, ApplicationError) else None
    return max(asked or timedelta(0), timedelta(seconds=policy.retry_max_seconds))


def bank_call_attempt(policy: CasePolicy) -> timedelta:
    """How long one attempt may take, its database work included."""
    return timedelta(seconds=policy.call_timeout_seconds) + AROUND_BANK_CALL


def bank_call_for(policy: CasePolicy) -> timedelta:
    """How long the wire is tried before silence climbs the ladder."""
    return max(timedelta(seconds=policy.retry_for_seconds), BANK_CALL_MINIMUM)


def bank_call_priority(institution: str, priority_key: int) -> Priority:
    """Fresh and large first; between banks each gets its turn, so that a slow one holds nobody up."""
    return Priority(priority_key=priority_key, fairness_key=institution, fairness_weight=1.0)
