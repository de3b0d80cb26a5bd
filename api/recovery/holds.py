"""Holds, their brake, and decisions on payers."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.recovery import entered_statements, grievance_decisions, hold_releases, payer_decisions
from activities.recovery.document_issuing import appeal_address
from activities.recovery.hold_releases import (
    confirm_release,
    hear_victim,
    proposed_of,
    record_small_hold_decision,
    reject_release,
)
from activities.recovery.hold_transaction import hold_table, read_hold_file, take_contact
from api.officers.auth import acting, may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, LIMIT_MAX, AckNo, AckNoFilter, After, BankFilter, HopNo, Limit
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, NOT_NOW, says
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheAppealThrottle, TheServices
from db.recovery import hold_views
from schemas.base import WithReason
from schemas.recovery.grievances import GrievanceDone, NewGrievance
from schemas.recovery.holds import (
    AppealCode,
    ContinueReleases,
    HolderContactTaken,
    HoldFile,
    HoldPage,
    HoldView,
    NewHolderContact,
    NewSmallHoldDecision,
    ReleaseBrakeView,
    ReleasesContinued,
    SmallHoldDone,
)
from schemas.recovery.officer_steps import (
    ContestedTransfers,
    EnteredConfirmed,
    NewPayerDecision,
    PayerDecision,
    SeenEntered,
    SeenPayerDecision,
)
from schemas.recovery.orders import NewHearing, ReleaseProposal, ReleaseProposals

holds_router = APIRouter(prefix="/api/v1/holds", tags=["holds"], responses=IN_THE_DESCRIPTION)

DAYS_MAX: Final = 3_660
REFERENCE_PATTERN: Final = r"^[A-Z0-9]{10}$"

Reader = Annotated[Officer, may(Action.READ_HOLD)]


@holds_router.get(
    "",
    response_model=HoldPage,
    responses={
        200: {"content": TABLE_CONTENT, "description": "A page, or the list if the caller accepts CSV or a workbook."}
    },
)
async def list_holds(
    request: Request,
    services: TheServices,
    officer: Reader,
    ack_no: AckNoFilter = None,
    institution: BankFilter = None,
    reference: Annotated[
        str | None, Query(pattern=REFERENCE_PATTERN, description="Reference of one hold, which its holder was told.")
    ] = None,
    held: Annotated[bool | None, Query(description="Whether any money is still on hold.")] = None,
    small: Annotated[bool | None, Query(description="Whether a small-value hold waits for its quick decision.")] = None,
    ends_within_days: Annotated[
        int | None, Query(ge=0, le=DAYS_MAX, description="Only holds that lapse within this number of days.")
    ] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> HoldPage | Response:
    """List account holds, the earliest to lapse first. A table has at most 20,000."""
    now = services.ctx.now()
    before = None if ends_within_days is None else now + timedelta(days=ends_within_days)
    within = await within_of(services, officer, Action.READ_HOLD, ack_no)

    async def page(after: str | None, limit: int = LIMIT_MAX) -> HoldPage:
        async with services.ctx.pool.acquire() as connection:
            return await hold_views.page(
                connection,
                now,
                after,
                limit,
                ack_no=ack_no,
                institution=institution,
                held=held,
                small=small,
                lapses_before=before,
                reference=reference,
                within=within,
            )

    if wants_file(request):
        async with services.table_jobs.place(officer.actor):
            return await as_file(request, await hold_table(page), f"holds-{ack_no}" if ack_no else "holds")
    return await page(after, limit)


@holds_router.get("/{account_hold_id}")
async def read_hold_of_account(services: TheServices, officer: Reader, account_hold_id: UUID) -> HoldView:
    """Return one account hold, with its deadlines."""
    async with services.ctx.pool.acquire() as connection:
        return await hold_views.get(connection, account_hold_id, services.ctx.now())


@holds_router.get("/{account_hold_id}/file")
async def read_hold_file_of_account(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], account_hold_id: UUID
) -> HoldFile:
    """Return the file on a hold: the transfers that its money came by, and the complaints that a release affects.

    It also names the acts that another officer than the reader has to do, by the rule of four eyes.
    """
    return await read_hold_file(services.ctx, account_hold_id, acting(officer))


@holds_router.post("/{account_hold_id}/decide-small", responses=says(NOT_NOW, FOUR_EYES))
async def decide_small_hold(
    services: TheServices,
    officer: Annotated[Officer, may(Action.DECIDE_SMALL_HOLD)],
    account_hold_id: UUID,
    decided: NewSmallHoldDecision,
) -> SmallHoldDone:
    """Decide a small-value hold: keep it, or propose to release it in full."""
    return await record_small_hold_decision(services.ctx, account_hold_id, decided, acting(officer))


@holds_router.get("/{account_hold_id}/releases", name="list_releases_of_hold")
async def list_releases(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], account_hold_id: UUID
) -> ReleaseProposals:
    """List the releases that officers proposed of a hold, with what the victims say to them, the newest first."""
    return await proposed_of(services.ctx, account_hold_id)


@holds_router.post(
    "/{account_hold_id}/release/hear", status_code=201, responses=says(NOT_NOW, FOUR_EYES, LIMIT_EXCEEDED)
)
async def hear_victim_on_release(
    services: TheServices,
    officer: Annotated[Officer, may(Action.HEAR_VICTIM)],
    account_hold_id: UUID,
    new: NewHearing,
) -> ReleaseProposal:
    """Record what a victim says to the proposed release, for the officer who confirms it."""
    return await hear_victim(services.ctx, account_hold_id, new, officer.actor)


@holds_router.post("/{account_hold_id}/release/confirm", responses=says(NOT_NOW, FOUR_EYES))
async def confirm_release_of_hold(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_RELEASE)],
    account_hold_id: UUID,
    why: WithReason,
) -> ReleaseProposal:
    """Confirm the proposed release after the victims were heard. The bank then gets the order.

    Above the sums of the policy this is a second officer.
    """
    address = appeal_address(services.public_url)
    return await confirm_release(services.ctx, account_hold_id, why.reason, officer.actor, appeal_address=address)


@holds_router.post("/{account_hold_id}/release/reject", responses=says(NOT_NOW))
async def reject_release_of_hold(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_RELEASE)],
    account_hold_id: UUID,
    why: WithReason,
) -> ReleaseProposal:
    """Reject the proposed release. What it decides is decided again."""
    return await reject_release(services.ctx, account_hold_id, why.reason, officer.actor)


@holds_router.post("/{account_hold_id}/grievances", status_code=201, responses=says(NOT_NOW))
async def file_grievance(
    services: TheServices,
    officer: Annotated[Officer, may(Action.FILE_GRIEVANCE)],
    account_hold_id: UUID,
    new: NewGrievance,
) -> GrievanceDone:
    """Record the appeal of an account holder who has come in person."""
    return await grievance_decisions.file_grievance(services.ctx, account_hold_id, new, officer.actor)


@holds_router.put("/{account_hold_id}/holder-contact", responses=says(NOT_NOW))
async def take_holder_contact(
    services: TheServices,
    officer: Annotated[Officer, may(Action.TAKE_HOLDER_CONTACT)],
    account_hold_id: UUID,
    contact: NewHolderContact,
) -> HolderContactTaken:
    """Record the contact of the account holder, as given by the bank or the holder.

    The contact takes precedence over the one in the bank's answers. The notification of the hold and the codes for the
    appeal go to it.
    """
    return await take_contact(
        services.ctx, account_hold_id, contact, officer.actor, appeal_address(services.public_url)
    )


@holds_router.post("/{account_hold_id}/appeal-code", status_code=201, responses=says(NOT_NOW))
async def make_appeal_code(
    throttle: TheAppealThrottle,
    officer: Annotated[Officer, may(Action.MAKE_APPEAL_CODE)],
    account_hold_id: UUID,
    why: WithReason,
) -> AppealCode:
    """Send a new one-time code for the appeal page to the holder's contact, or without one to the bank.

    No officer sees the code.
    """
    return await throttle.door.make_code(account_hold_id, officer.actor, why.reason)


payer_decisions_router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["restorations"], responses=IN_THE_DESCRIPTION)

DecisionId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@payer_decisions_router.get("/contested-transfers", name="read_contested_transfers", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> ContestedTransfers:
    """List the transfers whose payer complaints tell differently, with accounts masked, and the decisions on them."""
    return await payer_decisions.contested(services.ctx, ack_no)


@payer_decisions_router.post(
    "/hops/{hop_no}/payer-decisions", name="propose_payer_decision", responses=says(NOT_NOW, NOT_FOUND)
)
async def propose(
    services: TheServices,
    officer: Annotated[Officer, may(Action.PROPOSE_PAYER)],
    ack_no: AckNo,
    hop_no: HopNo,
    new: NewPayerDecision,
) -> PayerDecision:
    """Propose which complaint is right about who paid. It counts only after a second officer has agreed."""
    return await payer_decisions.propose(services.ctx, ack_no, hop_no, new, officer.actor)


@payer_decisions_router.post(
    "/hops/{hop_no}/payer-decisions/{decision_id}/agree",
    name="agree_to_payer_decision",
    responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND),
)
async def agree(
    services: TheServices,
    officer: Annotated[Officer, may(Action.AGREE_TO_PAYER)],
    ack_no: AckNo,
    hop_no: HopNo,
    decision_id: DecisionId,
    seen: SeenPayerDecision,
) -> PayerDecision:
    """Agree to another officer's proposal. The complaint that is right is the one whose victim is credited."""
    return await payer_decisions.agree(services.ctx, ack_no, hop_no, decision_id, seen, officer.actor)


@payer_decisions_router.post(
    "/hops/{hop_no}/entered-confirmations", name="confirm_entered", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND)
)
async def confirm(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_ENTERED)],
    ack_no: AckNo,
    hop_no: HopNo,
    seen: SeenEntered,
) -> EnteredConfirmed:
    """Confirm what another officer entered of a transfer by telephone or by a workbook.

    Without it, and until the bank states the same over a channel, it claims nothing against other victims of the
    account. The sums are those that you saw.
    """
    return await entered_statements.confirm_entered(services.ctx, ack_no, hop_no, seen, officer.actor)


release_brake_router = APIRouter(prefix="/api/v1/release-brake", tags=["holds"], responses=IN_THE_DESCRIPTION)


@release_brake_router.get("")
async def read_release_brake(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_HOLD)]
) -> ReleaseBrakeView:
    """Return the automatic releases that wait for a supervisor, because too many fell due within an hour."""
    return await hold_releases.read_brake(services.ctx)


@release_brake_router.post("/continue", responses=says(NOT_NOW))
async def continue_releases(
    services: TheServices, officer: Annotated[Officer, may(Action.CONTINUE_RELEASES)], seen: ContinueReleases
) -> ReleasesContinued:
    """Continue the automatic releases that wait. Check first that no clock is wrong.

    The figures are those that you saw. If more waits now, nothing is continued.
    """
    return await hold_releases.continue_releases(services.ctx, seen, officer.actor)
