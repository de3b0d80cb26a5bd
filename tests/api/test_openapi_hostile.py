"""What no honest client sends: each part of a good request made absurd in turn. Each gets a described response."""

import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import count, product
from typing import Any, Final

import httpx
import pytest

from tests.api.conftest import complaint, line, transfer
from tests.api.openapi_world import (
    WALLETS_RRN,
    AnyOperation,
    Caller,
    NewWorld,
    World,
    described,
    filled,
    judge,
    new_world,
)
from tests.deep import sample

__all__ = ["filled", "new_world"]

pytestmark = pytest.mark.world

WHY: Final = {"reason": "told by phone"}
HOP: Final[dict[str, Any]] = {
    "parent_hop_no": 2,
    "payee": {"institution": "SBIN", "account": "50100000000077", "ifsc": "SBIN0000001"},
    "amount_paise": 1000,
    "disputed_paise": 1000,
    "mode": "imps",
    "reference": "712345678901",
    "transferred_at": "2026-11-24T10:06:00+05:30",
    **WHY,
}
LINES: Final[list[dict[str, Any]]] = [
    {
        "kind": "held",
        "hop": 1,
        "amount_paise": 100,
        "balance_paise": 100,
        "at": "2026-11-24T10:10:00+05:30",
        "remarks": "as told",
    },
    {
        "kind": "moved",
        "hop": 1,
        "amount_paise": 100,
        "transfer_paise": 200,
        "reference": "722345678901",
        "payee": {"institution": "HDFC", "account": "50100000000078", "ifsc": "HDFC0000001"},
    },
    {"kind": "withdrawn", "hop": 1, "amount_paise": 100, "by": "atm", "reference": "9", "place": "Agra"},
    {"kind": "spent", "hop": 1, "amount_paise": 100, "merchant": "A Shop", "reference": "8"},
    {"kind": "refused", "hop": 1, "code": "15"},
]
WHOLE_COMPLAINT: Final = complaint(
    victim={
        "name": "Asha Devi",
        "mobile": "9876543210",
        "district": "LUCKNOW",
        "senior": True,
        "woman": True,
        "child": False,
    },
    transfers=[transfer(rrn="455555555555", utr="HDFCN52026112401", time_missing=False)],
)
UPDATE: Final = {
    "job_id": "J1",
    "transactions": [
        line("held", WALLETS_RRN, "9876500000", amount="1.00", disputed_amount="1.00", root_effective_balance="1.00")
    ],
}

GOOD: Final[dict[str, tuple[Caller, Any, int]]] = {
    "take_complaint": (Caller.DESK, WHOLE_COMPLAINT, 201),
    "search_account": (Caller.DESK, {"institution": "SBIN", "account": "30000000001", "limit": 5}, 200),
    "search_victims": (Caller.DESK, {"name": "Asha Devi", "mobile": "9876543210"}, 200),
    "resolve_discrepancy": (Caller.SUPERVISOR, {"decision": "noted", "replaces": None, **WHY}, 200),
    "add_hop": (Caller.DESK, HOP, 201),
    "correct_hop": (
        Caller.DESK,
        {"rrn": "712345678901", "amount_paise": 6_000_00, "transferred_at": HOP["transferred_at"], **WHY},
        200,
    ),
    "escalate_request": (Caller.DESK, WHY, 200),
    "stop_request": (Caller.SUPERVISOR, WHY, 200),
    "close_task": (Caller.DESK, WHY, 200),
    "acknowledge_hold": (Caller.SIGNING_BANK, {}, 200),
    "answer_hold": (Caller.BANK, {"lines": LINES}, 200),
    "log_in_bank": (Caller.STRANGER, {"email": "sbin@banks.example", "password": "the password of SBIN"}, 200),
}
"""by operation: who sends what, and what it is told"""

ABSURD: Final[list[Any]] = [
    None,
    True,
    "",
    "a\x00b",
    "\udfff\ud800",
    "\u202e\ufeff\u2028",
    "\N{FULLWIDTH DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}",
    "\N{PILE OF POO}" * 600,
    "9" * 5_000,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    -1,
    0,
    2**31,
    2**63,
    -(2**63) - 1,
    10**4_000,
    1.5,
    float("nan"),
    [],
    {"\x00": {"\ud800": [[]]}},
]
STRIDE: Final = 19
"""each value stands in every nineteenth part, and each part has a value: 21 values and the stride share no factor"""
RAW: Final = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "half a character": b'{"reason": "\xed\xa0\x80"}',
    "a mark before it": b"\xef\xbb\xbf{}",
    "in two bytes a character": '{"reason": "wide"}'.encode("utf-16"),
    "a name twice": b'{"reason": "one", "reason": "two"}',
    "deep": b"[" * 30_000,
    "long number": b"9" * 30_000,
    "far exponent": b'{"amount_paise": 1e-999999999}',
    "two bodies": b"{}{}",
}
RAW_STRIDE: Final = 4
"""outside deep runs an operation gets every fourth of the bodies above, and the next three operations the others"""
_keys = count()


def places(whole: Any, so_far: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every part of a body, the whole first."""
    yield so_far
    inner = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    for name, part in inner:
        yield from places(part, (*so_far, name))


def changed(whole: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The body with another value there."""
    if not place:
        return value
    copy = deepcopy(whole)
    part = copy
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    return copy


def place_of(operation_id: str, everything: World) -> dict[str, str]:
    """The parameters of its path: what is there, as far as the world has it."""
    return described().somewhere(operation_id) | dict(everything.known)


async def post(everything: World, operation_id: str, body: bytes, caller: Caller) -> httpx.Response:
    """Send it to what is there, and judge the response."""
    operation = described().operations[operation_id]
    place = place_of(operation_id, everything)
    headers = [(b"content-type", b"application/json"), (b"idempotency-key", f"absurd-{next(_keys)}".encode())]
    response = await everything.send(operation.method.upper(), operation.path.format(**place), body, headers, caller)
    judge(operation.Case(path_parameters=place), response)
    return response


def taking_bodies(names: list[str]) -> list[str]:
    """Return those of the operations that take a body."""
    return [name for name in names if "requestBody" in described().operations[name].definition.raw]


def sharing() -> Iterator[list[str]]:
    """Yield the operations that take a body, those together that can share a world."""
    for tag, names in sorted(described().by_tag.items()):
        taking = taking_bodies(names)
        # What one verb of the desk does uses up what the next is about.
        yield from ([name] for name in taking) if tag == "desk" else [taking]


async def test_every_part_of_a_body_made_absurd(new_world: NewWorld, subtests: pytest.Subtests) -> None:
    turns, stride = count(), sample(RAW_STRIDE)
    for names in filter(None, sharing()):
        async with new_world() as everything:
            for operation_id in names:
                with subtests.test(operation_id):
                    await tried_absurdly(everything, operation_id, slice(next(turns) % stride, None, stride))


async def tried_absurdly(everything: World, operation_id: str, raw: slice) -> None:
    """A good body with each of its parts absurd, then some bytes that are none, then the good one."""
    caller, good, status = good_one(operation_id, everything)
    whole = json.dumps(good).encode()
    # Who has logged in once is let in again, however often others have tried the same e-mail since.
    told = [await post(everything, operation_id, whole, caller)] if operation_id == "log_in_bank" else []
    for place, value in absurdities(good):
        told.append(await post(everything, operation_id, json.dumps(changed(good, place, value)).encode(), caller))
    told += [await post(everything, operation_id, body, caller) for body in [*RAW.values()][raw]]
    # Some of what looks absurd is not: the good one may find that what it asks for was done by another.
    told.append(await post(everything, operation_id, whole, caller))
    assert status is None or status in {response.status_code for response in told}


def absurdities(good: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each absurd value at some part of the body and each part with some of them; in deep runs every pair.

    Else the values take turns: the next part begins where the last one ended, so that all are tried.
    """
    pairs = list(product(places(good), ABSURD))
    yield from pairs[:: sample(STRIDE)]


def good_one(operation_id: str, everything: World) -> tuple[Caller, Any, int | None]:
    """Who sends what to the operation and what they are told, where the table says it; else the first that fits."""
    if operation_id == "take_status_update":
        return Caller.WALLET, {"acknowledgement_no": everything.known["ack_no"], **UPDATE}, 200
    if operation_id in GOOD:
        return GOOD[operation_id]
    return described().rightful(operation_id)[-1], described().first_case(operation_id).body, None


# -- paths, queries and header fields ----------------------------------------------------------------------------------

ODD_TEXTS: Final = [
    "%00",
    "%ED%A0%80",
    "%F0%9F%92%A9" * 40,
    "a%2F..%2F",
    "%0d%0aX-Other:1",
    "9" * 5_000,
    "-0",
    "%EF%BC%91",
    "2026-11-24",
    "0001-01-01T00%3A00%3A00%2B14%3A00",
    "",
]
ODD_FIELDS: Final = [b"\xff\x80", b"9" * 5_000]
ODD_NAMES: Final = [
    b"authorization",
    b"content-type",
    b"content-length",
    b"accept",
    b"host",
    b"idempotency-key",
    b"last-event-id",
    b"signature-input",
    b"content-digest",
]
"""an event stream is asked for by `accept` alone, and never by these"""
ODD_STRIDE: Final = 5
"""outside deep runs an operation gets every fifth odd value at each place, and the next four operations the others"""
TYPED: Final = (b"content-type", b"application/json")
KEYED: Final = (b"idempotency-key", b"odd")


async def test_odd_paths_queries_and_fields(new_world: NewWorld, subtests: pytest.Subtests) -> None:
    stride = sample(ODD_STRIDE)
    async with new_world() as everything:
        for number, operation_id in enumerate(sorted(described().operations)):
            with subtests.test(operation_id):
                await tried_oddly(everything, operation_id, slice(number % stride, None, stride))


async def tried_oddly(everything: World, operation_id: str, some: slice) -> None:
    """The operation's path, query and header fields, one odd at a time; of the odd values `some`."""
    operation = described().operations[operation_id]
    method, caller = operation.method.upper(), described().rightful(operation_id)[0]
    place = place_of(operation_id, everything)
    known = operation.path.format(**place)
    case = operation.Case(path_parameters=place)
    body = b"{}" if method == "POST" else b""
    for path in odd_paths(operation, place, some):
        response = await everything.send(method, path, body, [TYPED], caller)
        # An empty part, or one with a slash, makes it another path: there is no such route.
        if response.status_code not in {404, 405}:
            judge(case, response)
    for question in odd_questions([query.name for query in operation.query], some):
        judge(case, await everything.send(method, f"{known}?{question}", body, [TYPED], caller))
    for name, odd in list(product(ODD_NAMES, ODD_FIELDS))[some]:
        headers = [(name, odd), *(field for field in (TYPED, KEYED) if field[0] != name)]
        judge(case, await everything.send(method, known, body, headers, caller))


def odd_paths(operation: AnyOperation, place: dict[str, str], some: slice) -> Iterator[str]:
    """The operation's path with each of its parameters odd."""
    for parameter, odd in product(operation.path_parameters, ODD_TEXTS[some]):
        yield operation.path.format(**{**place, parameter.name: odd})


def odd_questions(names: list[str], some: slice) -> Iterator[str]:
    """Queries that no honest caller asks."""
    for name, odd in product(names, ODD_TEXTS[some]):
        yield f"{name}={odd}"
    yield "%00=%00"
    yield from (f"{name}=1&{name}=2" for name in names)
    if not some.start:
        yield "&".join(f"n{number}=1" for number in range(2_000))
