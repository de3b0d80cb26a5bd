"""Queue names, timeouts and retry policies of the workflows."""

from datetime import timedelta

from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ApplicationError

from schemas.procedures import CasePolicy

CASE_WORK_QUEUE = "case-work"
"""workflows, and activities that use only our own database or mail"""
BANK_CALLS_QUEUE = "bank-calls"
"""calls to banks, by priority and fair between banks. A separate queue, so that no other work delays them"""

RESTORATION_QUEUE = "restoration"
"""restoration, release and statutory duties. A separate queue, so that they never delay a hold request"""

BATCH_TIMEOUT = timedelta(seconds=5)
"""a batch ends sooner, because its calls have a shorter limit; after a worker dies, it is sent again"""
CASE_TASK_TIMEOUT = timedelta(seconds=5)
"""after a process dies in a workflow task, the task is done again after this time"""
NO_RETRY = RetryPolicy(maximum_attempts=1)

SWEEP_INTERVAL = timedelta(seconds=5)
SWEEPS_A_RUN = 12
"""sweeps in one run of the workflow: a run for each was more than half of Temporal's work at rest (D-503)"""
SWEEP_SCHEDULE_ID = "sweep-outbox"
SWEEP_WORKFLOW_ID = "sweep-outbox"

RECORD_TIMEOUT = timedelta(seconds=15)
"""one transaction in our own database"""
RECORD_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
"""retries until our own database is available again"""
RECORD_WINDOW = timedelta(days=30)

SWEEP_TIMEOUT = timedelta(minutes=3)
"""a run of one minute, and two minutes for a sweep that begins at its end"""
SWEEP_HEARTBEAT = timedelta(seconds=10)
"""if a worker dies during a run, the next sweep must still begin soon"""
SWEEP_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=SWEEP_INTERVAL)
"""retries until the servers are available again, or the time of the run is over"""

RECONCILIATION_INTERVAL = timedelta(minutes=1)
"""time between two checks for banks that are due. The cycle of each bank is in the policy file"""
RECONCILIATION_SCHEDULE_ID = "reconciliation"
RECONCILIATION_WORKFLOW_ID = "reconciliation"
ROUND_TIMEOUT = timedelta(minutes=5)
LIEN_LIST_ATTEMPT = timedelta(seconds=45)
"""one attempt may try several channels"""
LIEN_LIST_WINDOW = timedelta(minutes=3)
LIEN_LIST_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), backoff_coefficient=3, maximum_attempts=4)
LAST_PRIORITY = 5
"""the lowest of five priorities"""

BANK_CALL_OVERHEAD = timedelta(seconds=10)
"""time that an attempt may take besides the call itself. After a worker dies, its call is retried after both"""
BANK_CALL_MINIMUM = timedelta(seconds=5)

MAIL_TIMEOUT = timedelta(seconds=60)
ACTIVITY_HEARTBEAT = timedelta(seconds=10)
"""heartbeat timeout: an activity whose worker or server died is retried after this time"""

SETTLE_RECHECK = timedelta(seconds=10)
"""wait before the next check, while the database has money in play but no hop to ask about"""


def bank_call_retry(policy: CasePolicy) -> RetryPolicy:
    """Return the retry policy for a request that cannot be delivered, from the case's frozen policy."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=policy.retry_initial_seconds),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=max(policy.retry_max_seconds, policy.retry_initial_seconds)),
    )


def slow_retry(policy: CasePolicy) -> RetryPolicy:
    """Return the slower retry policy for a bank that stayed unreachable for the whole retry window.

    It is used while the request is escalated.
    """
    return RetryPolicy(
        initial_interval=timedelta(seconds=policy.retry_max_seconds),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=max(policy.retry_for_seconds, policy.retry_max_seconds)),
    )


def pause_after_failure(policy: CasePolicy, failure: BaseException | None) -> timedelta:
    """Return the pause after all attempts failed: what the bank asked for, at least the policy's pause."""
    asked = failure.next_retry_delay if isinstance(failure, ApplicationError) else None
    return max(asked or timedelta(0), timedelta(seconds=policy.retry_max_seconds))


def bank_call_attempt(policy: CasePolicy) -> timedelta:
    """Return the time limit of one attempt, its database work included."""
    return timedelta(seconds=policy.call_timeout_seconds) + BANK_CALL_OVERHEAD


def bank_call_window(policy: CasePolicy) -> timedelta:
    """Return how long delivery is tried before the request is escalated."""
    return max(timedelta(seconds=policy.retry_for_seconds), BANK_CALL_MINIMUM)


def bank_call_priority(institution: str, priority_key: int) -> Priority:
    """Return the priority of a bank call: recent and large amounts first, and fair between banks.

    Fairness keeps a slow bank from delaying the others.
    """
    return Priority(priority_key=priority_key, fairness_key=institution, fairness_weight=1.0)
