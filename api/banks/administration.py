"""Administration by two admins: one proposes a change and sees what it would be, another one decides. Who changed what.

One admin alone may still take away: disable an officer, end a role, end sessions, revoke a display (`officers`). What
lets a person in, or changes what the engine does, needs a second admin.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from activities.banks import proposals
from activities.officers.changes import change_table
from activities.officers.enrolment import SignInLink
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import INT64_MAX, LIMIT_DEFAULT, After, Limit
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_ALLOWED, NOT_FOUND, NOT_NOW, says
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheServices
from db.banks import proposals as stored
from db.officers import changes
from schemas.banks.administration import (
    SUBJECT_MAX_CHARS,
    ChangeQuestion,
    Changes,
    DecidedProposal,
    MadeProposal,
    NewProposal,
    Proposal,
    ProposalDecision,
    ProposalDetails,
    ProposalKind,
    ProposalPage,
    ProposalState,
    ShownLink,
)
from schemas.base import Storable, UtcDatetime, WithReason
from schemas.officers.officers import folded
from schemas.officers.policy import AdministrationChangePage, ChangeArea, ChangeFilter

router = APIRouter(prefix="/api/v1/administration", tags=["administration"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_ADMINISTRATION)]
Proposing = Annotated[Officer, may(Action.PROPOSE_ADMINISTRATION)]
Deciding = Annotated[Officer, may(Action.DECIDE_ADMINISTRATION)]
ProposalId = Annotated[int, Path(ge=1, le=INT64_MAX)]
Subject = Annotated[
    Annotated[str, Storable] | None,
    Query(max_length=SUBJECT_MAX_CHARS, description="Officer, team, institution, script or display; or `policy`."),
]
KIND_MAX_CHARS = 64
_CHANGES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": TABLE_CONTENT, "description": "A page, or a table as CSV or a workbook."}
}


@router.post("/proposals/preview", name="preview_administration", responses=says(NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED))
async def preview(services: TheServices, officer: Proposing, asked: ChangeQuestion) -> Changes:
    """Return what a change would be: each value before and after. Nothing is written."""
    return Changes(changes=await proposals.preview(services.ctx, asked.asked, officer.actor))


@router.post(
    "/proposals",
    name="propose_administration",
    status_code=201,
    responses=says(NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED, NOT_ALLOWED),
)
async def propose(services: TheServices, officer: Proposing, new: NewProposal) -> MadeProposal:
    """Propose a change. It takes effect only when another admin has agreed.

    A code in the response is shown once. Tell it to the person whom it is for, and not to the admin who agrees.
    """
    return await proposals.propose(services.ctx, new, officer.actor)


@router.get("/proposals", name="list_proposals")
async def list_proposals(
    services: TheServices,
    _: Reader,
    state: ProposalState | None = None,
    kind: ProposalKind | None = None,
    subject: Subject = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> ProposalPage:
    """List the proposals, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        return await stored.page(connection, state, kind, subject, after, limit)


@router.get("/proposals/{proposal_id}", name="read_proposal", responses=says(NOT_FOUND))
async def read(services: TheServices, _: Reader, proposal_id: ProposalId) -> ProposalDetails:
    """Return a proposal with what would change: each value before and after."""
    return await proposals.read(services.ctx, proposal_id)


@router.post(
    "/proposals/{proposal_id}/decide",
    name="decide_proposal",
    responses=says(FOUR_EYES, NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED, NOT_ALLOWED),
)
async def decide(
    services: TheServices,
    officer: Deciding,
    proposal_id: ProposalId,
    decision: ProposalDecision,
) -> DecidedProposal:
    """Agree to another admin's proposal, or refuse it, within a few minutes of the sign-in or of a code.

    A link in the response is shown once. Give it to the person whom it is for. It opens nothing without the code that
    the proposing admin was shown.
    """
    proposal, secret = await proposals.decide(services.ctx, proposal_id, decision, officer.actor)
    services.sessions.forget()
    return DecidedProposal(
        proposal=proposal,
        sign_in_link=_shown(secret.sign_in_link),
        bank_login_link=_shown(secret.bank_login_link, services.bank_url or services.public_url or ""),
    )


def _shown(link: SignInLink | None, host: str = "") -> ShownLink | None:
    if link is None:
        return None
    return ShownLink(path=f"{host.rstrip('/')}{link.path}", valid_until=link.valid_until)


@router.post(
    "/proposals/{proposal_id}/withdraw", name="withdraw_proposal", responses=says(NOT_FOUND, NOT_NOW, NOT_ALLOWED)
)
async def withdraw(services: TheServices, officer: Proposing, proposal_id: ProposalId, why: WithReason) -> Proposal:
    """Withdraw one's own proposal. It then has no effect."""
    return await proposals.withdraw(services.ctx, proposal_id, why.reason, officer.actor)


async def _filter(
    area: ChangeArea | None = None,
    kind: Annotated[Annotated[str, Storable] | None, Query(max_length=KIND_MAX_CHARS)] = None,
    subject: Subject = None,
    officer: Annotated[
        Annotated[str, Storable] | None,
        Query(max_length=64, description="Id of the officer who changed, proposed or agreed."),
    ] = None,
    since: Annotated[UtcDatetime | None, Query()] = None,
    until: Annotated[UtcDatetime | None, Query()] = None,
) -> ChangeFilter:
    return ChangeFilter(
        area=area,
        kind=kind,
        subject=subject,
        officer=folded(officer) if officer else None,
        since=since,
        until=until,
    )


@router.get("/changes", name="list_administration_changes", response_model=AdministrationChangePage, responses=_CHANGES)
async def list_changes(
    request: Request,
    services: TheServices,
    officer: Reader,
    wanted: Annotated[ChangeFilter, Depends(_filter)],
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> AdministrationChangePage | Response:
    """List who changed what of officers, teams, the directory, displays and the policy, the newest first.

    A table has a row for each value, of at most 20,000 changes.
    """
    if wants_file(request):
        async with services.table_jobs.place(officer.actor):
            return await as_file(request, await change_table(services.ctx, wanted), "changes")
    async with services.ctx.pool.acquire() as connection:
        return await changes.page(connection, wanted, after, limit)
