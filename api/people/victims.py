"""Victims, and what they say of how they were treated."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from activities.people import my_case, victims
from activities.people.draft_statements import stories
from activities.recovery.credit_accounts import credit_address
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.reads import ReadReason, note_persons
from api.officers.tokens import Officer
from api.params import AckNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from schemas.people.drafts import ComplaintStories
from schemas.people.my_case import TreatmentView
from schemas.privacy.personal_data import (
    FoundVictims,
    NewVictimCorrection,
    VictimCorrectionDone,
    VictimCorrections,
    VictimQuestion,
    VictimView,
)

victims_router = APIRouter(prefix="/api/v1/victims", tags=["cases"], responses=IN_THE_DESCRIPTION)
corrections_router = APIRouter(
    prefix="/api/v1/complaints/{ack_no}/victim-corrections", tags=["desk"], responses=IN_THE_DESCRIPTION
)
case_router = APIRouter(prefix="/api/v1/cases/{ack_no}/victim", tags=["cases"], responses=IN_THE_DESCRIPTION)
stories_router = APIRouter(prefix="/api/v1/complaints/{ack_no}/stories", tags=["desk"], responses=IN_THE_DESCRIPTION)

CorrectionId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Decider = Annotated[Officer, may(Action.DECIDE_VICTIM_CORRECTION)]


@victims_router.post("/search", name="search_victims", responses=says(LIMIT_EXCEEDED))
async def search(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_VICTIMS)],
    asked: VictimQuestion,
    reason: ReadReason = None,
) -> FoundVictims:
    """Find the complaints of a victim by name, mobile number or e-mail address, in whole terms, the newest first.

    A name of one term is not enough. Marked cases that the officer does not read are left out.
    """
    page = await victims.find(services.ctx, asked, await within_of(services, officer, Action.READ_VICTIMS))
    await note_persons(request, services, officer, [item.ack_no for item in page.items], reason or "")
    return page


@case_router.get("", name="read_victim", responses=says(NOT_FOUND))
async def read_victim(
    services: TheServices, _: Annotated[Officer, may(Action.READ_VICTIM)], ack_no: AckNo
) -> VictimView:
    """Return the victim of a complaint: name, contacts, district, and the messages to the victim with their state."""
    return await victims.view(services.ctx, ack_no)


@corrections_router.get("", name="read_victim_corrections", responses=says(NOT_FOUND))
async def read_corrections(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_VICTIM_CORRECTIONS)], ack_no: AckNo
) -> VictimCorrections:
    """List the corrections of a complaint's victim, the newest first."""
    return await victims.corrections(services.ctx, ack_no)


@corrections_router.post("", name="correct_victim", status_code=201, responses=says(NOT_NOW, NOT_FOUND))
async def correct(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CORRECT_VICTIM)],
    ack_no: AckNo,
    new: NewVictimCorrection,
) -> VictimCorrectionDone:
    """Propose another name, mobile number or e-mail address of a victim. A second officer decides."""
    return await victims.propose(services.ctx, ack_no, new, officer.actor)


@corrections_router.post(
    "/{correction_id}/agree", name="agree_to_victim_correction", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND)
)
async def agree(
    services: TheServices, officer: Decider, ack_no: AckNo, correction_id: CorrectionId
) -> VictimCorrectionDone:
    """Correct the victim as another officer has proposed.

    The victim is told at the old contact and at the new one. Links that were sent to the old contact are void.
    """
    page = credit_address(services.public_url)
    return await victims.agree(services.ctx, ack_no, correction_id, officer.actor, page=page)


@corrections_router.post("/{correction_id}/reject", name="reject_victim_correction", responses=says(NOT_NOW, NOT_FOUND))
async def reject(
    services: TheServices, officer: Decider, ack_no: AckNo, correction_id: CorrectionId
) -> VictimCorrectionDone:
    """Reject a correction. It then has no effect."""
    return await victims.reject(services.ctx, ack_no, correction_id, officer.actor)


@stories_router.get("", name="read_stories", responses=says(NOT_FOUND))
async def read_stories(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_STORIES)], ack_no: AckNo
) -> ComplaintStories:
    """List what a complaint's victim told of what happened, and whether the victim agrees to its use."""
    return await stories(services.ctx, ack_no)


quality_router = APIRouter(
    prefix="/api/v1/complaints/{ack_no}/treatment-report", tags=["desk"], responses=IN_THE_DESCRIPTION
)


@quality_router.get("", name="read_treatment_report", responses=says(NOT_FOUND))
async def read_treatment_report(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_TREATMENT)], ack_no: AckNo
) -> TreatmentView:
    """Return what the victim of a complaint wrote of how the police acted."""
    return await my_case.read(services.ctx, ack_no)
