"""The evidence of a case as one signed archive (docs/reference/evidence.md)."""

import asyncio
import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from activities.banks.signed_requests import origin_of
from activities.evidence.pack import Maker, pack, published_keys
from api.auth import may
from api.dependencies import Parts, TheParts
from api.params import AckNo
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, TOO_MANY, Refused, says
from api.roles import Action
from api.tokens import Officer
from db.cases.cases import case_no_of
from db.evidence.evidence_keys import EvidenceKeys
from db.police import firs
from domain.errors.evidence import NotOfficerOfCase
from domain.evidence.pack import Edition
from schemas.enums import Role
from schemas.police import CaseDuty

router = APIRouter(prefix="/api/v1", tags=["evidence"], responses=IN_THE_DESCRIPTION)

ZIP: Final = "application/zip"
PIECE_BYTES: Final = 256 * 1024
AT_ONCE: Final = 2
"""archives that one process writes at a time: each reads a case whole, and is a file until it has been sent"""
_DUTIES: Final = {Role.IO: CaseDuty.IO, Role.SP: CaseDuty.SUPERVISING}
"""what an officer of a role must be to the case"""
_ZIP_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"ETag": {"description": "The SHA-256 of the archive.", "schema": {"type": "string"}}},
    }
}


@router.get("/evidence-keys")
async def read_evidence_keys(parts: TheParts) -> EvidenceKeys:
    """The public keys with which evidence is verified: the one that signs now, and all former ones. For everybody."""
    async with parts.ctx.pool.acquire() as connection:
        return await published_keys(connection, parts.secret_box)


class EvidenceJobs:
    """Where archives are written, a few at a time. One for the process."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(AT_ONCE)


@router.get(
    "/cases/{ack_no}/evidence",
    response_class=Response,
    responses={**says(NOT_FOUND, LIMIT_EXCEEDED, TOO_MANY), **_ZIP_RESPONSE},
)
async def read_evidence(
    request: Request,
    parts: TheParts,
    officer: Annotated[Officer, may(Action.READ_EVIDENCE)],
    ack_no: AckNo,
    edition: Annotated[Edition, Query(alias="for")] = Edition.COURT,
) -> Response:
    """Everything about the case as one signed ZIP archive. That the caller has it is entered in the case's log.

    `for=accused` has the papers to the victim as their SHA-256 only.
    """
    await _check_whose(parts, officer, ack_no)
    jobs: EvidenceJobs = request.app.state.evidence_jobs
    if jobs.places.locked():
        raise Refused(TOO_MANY, f"at most {AT_ONCE} are written at once")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when it has been sent
    try:
        async with jobs.places:
            maker = Maker(parts.ctx, parts.secret_box, origin_of(parts.public_url))
            packed = await pack(maker, ack_no, file, officer.actor, edition=edition)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Length": str(packed.size_bytes),
        "Content-Disposition": f'attachment; filename="{_name(packed.case_no, edition)}.zip"',
        "ETag": f'"{packed.sha256}"',
        "Cache-Control": "private, no-store",
    }
    # Closed in any case: who has gone before the first piece lets no piece be read.
    return StreamingResponse(_pieces(file), media_type=ZIP, headers=headers, background=BackgroundTask(file.close))


async def _check_whose(parts: Parts, officer: Officer, ack_no: str) -> None:
    """The police have the evidence of their own cases. Raises `NotOfficerOfCase`, and `NotFound`."""
    duty = _DUTIES.get(officer.role)
    if duty is None:
        return
    async with parts.ctx.pool.acquire() as connection:
        answers = await firs.officer(connection, await case_no_of(connection, ack_no), duty)
    if answers is None or answers.subject != officer.subject:
        raise NotOfficerOfCase(duty)


def _name(case_no: str, edition: Edition) -> str:
    return case_no if edition is Edition.COURT else f"{case_no}-{edition}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece
