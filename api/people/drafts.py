"""Drafts of complaints: saved while the caller tells, checked, sent in two strokes, passed on and discarded."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from activities.people import draft_saving, draft_sending
from activities.people.public_complaints import form_address, take_missed_call
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import TEAM_OFFICERS_MAX
from api.problems import ACK_NO_TAKEN, IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.officers import teams
from domain.people.bank_sms import read_sms
from schemas.base import WithReason
from schemas.officers.officers import TeamOfficers
from schemas.people.drafts import (
    AskedBanks,
    Draft,
    DraftCheck,
    DraftChoices,
    DraftContent,
    DraftEnded,
    DraftGiven,
    DraftLines,
    DraftSaved,
    DraftSent,
    MissedCall,
    MissedCallTaken,
    NewDraft,
    PassDraftOn,
    SaveDraft,
    SmsQuestion,
    SmsReading,
)

PATH: Final = "/api/v1/drafts"

router = APIRouter(prefix=PATH, tags=["drafts"], responses=IN_THE_DESCRIPTION)
calls_router = APIRouter(prefix="/api/v1/missed-calls", tags=["drafts"], responses=IN_THE_DESCRIPTION)

Keeper = Annotated[Officer, may(Action.KEEP_DRAFT)]
Reader = Annotated[Officer, may(Action.READ_DRAFTS)]
NameReader = Annotated[Officer, may(Action.READ_NAMES)]
Waiting = Annotated[bool, Query(description="Drafts that the officer may take, instead of own ones.")]


@router.post("", name="begin_draft", status_code=201, responses=says(LIMIT_EXCEEDED))
async def begin(services: TheServices, officer: Keeper, new: NewDraft) -> DraftSaved:
    """Begin a draft. An officer may have several at once."""
    return await draft_saving.begin(services.ctx, new, officer.subject, officer.actor)


@router.get("", name="list_drafts")
async def list_drafts(services: TheServices, officer: Reader, waiting: Waiting = False) -> DraftLines:
    """List own drafts, the oldest first, or those that wait.

    Missed calls wait, and what officers left at the end of a shift. For a supervisor and the lead of a team, so do the
    drafts of absent and disabled officers.
    """
    if waiting:
        return await draft_saving.waiting(services.ctx, officer.subject, officer.roles)
    return await draft_saving.listed(services.ctx, officer.subject)


@router.get("/choices", name="read_draft_choices")
async def read_choices(services: TheServices, _: NameReader) -> DraftChoices:
    """Read what an officer chooses from: the institutions of the directory, the districts of the State, the teams."""
    return await draft_sending.choices(services.ctx)


@router.get("/team-officers", name="list_team_officers_for_drafts")
async def list_team_officers(services: TheServices, officer: Keeper) -> TeamOfficers:
    """List the officers of the own teams to whom a draft can be passed on."""
    async with services.ctx.pool.acquire() as connection:
        officers = await teams.of(connection, officer.subject, Action.KEEP_DRAFT.rule.roles, TEAM_OFFICERS_MAX)
    return TeamOfficers(items=tuple(officers))


@router.post("/check", name="check_draft")
async def check(services: TheServices, officer: Keeper, content: DraftContent) -> DraftCheck:
    """Say what is odd in a complaint while it is typed, what it lacks, and what is known of it."""
    return await draft_sending.check(services.ctx, content)


@router.post("/read-sms", name="read_bank_sms")
async def read_bank_sms(officer: Keeper, asked: SmsQuestion) -> SmsReading:
    """Read a message of a bank into the fields of a transfer. What was not understood is named."""
    return read_sms(asked)


@router.get("/{draft_id}", name="read_draft", responses=says(NOT_FOUND, NOT_NOW))
async def read(services: TheServices, officer: Reader, draft_id: UUID) -> Draft:
    """Read an own draft with its content."""
    return await draft_saving.read(services.ctx, draft_id, officer.subject)


@router.put("/{draft_id}", name="save_draft", responses=says(NOT_FOUND, NOT_NOW))
async def save(services: TheServices, officer: Keeper, draft_id: UUID, draft: SaveDraft) -> DraftSaved:
    """Save what is typed over the revision that was seen. Over another one it is refused, with what is stored."""
    return await draft_saving.save(services.ctx, draft_id, draft, officer.subject)


@router.post("/{draft_id}/send", name="send_draft", responses=says(NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED, ACK_NO_TAKEN))
async def send(
    services: TheServices, officer: Annotated[Officer, may(Action.TAKE_COMPLAINT)], draft_id: UUID
) -> DraftSent:
    """Ask the banks with what is saved, or add to the complaint what came since. It is one complaint."""
    return await draft_sending.send(services.ctx, draft_id, officer.subject, officer.actor, services.notifier.soon)


@router.get("/{draft_id}/banks", name="read_asked_banks", responses=says(NOT_FOUND, NOT_NOW))
async def read_banks(services: TheServices, officer: Reader, draft_id: UUID) -> AskedBanks:
    """Read which banks are asked because of an own sent draft, and where the money of its case is."""
    return await draft_sending.banks_asked(services.ctx, draft_id, officer.subject)


@router.post("/{draft_id}/pass-on", name="pass_draft_on", responses=says(NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED))
async def pass_on(services: TheServices, officer: Keeper, draft_id: UUID, request: PassDraftOn) -> DraftGiven:
    """Give a draft to another officer of the team, with a note."""
    return await draft_saving.pass_on(services.ctx, draft_id, request, officer.subject, Action.KEEP_DRAFT.rule.roles)


@router.post("/{draft_id}/claim", name="claim_draft", responses=says(NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED))
async def claim(services: TheServices, officer: Keeper, draft_id: UUID) -> DraftGiven:
    """Have the draft of a missed call that no officer has, to call back."""
    return await draft_saving.claim(services.ctx, draft_id, officer.subject)


@router.post("/{draft_id}/take-over", name="take_over_draft", responses=says(NOT_FOUND, NOT_NOW, LIMIT_EXCEEDED))
async def take_over(services: TheServices, officer: Keeper, draft_id: UUID, request: WithReason) -> DraftGiven:
    """Take the draft of an officer whose shift has ended, who is absent or disabled, with a reason.

    That of an absent or disabled officer is for supervisors and for the lead of the officer's team.
    """
    return await draft_saving.take_over(services.ctx, draft_id, request, officer.subject, officer.roles)


@router.post("/{draft_id}/discard", name="discard_draft", responses=says(NOT_FOUND, NOT_NOW))
async def discard(services: TheServices, officer: Keeper, draft_id: UUID) -> DraftEnded:
    """End a draft: its content is destroyed. A complaint that was sent stays."""
    return await draft_saving.end(services.ctx, draft_id, officer.subject, officer.actor)


@calls_router.post("", name="take_missed_call", responses=says(NOT_NOW, LIMIT_EXCEEDED))
async def missed(services: TheServices, officer: Keeper, call: MissedCall) -> MissedCallTaken:
    """Note a call that no officer answered. Its draft waits for an officer who calls back.

    The first call of a number is answered by an SMS with a link to the public page.
    """
    return await take_missed_call(services.ctx, call, officer.actor, form_address(services.public_url))
