"""Changes of officers, teams, the directory and the policy, as proposals that admins read."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from db import proposals
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from db.proposals import Decision, Kind
from domain.errors.officers import ProposalNotFound
from schemas.banks.administration import Asked, Proposal, ProposalKind, ProposalPage, ProposalState
from schemas.base import Change, FrozenModel

_PAGE: Final = f"""
SELECT {proposals.COLUMNS} FROM proposal
WHERE kind = 'administration' AND ($1::text IS NULL OR coalesce(decision, 'open') = $1)
    AND ($2::text IS NULL OR matter = $2) AND ($3::text IS NULL OR subject = $3)
    AND ($4::bigint IS NULL OR proposal_id < $4)
ORDER BY proposal_id DESC LIMIT $5
"""
_SAME: Final = Proposal.model_fields.keys() - {"kind", "state", "decided_reason", "version"}
"""what a proposal of an admin has in common with every other one"""
ASKED: Final[TypeAdapter[Asked]] = TypeAdapter(Asked)
TIME_OVER: Final = "its time was over when the next one was proposed"
SETTING: Final = "goldenhour.proposal_id"
"""names the proposal to the events that triggers write in the same transaction"""


class StoredProposal(FrozenModel):
    """A proposal with what it asks for and what would change."""

    proposal: Proposal
    asked: Asked
    changes: tuple[Change, ...]


def body_of(asked: Asked, changes: Sequence[Change]) -> dict[str, Any]:
    """Return what is stored of a change."""
    return {"asked": asked.model_dump(mode="json"), "changes": [change.model_dump() for change in changes]}


async def end_over(connection: Connection, waiting: proposals.Proposal, by: str, at: datetime) -> bool:
    """End an open proposal if its time is over; return whether it is."""
    is_over = waiting.valid_until is not None and waiting.valid_until < at
    if is_over:
        await proposals.decide(connection, waiting.proposal_id, Decision.EXPIRED, by, at, TIME_OVER)
    return is_over


async def count_open(connection: Connection, now: datetime) -> int:
    """Return how many proposals may be agreed to now."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM proposal WHERE kind = 'administration' AND decision IS NULL AND valid_until > $1", now
    )
    return count


async def get(connection: Connection, proposal_id: int) -> StoredProposal:
    """Return one proposal. Raises `ProposalNotFound`."""
    proposal = await proposals.find(connection, Kind.ADMINISTRATION, proposal_id)
    if proposal is None:
        raise ProposalNotFound(proposal_id)
    asked = ASKED.validate_python(proposal.body["asked"])
    changes = tuple(Change(**change) for change in proposal.body["changes"])
    return StoredProposal(proposal=shown(proposal), asked=asked, changes=changes)


async def page(
    connection: Connection,
    state: ProposalState | None,
    kind: ProposalKind | None,
    subject: str | None,
    after: str | None,
    limit: int,
) -> ProposalPage:
    """Return a page of proposals, the newest first. Raises `BadCursor`."""
    last = int_after(after) if after else None
    fetched = await connection.fetch(_PAGE, state and state.value, kind and kind.value, subject, last, limit + 1)
    rows, more = cut(fetched, limit)
    items = tuple(shown(proposals.Proposal(**dict(row))) for row in rows)
    return ProposalPage(items=items, next=to_cursor(items[-1].proposal_id) if more else None)


async def name_in_events(connection: Connection, proposal_id: int) -> None:
    """Let the events of this transaction name the proposal."""
    await connection.execute("SELECT set_config($1, $2, true)", SETTING, str(proposal_id))


def shown(stored: proposals.Proposal) -> Proposal:
    """Return a proposal as admins read it. Its version is a digest of what the deciding admin sees."""
    seen = orjson.dumps([stored.body["asked"], stored.body["changes"]], option=orjson.OPT_SORT_KEYS)
    return Proposal(
        **stored.model_dump(include=_SAME),
        kind=ProposalKind(stored.matter),
        state=ProposalState(stored.decision or "open"),
        decided_reason=stored.decided_reason or None,
        version=sha256(seen).hexdigest()[:16],
    )
