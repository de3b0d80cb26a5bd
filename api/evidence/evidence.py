"""The evidence pack of a case, one signed archive (docs/reference/evidence.md)."""

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from activities.evidence.pack import Maker, pack, published_keys
from api.caches import EVIDENCE_AT_ONCE
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, TOO_MANY, Refused, says
from api.roles import Action
from api.services import Services, TheServices
from db.case import firs
from db.case.cases import case_no_of
from db.evidence.integrity import EvidenceKeys
from domain.errors.case import NotOfficerOfCase
from domain.evidence_binding import Edition
from schemas.enums import Role
from schemas.identifiers import is_same_person
from schemas.restoration_enums import CaseDuty

router = APIRouter(prefix="/api/v1", tags=["evidence"], responses=IN_THE_DESCRIPTION)

ZIP: Final = "application/zip"
PIECE_BYTES: Final = 256 * 1024
_DUTIES: Final = {Role.IO: CaseDuty.IO, Role.SP: CaseDuty.SUPERVISING}
"""the duty that an officer of a role must have in the case"""
_ZIP_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"ETag": {"description": "The SHA-256 of the archive.", "schema": {"type": "string"}}},
    }
}


@router.get("/evidence-keys")
async def read_evidence_keys(services: TheServices) -> EvidenceKeys:
    """Return the public keys that verify evidence packs: the current key and all former ones. Needs no token."""
    async with services.ctx.pool.acquire() as connection:
        return await published_keys(connection, services.keys)


@router.get(
    "/cases/{ack_no}/evidence",
    response_class=Response,
    responses={**says(NOT_FOUND, LIMIT_EXCEEDED, TOO_MANY), **_ZIP_RESPONSE},
)
async def read_evidence(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_EVIDENCE)],
    ack_no: AckNo,
    edition: Annotated[Edition, Query(alias="for")] = Edition.COURT,
) -> Response:
    """Return everything about the case as one signed ZIP archive. The case log records who got it.

    `for=accused` has only the SHA-256 of the documents to the victim.
    """
    await _check_whose(services, officer, ack_no)
    places = services.evidence_jobs.places
    if places.locked():
        raise Refused(TOO_MANY, f"at most {EVIDENCE_AT_ONCE} packs are written at once")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed after it is sent
    try:
        async with places:
            maker = Maker(services.ctx, services.keys, services.signed_origin)
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
    # The background task closes the file too, because no piece is read if the caller has disconnected before.
    return StreamingResponse(_pieces(file), media_type=ZIP, headers=headers, background=BackgroundTask(file.close))


async def _check_whose(services: Services, officer: Officer, ack_no: str) -> None:
    """Check that an officer of the police is an officer of the case. Raises `NotOfficerOfCase` and `NotFound`."""
    roles = officer.roles & Action.READ_EVIDENCE.rule.roles
    if roles - _DUTIES.keys():
        return
    duties = [duty for role, duty in _DUTIES.items() if role in roles]
    async with services.ctx.pool.acquire() as connection:
        case_no = await case_no_of(connection, ack_no)
        for duty in duties:
            assigned = await firs.officer(connection, case_no, duty)
            if assigned is not None and is_same_person(assigned.subject, officer.subject):
                return
    raise NotOfficerOfCase(duties[0])


def _name(case_no: str, edition: Edition) -> str:
    return case_no if edition is Edition.COURT else f"{case_no}-{edition}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece
