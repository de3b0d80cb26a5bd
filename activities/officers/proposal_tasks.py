"""Work items about proposals: one while a proposal waits, and one of the proposer when it is decided.

Officers are told of them as of any work item, each by a setting of their own.
"""

from datetime import datetime, timedelta
from typing import Final

from db import task_owners, tasks
from db.pool import Connection
from db.task_owners import Move
from domain.officers.persons import person_of
from schemas.officers.administration import Proposal, ProposalKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.work_items.task_owners import TaskActKind

CLOSED: Final = "the proposal is over"
TIME_OVER: Final = "the time of the proposal is over"
_LEASE: Final = timedelta(days=14)
"""time for which the item stays the proposer's own"""


async def open_waiting(connection: Connection, proposal_id: int, kind: ProposalKind, now: datetime) -> None:
    """Open the item of the admins who may decide."""
    await tasks.open_for_proposal(
        connection, proposal_id, TaskCause.PROPOSAL_TO_DECIDE, TaskFacts(detail=kind.value), now
    )


async def close_waiting(connection: Connection, proposal_id: int, now: datetime) -> None:
    """Close the item of a proposal that waits no more."""
    await tasks.close_for_proposal(connection, proposal_id, TaskCause.PROPOSAL_TO_DECIDE, now, CLOSED)


async def close_over(connection: Connection, now: datetime) -> int:
    """Close the items of proposals whose time is over, because no admin can agree to them; return how many."""
    return await tasks.close_of_over_proposals(connection, TaskCause.PROPOSAL_TO_DECIDE, now, TIME_OVER)


async def tell_proposer(connection: Connection, proposal: Proposal, answer: str, by: str, now: datetime) -> None:
    """Open an item of the proposing admin alone, about the decision of another one."""
    facts = TaskFacts(detail=proposal.kind.value, code=answer)
    task_id = await tasks.open_for_proposal(connection, proposal.proposal_id, TaskCause.PROPOSAL_DECIDED, facts, now)
    item = await tasks.get(connection, task_id)
    before = await task_owners.standing(connection, task_id, now)
    owner = person_of(proposal.proposed_by)
    change = Move(kind=TaskActKind.PASSED_ON, owner=owner, lease_ends_at=now + _LEASE)
    await task_owners.move(connection, item, before, change, by, now)
