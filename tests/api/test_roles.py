"""Every route by every role. The table is the test's own: a route that is not in it fails."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import jwt
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from activities.secrets import Purpose, SecretBox
from api.roles import ALLOWED, Action
from api.tokens import TTL_SECONDS, BadToken, BankDoor, Tokens
from schemas.enums import Role
from tests.api.conftest import Doors, complaint

ALL: Final = frozenset(Role)
DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
READERS: Final = DESK | {Role.AUDITOR}
IO: Final = frozenset({Role.IO})
"""the investigating officer"""
ABOVE: Final = frozenset({Role.DY_SP, Role.SP})
POLICE: Final = IO | ABOVE | {Role.DISTRICT_GRO, Role.STATE_GRO}
PUBLIC: Final = None
BANK: Final = "bank"

CASE: Final = "/api/v1/cases/{ack_no}"
HOLD: Final = "/api/v1/bank/holds/{hold_id}"
INQUIRY: Final = "/api/v1/bank/debit-inquiries/{inquiry_id}"
HOP: Final[dict[str, Any]] = {
    "parent_hop_no": 1,
    "payee": {"institution": "HDFC", "account": "50100000000077"},
    "amount_paise": 1000,
    "disputed_paise": 1000,
    "reference": "712345678901",
    "transferred_at": "2026-11-24T10:06:00+05:30",
    "reason": "told by phone",
}
LIENS: Final = {"list_id": "L-1", "as_of": "2026-11-24T06:00:00Z", "page": 1, "pages": 1, "liens": []}
WHY: Final = {"reason": "told by phone"}
OFFICER: Final = {
    "duty": "io",
    "subject": "r.sharma",
    "name": "R. Sharma",
    "rank": "Inspector",
    "police_station": "Cyber Crime",
    "district": "LUCKNOW",
    "phone": "9000000009",
}
COURT_ORDER: Final = {
    "kind": "bnss_503",
    "effect": "keep_hold",
    "court": "CJM Lucknow",
    "order_no": "12/2026",
    "made_on": "2026-11-24",
}
RESTORATION: Final = "/api/v1/restorations/{restoration_id}"
ORDER: Final = "/api/v1/orders/{order_id}"
BANK_ORDER: Final = "/api/v1/bank/orders/{order_id}"
DONE: Final = {"lines": [{"line_no": 1, "amount_paise": 1, "done_at": "2026-11-24T06:00:00Z"}]}
CREDIT: Final = "/api/v1/complaints/{ack_no}/credit-accounts"
CORRECTIONS: Final = "/api/v1/complaints/{ack_no}/victim-corrections"
WITHDRAWALS: Final = "/api/v1/complaints/{ack_no}/withdrawals"
ACCOUNT: Final = {
    "holder_name": "A. Victim",
    "account": "50100000000042",
    "ifsc": "HDFC0000042",
    "institution": "HDFC",
    "reason": "closed",
    "proof": "passbook",
}
ACCOUNT_HOLD: Final = "/api/v1/holds/{account_hold_id}"
GRIEVANCE: Final = "/api/v1/grievances/{grievance_id}"
FOUND: Final = {"kyc": "genuine", "finding": "a shop since 2011"}
SEEN: Final[dict[str, Any]] = {"step": "approval", "visit_no": 1}

EXPECTED: Final[Mapping[tuple[str, str], tuple[frozenset[Role] | str | None, Any]]] = {
    ("POST", "/api/v1/complaints"): (DESK | {Role.INTAKE}, complaint()),
    ("GET", "/api/v1/cases"): (READERS, None),
    ("GET", CASE): (ALL, None),
    ("GET", f"{CASE}/trail"): (READERS, None),
    ("GET", f"{CASE}/told-transfers"): (READERS, None),
    ("GET", f"{CASE}/contested-transfers"): (READERS | POLICE, None),
    ("POST", f"{CASE}/hops/{{hop_no}}/payer-decisions"): (DESK | IO, {**WHY, "ack_no": "22411260000001"}),
    ("POST", f"{CASE}/hops/{{hop_no}}/payer-decisions/{{decision_id}}/agree"): (
        ABOVE | {Role.SUPERVISOR, Role.ADMIN},
        {"ack_no": "22411260000001"},
    ),
    ("GET", f"{CASE}/payer-inquiries"): (READERS, None),
    ("POST", f"{CASE}/found-transfers/{{found_id}}/decide"): (DESK, {**WHY, "decision": "dismissed"}),
    ("GET", f"{CASE}/ledger"): (READERS, None),
    ("GET", f"{CASE}/events"): (READERS, None),
    ("GET", f"{CASE}/requests"): (READERS, None),
    ("GET", f"{CASE}/answers"): (READERS, None),
    ("GET", f"{CASE}/discrepancies"): (READERS, None),
    ("GET", f"{CASE}/police"): (READERS | POLICE, None),
    ("POST", f"{CASE}/officer"): (ABOVE | {Role.SUPERVISOR, Role.ADMIN}, OFFICER),
    ("POST", f"{CASE}/fir"): (DESK | IO, {"kind": "zero_fir"}),
    ("POST", f"{CASE}/fir/{{fir_id}}/copy"): (DESK | IO, {"document": b64encode(b"%PDF-1.4").decode()}),
    ("GET", f"{CASE}/fir/{{fir_id}}/copy"): (READERS | POLICE, None),
    ("POST", f"{CASE}/fir/{{fir_id}}/sign"): (DESK | IO, {"signed_at": "2026-11-24T10:06:00+05:30", **WHY}),
    ("POST", f"{CASE}/court-orders"): (DESK | IO, COURT_ORDER),
    ("GET", f"{CASE}/court-orders/{{court_order_id}}/document"): (READERS | POLICE, None),
    ("POST", "/api/v1/court-orders"): (DESK | IO, COURT_ORDER | {"about": [{"ack_no": "29999999999999"}]}),
    ("POST", f"{CASE}/court-orders/{{court_order_id}}/document"): (
        DESK | IO,
        {"document": b64encode(b"%PDF-1.4").decode()},
    ),
    ("POST", f"{CASE}/court-orders/{{court_order_id}}/confirm"): (IO | ABOVE | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("POST", f"{CASE}/court-orders/{{court_order_id}}/withdraw"): (DESK | IO, WHY),
    ("POST", f"{CASE}/duties/{{kind}}/done"): (IO | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("GET", f"{CASE}/messages"): (READERS | POLICE, None),
    ("GET", "/api/v1/messages"): (READERS | POLICE, None),
    ("POST", "/api/v1/messages/{message_id}/send-again"): (DESK | IO, {}),
    ("GET", "/api/v1/discrepancies/by-bank"): (READERS, None),
    ("POST", "/api/v1/discrepancies/{discrepancy_id}/settle"): (DESK, {"decision": "noted", **WHY}),
    ("POST", "/api/v1/accounts/search"): (READERS, {"institution": "SBIN", "account": "30000000001"}),
    ("POST", "/api/v1/victims/search"): (DESK, {"name": "Asha Devi"}),
    ("POST", f"{CASE}/hops"): (DESK, HOP),
    ("POST", f"{CASE}/hops/{{hop_no}}/correct"): (DESK, {"rrn": "712345678901", **WHY}),
    ("POST", f"{CASE}/requests/{{request_id}}/escalate"): (DESK, WHY),
    ("POST", f"{CASE}/requests/{{request_id}}/send-again"): (DESK, WHY),
    ("POST", f"{CASE}/requests/{{request_id}}/stop"): (DESK, WHY),
    ("GET", "/api/v1/desk/tasks"): (READERS | POLICE, None),
    ("GET", "/api/v1/desk/call-list"): (READERS, None),
    ("GET", "/api/v1/scorecards"): (READERS, None),
    ("GET", "/api/v1/scorecards.csv"): (READERS, None),
    ("GET", "/api/v1/reconciliations"): (READERS, None),
    ("GET", "/api/v1/reconciliations/by-institution"): (READERS, None),
    ("GET", "/api/v1/reconciliations/{reconciliation_id}"): (READERS, None),
    ("POST", "/api/v1/desk/tasks/{task_id}/close"): (DESK, WHY),
    ("GET", "/api/v1/release-brake"): (READERS | POLICE, None),
    ("POST", "/api/v1/release-brake/continue"): (
        frozenset({Role.SUPERVISOR, Role.ADMIN}),
        {"brake_id": 1, "releases": 1, "paise": 1, **WHY},
    ),
    ("GET", "/api/v1/restorations"): (READERS | POLICE, None),
    ("GET", "/api/v1/restorations/figures"): (READERS | POLICE, None),
    ("GET", RESTORATION): (READERS | POLICE, None),
    ("POST", f"{RESTORATION}/receive-application"): (DESK | IO, SEEN),
    ("POST", f"{RESTORATION}/verify"): (IO, SEEN),
    ("POST", f"{RESTORATION}/send-back"): (IO | ABOVE, SEEN | WHY),
    ("POST", f"{RESTORATION}/object"): (DESK | IO, SEEN | {"by_whom": "holder", "text": "it is my pay"}),
    ("POST", f"{RESTORATION}/decide-objection"): (ABOVE, SEEN | WHY | {"objection_id": 1, "decision": "upheld"}),
    ("POST", f"{RESTORATION}/waive-notice"): (IO | {Role.DY_SP}, SEEN | WHY),
    ("POST", f"{RESTORATION}/take-order"): (IO | {Role.DY_SP}, SEEN | {"court_order_id": 1}),
    ("POST", f"{RESTORATION}/prepare"): (IO | {Role.DY_SP}, SEEN),
    ("POST", f"{RESTORATION}/approve"): (frozenset({Role.SP}), SEEN),
    ("POST", f"{RESTORATION}/refuse"): (frozenset({Role.SP}), SEEN | WHY),
    ("POST", f"{RESTORATION}/receive-bond"): (DESK | IO, SEEN),
    ("POST", f"{RESTORATION}/cancel"): (frozenset({Role.SUPERVISOR, Role.ADMIN}), SEEN | WHY),
    ("POST", f"{RESTORATION}/reopen"): (frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP}), WHY),
    ("GET", f"{CASE}/evidence"): (frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.IO, Role.SP}), None),
    ("GET", "/api/v1/holds"): (READERS | POLICE, None),
    ("GET", ACCOUNT_HOLD): (READERS | POLICE, None),
    ("POST", f"{ACCOUNT_HOLD}/decide-small"): (IO | ABOVE, {"decision": "keep", **WHY}),
    ("GET", f"{ACCOUNT_HOLD}/releases"): (READERS | POLICE, None),
    ("POST", f"{ACCOUNT_HOLD}/release/hear"): (DESK | IO, {"ack_no": "29999999999999", "said": "it is mine"}),
    ("POST", f"{ACCOUNT_HOLD}/release/confirm"): (POLICE | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("POST", f"{ACCOUNT_HOLD}/release/reject"): (POLICE | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("POST", f"{ACCOUNT_HOLD}/grievances"): (DESK | IO, {"text": "it is my pay", "language": "hi"}),
    ("POST", f"{ACCOUNT_HOLD}/appeal-code"): (DESK | IO, WHY),
    ("PUT", f"{ACCOUNT_HOLD}/holder-contact"): (DESK | IO, {"phone": "9876500000"}),
    ("GET", "/api/v1/grievance-officers"): (READERS | POLICE, None),
    ("PUT", "/api/v1/grievance-officers"): (
        frozenset({Role.SUPERVISOR, Role.ADMIN}),
        {"level": "state_gro", "name": "A. Sinha", "phone": "9000000007"},
    ),
    ("GET", "/api/v1/grievances"): (READERS | POLICE, None),
    ("GET", GRIEVANCE): (READERS | POLICE, None),
    ("POST", f"{GRIEVANCE}/report"): (DESK, FOUND),
    ("POST", f"{GRIEVANCE}/decide"): (
        IO | {Role.DY_SP, Role.DISTRICT_GRO, Role.STATE_GRO},
        {"level": "io", "decision": "upheld", **WHY},
    ),
    ("POST", f"{GRIEVANCE}/escalate"): (frozenset({Role.SUPERVISOR, Role.ADMIN}), {"level": "io", **WHY}),
    ("POST", f"{GRIEVANCE}/appeal-on"): (DESK | IO, {"level": "io"}),
    ("POST", f"{GRIEVANCE}/withdraw"): (DESK, {"level": "io", **WHY}),
    ("GET", "/api/v1/bank/grievances"): (BANK, None),
    ("POST", "/api/v1/bank/grievances/{grievance_id}/report"): (BANK, FOUND),
    ("GET", "/api/v1/documents"): (READERS | POLICE, None),
    ("GET", "/api/v1/documents/{document_id}"): (READERS | POLICE, None),
    ("GET", f"{CASE}/documents/{{kind}}/lacking"): (READERS | POLICE, None),
    ("GET", "/api/v1/bank/documents"): (BANK, None),
    ("GET", "/api/v1/bank/documents/{document_id}"): (BANK, None),
    ("GET", "/api/v1/bank/documents/{document_id}/fir"): (BANK, None),
    ("POST", f"{ACCOUNT_HOLD}/approve-attachment"): (frozenset({Role.SP}), WHY),
    ("POST", f"{CASE}/documents"): (DESK | IO | ABOVE, {"kind": "status_letter", "language": "hi"}),
    ("GET", "/api/v1/orders"): (READERS | POLICE, None),
    ("GET", ORDER): (READERS | POLICE, None),
    ("POST", f"{ORDER}/send-again"): (DESK, WHY),
    ("POST", f"{ORDER}/cancel"): (frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP}), WHY),
    ("POST", f"{ORDER}/cancellation-told"): (frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP}), {"note": "by phone"}),
    ("GET", CORRECTIONS): (DESK | IO | ABOVE, None),
    ("POST", CORRECTIONS): (DESK | IO, {"mobile": "9876543210", **WHY}),
    ("POST", f"{CORRECTIONS}/{{correction_id}}/agree"): (ABOVE | {Role.SUPERVISOR, Role.ADMIN}, {}),
    ("POST", f"{CORRECTIONS}/{{correction_id}}/reject"): (ABOVE | {Role.SUPERVISOR, Role.ADMIN}, {}),
    ("GET", WITHDRAWALS): (READERS | POLICE, None),
    ("POST", WITHDRAWALS): (DESK | IO, {"kind": "false", **WHY}),
    ("POST", f"{WITHDRAWALS}/{{withdrawal_id}}/agree"): (ABOVE | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("POST", f"{WITHDRAWALS}/{{withdrawal_id}}/reject"): (ABOVE | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("GET", CREDIT): (READERS | POLICE, None),
    ("POST", CREDIT): (DESK | IO, ACCOUNT),
    ("POST", f"{CREDIT}/{{account_id}}/confirm"): (
        ABOVE | {Role.SUPERVISOR, Role.ADMIN},
        {"account": "50100000000042", "ifsc": "HDFC0000042"},
    ),
    ("POST", f"{CREDIT}/{{account_id}}/object"): (DESK | IO, WHY),
    ("POST", f"{CREDIT}/{{account_id}}/withdraw"): (ABOVE | {Role.SUPERVISOR, Role.ADMIN}, WHY),
    ("POST", f"{ORDER}/confirm"): (DESK, {**DONE, "note": "told by phone"}),
    ("GET", "/api/v1/bank/orders"): (BANK, None),
    ("GET", BANK_ORDER): (BANK, None),
    ("GET", f"{BANK_ORDER}/document"): (BANK, None),
    ("POST", f"{BANK_ORDER}/acknowledge"): (BANK, {}),
    ("POST", f"{BANK_ORDER}/acknowledge-cancellation"): (BANK, {}),
    ("POST", f"{BANK_ORDER}/confirm"): (BANK, DONE),
    ("POST", f"{BANK_ORDER}/refuse"): (BANK, {"code": "X", "reason": "no such hold"}),
    ("GET", "/api/v1/bank/holds"): (BANK, None),
    ("GET", HOLD): (BANK, None),
    ("POST", f"{HOLD}/acknowledge"): (BANK, {}),
    ("POST", f"{HOLD}/answer"): (BANK, {"lines": [{"kind": "refused", "hop": 1, "code": "20"}]}),
    ("POST", f"{HOLD}/release-confirm"): (BANK, {}),
    ("GET", "/api/v1/bank/debit-inquiries"): (BANK, None),
    ("GET", INQUIRY): (BANK, None),
    ("POST", f"{INQUIRY}/answer"): (BANK, {"lines": [{"kind": "not_debited", "code": "02"}]}),
    ("GET", "/api/v1/bank/policies"): (BANK, None),
    ("GET", "/api/v1/bank/liens/wanted"): (BANK, None),
    ("POST", "/api/v1/bank/liens"): (BANK, LIENS),
    ("POST", "/banking/login"): (PUBLIC, {"email": "nobody@banks.example", "password": "x"}),
    ("POST", "/banking/FraudReportStatusUpdate"): (BANK, {}),
    ("GET", "/healthz"): (PUBLIC, None),
    ("GET", "/api/v1/evidence-keys"): (PUBLIC, None),
    ("GET", "/readyz"): (PUBLIC, None),
    ("GET", "/metrics"): (PUBLIC, None),
    ("GET", "/api/v1/openapi.json"): (PUBLIC, None),
    ("HEAD", "/api/v1/openapi.json"): (PUBLIC, None),
}
ANSWER_PAGE: Final = {(method, f"/a/{path}") for method in ("GET", "HEAD", "POST") for path in ("{token}", "o/{token}")}
"""No role opens it: the token in the path is what it goes by (test_answer_pages)."""
ASKED: Final = {"/api/v1/documents": {"case": "29999999999999"}}
"""what a route cannot be called without, beside its path"""
APPEAL_PAGE: Final = {(method, path) for method in ("GET", "HEAD", "POST") for path in ("/appeal", "/appeal/{token}")}
"""No role opens it: the holder of an account comes in by a reference and a code (test_appeals)."""
CREDIT_PAGE: Final = {(method, "/c/{token}") for method in ("GET", "HEAD", "POST")}
"""No role opens it: the victim comes in by the link in a message (test_credit_account_page)."""
NUMBERS: Final = {
    "account_hold_id": "00000000-0000-4000-8000-000000000000",
    "inquiry_id": "00000000-0000-4000-8000-000000000000",
    "grievance_id": "00000000-0000-4000-8000-000000000000",
    "ack_no": "29999999999999",
    "hop_no": "1",
    "task_id": "1",
    "reconciliation_id": "1",
    "discrepancy_id": "1",
    "found_id": "1",
    "court_order_id": "1",
    "kind": "follow_up",
    "fir_id": "00000000-0000-4000-8000-000000000000",
    "message_id": "00000000-0000-4000-8000-000000000000",
    "hold_id": "00000000-0000-4000-8000-000000000000",
    "document_id": "00000000-0000-4000-8000-000000000000",
    "restoration_id": "00000000-0000-4000-8000-000000000000",
    "request_id": "00000000-0000-4000-8000-000000000000",
    "account_id": "1",
    "decision_id": "1",
    "withdrawal_id": "1",
    "correction_id": "1",
    "order_id": "00000000-0000-4000-8000-000000000000",
}


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers."""
    for route in app.routes:
        for inner in getattr(route, "original_router", app).routes if hasattr(route, "original_router") else [route]:
            for method in getattr(inner, "methods", None) or {"?"}:
                yield method, getattr(inner, "path", "?")


async def call(doors: Doors, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
    """Call a route with a body that fits it."""
    body = EXPECTED[method, path][1]
    return await doors.client.request(
        method,
        path.format(**NUMBERS),
        params=ASKED.get(path),
        json=body,
        headers={"Idempotency-Key": "roles", **headers},
    )


async def test_every_route_stands_in_the_table(doors: Doors) -> None:
    assert set(routes_of(doors.app)) == set(EXPECTED) | ANSWER_PAGE | APPEAL_PAGE | CREDIT_PAGE


async def test_every_route_by_every_role(doors: Doors) -> None:
    for (method, path), (allowed, _) in EXPECTED.items():
        if not isinstance(allowed, frozenset):
            continue
        for role in Role:
            response = await call(doors, method, path, doors.officer(role))
            if role in allowed:
                assert response.status_code not in {401, 403, 405, 422, 500}, (method, path, role, response.text)
            else:
                assert response.status_code == 403, (method, path, role, response.text)
                assert response.json()["type"] == "urn:goldenhour:problem:not-allowed"


async def test_no_route_without_a_token_but_the_public_ones(doors: Doors) -> None:
    for (method, path), (allowed, _) in EXPECTED.items():
        for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eDp5"}):
            response = await call(doors, method, path, headers)
            if allowed is not PUBLIC or path == "/banking/login":
                assert response.status_code == 401, (method, path, response.text)
                assert response.headers["www-authenticate"].startswith("Bearer")
            else:
                assert response.status_code == 200, (method, path, response.text)


async def test_a_banks_token_opens_no_officers_door_and_the_other_way_round(doors: Doors) -> None:
    for (method, path), (allowed, _) in EXPECTED.items():
        headers = doors.officer(Role.ADMIN) if allowed == BANK else doors.bank("SBIN")
        response = await call(doors, method, path, headers)
        if allowed is not PUBLIC or path == "/banking/login":
            assert response.status_code == 401, (method, path, response.text)


def test_the_table_of_roles_names_every_action() -> None:
    assert set(ALLOWED) == set(Action)


@pytest.fixture
def secret_box() -> SecretBox:
    return SecretBox(SecretStr("k" * 40))


def test_a_token_says_who_and_what(secret_box: SecretBox) -> None:
    tokens = Tokens(secret_box)
    officer = tokens.officer(tokens.for_officer("r.sharma", Role.DESK))
    assert (officer.subject, officer.role, officer.actor) == ("r.sharma", Role.DESK, "officer:r.sharma")
    assert tokens.bank(tokens.for_bank("SBIN"), BankDoor.API) == "SBIN"


@pytest.mark.parametrize(
    ("changes", "drop"),
    [
        ({"exp": 1}, None),
        ({"iss": "somebody"}, None),
        ({"aud": "goldenhour/banks"}, None),
        ({"role": "king"}, None),
        ({}, "exp"),
        ({}, "aud"),
        ({}, "sub"),
        ({}, "role"),
    ],
)
def test_a_token_that_lacks_anything_is_none(secret_box: SecretBox, changes: dict[str, Any], drop: str | None) -> None:
    key = secret_box.derive_key(Purpose.OFFICER_TOKENS)
    good = jwt.decode(Tokens(secret_box).for_officer("x", Role.DESK), key, ["HS256"], audience="goldenhour/officers")
    claims = {**good, **changes}
    claims.pop(drop or "", None)
    with pytest.raises(BadToken):
        Tokens(secret_box).officer(jwt.encode(claims, key, "HS256"))


def test_a_token_under_another_key_or_none_is_none(secret_box: SecretBox) -> None:
    claims = {"iss": "goldenhour", "aud": "goldenhour/officers", "sub": "x", "role": "admin", "iat": 1, "exp": 2**33}
    for token in (
        Tokens(SecretBox(SecretStr("j" * 40))).for_officer("x", Role.ADMIN),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, secret_box.derive_key(Purpose.BANK_TOKENS), "HS256"),
        "",
    ):
        with pytest.raises(BadToken):
            Tokens(secret_box).officer(token)


@pytest.mark.parametrize(("name", "seconds"), [("", 60), ("a b", 60), ("x" * 65, 60), ("x", 0), ("x", 10**9)])
def test_no_token_is_made_for_nobody_or_for_ever(secret_box: SecretBox, name: str, seconds: int) -> None:
    with pytest.raises(ValueError, match=r"name|lives"):
        Tokens(secret_box).for_officer(name, Role.DESK, seconds)


@pytest.mark.parametrize(("seconds", "live"), [(-6, False), (-5, True), (64, True), (65, False)])
def test_a_token_lives_by_the_given_clock_alone(secret_box: SecretBox, seconds: int, live: bool) -> None:
    made_at = datetime(2020, 1, 1, tzinfo=UTC)
    token = Tokens(secret_box, lambda: made_at).for_officer("x", Role.DESK, ttl_seconds=60)
    reader = Tokens(secret_box, lambda: made_at + timedelta(seconds=seconds))
    if live:
        assert reader.officer(token).subject == "x"
    else:
        with pytest.raises(BadToken):
            reader.officer(token)


def test_a_bank_token_lives_an_hour(secret_box: SecretBox) -> None:
    key = secret_box.derive_key(Purpose.BANK_TOKENS)
    claims = jwt.decode(Tokens(secret_box).for_bank("SBIN"), key, ["HS256"], audience="goldenhour/banks")
    assert claims["exp"] - claims["iat"] == TTL_SECONDS == 3600
