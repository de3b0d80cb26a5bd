"""Reads of requests, as the read log has them.

They follow from the route alone, so no route can forget its read.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import unquote
from uuid import UUID

from fastapi import Header, Request
from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from api.addresses import address_of
from api.officers.tokens import Officer
from api.params import INT64_MAX
from api.services import Services
from domain.privacy.search import PERSONS, Sought
from schemas.base import Storable
from schemas.identifiers import ACK_NO_PATTERN
from schemas.privacy.personal_data import REASON_MAX_CHARS, FoundCase, NewRead, ReadKind, SearchKind

_ACK_NO: Final[TypeAdapter[Any]] = TypeAdapter(Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)])
_UUID: Final[TypeAdapter[Any]] = TypeAdapter(UUID)
_NUMBER: Final[TypeAdapter[Any]] = TypeAdapter(Annotated[int, Field(ge=1, le=INT64_MAX)])

REFERENCES: Final[Mapping[str, TypeAdapter[Any]]] = {
    "ack_no": _ACK_NO,
    "restoration_id": _UUID,
    "order_id": _UUID,
    "account_hold_id": _UUID,
    "grievance_id": _UUID,
    "document_id": _UUID,
    "message_id": _UUID,
    "task_id": _NUMBER,
    "discrepancy_id": _NUMBER,
}
"""parameters in paths that name a case or a part of one, with the check that the routes make; the database function
`case_of_reference` has the same names"""
_CASE_FILTERS: Final = ("ack_no", "case")
"""query parameters by which a list is of one case"""

SHOWS_NO_CASE: Final = frozenset(
    {
        "/api/v1/scorecards",
        "/api/v1/scorecards.csv",
        "/api/v1/discrepancies/by-bank",
        "/api/v1/reconciliations",
        "/api/v1/reconciliations/by-institution",
        "/api/v1/release-brake",
        "/api/v1/grievance-officers",
        "/api/v1/restorations/figures",
        "/api/v1/desk/task-counts",
        "/api/v1/desk/task-filters",
        "/api/v1/desk/notice-settings",
        "/api/v1/shifts",
        "/api/v1/figures/stages",
        "/api/v1/figures/load",
        "/api/v1/drafts/choices",
        "/api/v1/figures/treatment",
    }
)
"""routes with figures, or about banks and officers: they show no case, account or person"""

SHOWS_PERSON: Final = frozenset(
    {
        "/api/v1/complaints/{ack_no}/victim-corrections",
        "/api/v1/complaints/{ack_no}/stories",
        "/api/v1/complaints/{ack_no}/treatment-report",
        "/api/v1/cases/{ack_no}/victim",
        "/api/v1/restorations/{restoration_id}/credited-accounts",
    }
)
"""routes that show personal data of a victim, and little else"""

ReadReason = Annotated[
    Annotated[
        str,
        BeforeValidator(unquote),
        StringConstraints(strip_whitespace=True, min_length=3, max_length=REASON_MAX_CHARS),
        Storable,
    ]
    | None,
    Header(
        alias="X-Read-Reason",
        description="Why you read this. The read log keeps it. Percent-encode what is not ASCII.",
    ),
]


def reference_of(request: Request) -> tuple[str, str] | None:
    """Return the parameter that names the subject of a request, and its value.

    Return None for a list, and for a value that the route refuses.
    """
    for name, check in REFERENCES.items():
        if name in request.path_params:
            return _checked(name, check, request.path_params[name])
    # Only a parameter that the route has counts. Another would name a case that the route does not show.
    known = {param.alias for param in request.scope["route"].dependant.query_params}
    for name in _CASE_FILTERS:
        if name in known and name in request.query_params:
            return _checked("ack_no", _ACK_NO, request.query_params[name])
    return None


def read_of(request: Request, services: Services, officer: Officer, reason: str, *, outside: bool) -> NewRead | None:
    """Return what a reading request reads, or None for a route that shows no case."""
    route: str = request.scope["route"].path_format
    if route in SHOWS_NO_CASE:
        return None
    if draft := _draft(request):
        return _read(request, services, officer, ReadKind.PERSON, draft, None, reason)
    reference = reference_of(request)
    if reference is None:
        return _read(request, services, officer, ReadKind.LIST, route, None, reason)
    return _read(
        request, services, officer, _kind(route, reference[0]), reference[1], reference[0], reason, outside=outside
    )


async def note_account(request: Request, services: Services, officer: Officer, account: str, reason: str) -> None:
    """Write that an officer reads an account, as `bank/account`. The body names it, so the route calls this."""
    await services.read_log.note(_read(request, services, officer, ReadKind.ACCOUNT, account, None, reason))


async def note_case(
    request: Request, services: Services, officer: Officer, ack_no: str, reason: str, *, outside: bool
) -> None:
    """Write that an officer reads a case that the request names beside its path."""
    kind = ReadKind.CASE
    await services.read_log.note(_read(request, services, officer, kind, ack_no, "ack_no", reason, outside=outside))


async def note_persons(
    request: Request, services: Services, officer: Officer, ack_nos: Sequence[str], reason: str
) -> None:
    """Write that an officer has looked up a victim, with each complaint that was found.

    What was asked for is personal data, so it is not written. A search without a result is a read too.
    """
    kind, route = ReadKind.PERSON, request.scope["route"].path_format
    reads = [_read(request, services, officer, kind, ack_no, "ack_no", reason) for ack_no in ack_nos]
    reads = reads or [_read(request, services, officer, kind, route, None, reason)]
    await asyncio.gather(*(services.read_log.note(read) for read in reads))


async def note_cases(
    request: Request, services: Services, officer: Officer, case_nos: Sequence[str], reason: str
) -> None:
    """Write that an officer reads cases of which the body names some."""
    reads = [_read(request, services, officer, ReadKind.CASE, case_no, "ack_no", reason) for case_no in case_nos]
    await asyncio.gather(*(services.read_log.note(read) for read in reads))


async def note_search(
    request: Request,
    services: Services,
    officer: Officer,
    sought: Sequence[Sought],
    shown_cases: Sequence[FoundCase],
    reason: str,
) -> None:
    """Write that an officer has searched, with each case that the page shows.

    An account that was asked for is written too, unless the text can be a victim's mobile number.
    """
    of_persons = {meaning.kind for meaning in sought} & PERSONS
    route = request.scope["route"].path_format
    reads = [
        _read(
            *(request, services, officer),
            ReadKind.PERSON if PERSONS.intersection(case.found_by) else ReadKind.CASE,
            *(case.case_ack_no, "ack_no", reason),
        )
        for case in shown_cases
    ]
    if not of_persons:
        reads += [
            _read(
                request,
                services,
                officer,
                ReadKind.ACCOUNT,
                f"{meaning.institution or '*'}/{meaning.key}",
                None,
                reason,
            )
            for meaning in sought
            if meaning.kind in {SearchKind.ACCOUNT, SearchKind.VPA}
        ]
    if not shown_cases:
        kind = ReadKind.PERSON if of_persons else ReadKind.LIST
        reads.append(_read(request, services, officer, kind, route, None, reason))
    await asyncio.gather(*(services.read_log.note(read) for read in reads))


def _draft(request: Request) -> str | None:
    """Return the draft that a request names. It is of no case before it is sent."""
    reference = (
        _checked("draft_id", _UUID, request.path_params["draft_id"]) if "draft_id" in request.path_params else None
    )
    return reference[1] if reference else None


def _kind(route: str, named_by: str) -> ReadKind:
    if route in SHOWS_PERSON:
        return ReadKind.PERSON
    return ReadKind.DOCUMENT if named_by == "document_id" else ReadKind.CASE


def _read(
    request: Request,
    services: Services,
    officer: Officer,
    kind: ReadKind,
    subject: str,
    reference: str | None,
    reason: str,
    *,
    outside: bool = False,
) -> NewRead:
    return NewRead(
        reader=officer.actor,
        kind=kind,
        subject=subject,
        reference=reference,
        route=request.scope["route"].path_format,
        address=address_of(request, services.trusted_proxies),
        session_id=officer.session_id,
        token_id=officer.token_id,
        reason=reason,
        outside=outside,
    )


def _checked(name: str, check: TypeAdapter[Any], value: str) -> tuple[str, str] | None:
    try:
        return name, str(check.validate_python(value))
    except ValidationError:
        # The route refuses the value by the same check.
        return None
