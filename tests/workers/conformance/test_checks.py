"""The checks find nothing at a correct bank, and exactly the fault at each faulty one."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from adapters.banks.i4c.values import refusal_reply
from adapters.banks.protocol import TEST_ACK_PREFIX, new_test_ticket
from adapters.banks.push.client import push_wire
from domain.banks.directory import HoldBalances
from domain.case.complaints import first_digits
from schemas.banks.institutions import EnvelopeKind, PushEntry
from schemas.enums import ChannelKind
from tests.adapters.fake_bank import Street, says
from tests.adapters.wires import AES_KEY, HMAC_KEY, PASSWORD, key_text, wire
from tests.workers.conformance.banks import SECRETS, CarefulBank, Hook, RefusingBank, SealingBank
from workers.conformance.findings import Finding, Verdict
from workers.conformance.suite import check_balances, check_bank

I4C_FAULTS = [
    ("any password", {"wrong password": Verdict.WRONG}),
    ("no expires_in", {"login": Verdict.ODD}),
    ("no token needed", {"no token": Verdict.WRONG, "wrong token": Verdict.WRONG}),
    ("403 for 401", {"no token": Verdict.WRONG, "wrong token": Verdict.WRONG}),
    ("no signature needed", {"wrong signature": Verdict.WRONG, "no signature": Verdict.WRONG}),
    ("plain text too", {"plain text": Verdict.WRONG}),
    ("any size", {"larger than 1 MiB": Verdict.WRONG}),
    ("takes half tickets", {"no acknowledgement number": Verdict.WRONG, "no incident": Verdict.WRONG}),
    ("500 for half tickets", {"no acknowledgement number": Verdict.WRONG, "no incident": Verdict.WRONG}),
    ("new job each time", {"same key, same job": Verdict.WRONG}),
    ("one job for all", {"other key, other job": Verdict.WRONG}),
    ("no acknowledgement_no", {"test ticket is taken": Verdict.ODD}),
]
NOT_TAKEN = {
    "test ticket is taken": Verdict.WRONG,
    "same key, same job": Verdict.UNTRIED,
    "other key, other job": Verdict.UNTRIED,
}


def amiss(findings: list[Finding]) -> dict[str, Verdict]:
    return {found.check: found.verdict for found in findings if found.verdict is not Verdict.RIGHT}


async def i4c(bank: CarefulBank) -> list[Finding]:
    return list(await check_bank({ChannelKind.I4C: bank.wire}, timeout_seconds=5, allow_plain_http=False))


@pytest.mark.parametrize("envelope", ["aes_cbc", "aes_gcm", "none"])
@pytest.mark.parametrize("hmac_key", [None, HMAC_KEY], ids=["unsigned", "signed"])
async def test_a_careful_bank_is_well(street: Street, envelope: EnvelopeKind, hmac_key: bytes | None) -> None:
    async with street.bank(CarefulBank, envelope=envelope, hmac_key=hmac_key) as bank:
        assert isinstance(bank, CarefulBank)
        findings = await i4c(bank)
    assert amiss(findings) == {}
    assert {"plain text"} - {found.check for found in findings} == ({"plain text"} if envelope == "none" else set())
    assert {report.sub_category for report in bank.reports_seen} == {"TEST"}


@pytest.mark.parametrize(("fault", "expected"), I4C_FAULTS)
async def test_a_broken_bank_is_told_what_is_broken(street: Street, fault: str, expected: dict[str, Verdict]) -> None:
    async with street.bank(CarefulBank) as bank:
        assert isinstance(bank, CarefulBank)
        bank.faults = {fault}
        assert amiss(await i4c(bank)) == expected


@pytest.mark.parametrize("member", [None, "data"])
async def test_a_bank_that_encrypts_its_replies_is_told_so(street: Street, member: str | None) -> None:
    async with street.bank(SealingBank) as bank:
        assert isinstance(bank, SealingBank)
        bank.wire = replace(bank.wire, ciphertext_member=member)
        [taken] = [found for found in await i4c(bank) if found.check == "test ticket is taken"]
    assert (taken.verdict, "the reply is encrypted" in taken.detail) == (Verdict.WRONG, True), taken.detail


@pytest.mark.parametrize(
    "fault",
    ["refuses the unknown", "no job_id", "no response_code", "another number", "maintenance page", "redirects"],
)
async def test_a_bank_that_takes_no_ticket(street: Street, fault: str) -> None:
    async with street.bank(CarefulBank) as bank:
        assert isinstance(bank, CarefulBank)
        bank.faults = {fault}
        found = amiss(await i4c(bank))
    assert NOT_TAKEN.items() <= found.items()


async def test_without_a_login_nothing_is_tried_but_the_wrong_password(street: Street) -> None:
    async with street.bank(CarefulBank) as bank:
        assert isinstance(bank, CarefulBank)
        bank.faults = {"no token"}
        findings = await i4c(bank)
    assert (findings[0].check, findings[0].verdict) == ("login", Verdict.WRONG)
    assert {found.verdict for found in findings[1:-1]} == {Verdict.UNTRIED}
    assert bank.reports_seen == []


async def test_a_bank_that_is_not_there() -> None:
    ways = {ChannelKind.I4C: wire(base_url="http://127.0.0.1:1")}
    findings = await check_bank(ways, timeout_seconds=2, allow_plain_http=False)
    assert (findings[0].check, findings[0].verdict) == ("login", Verdict.WRONG)
    assert "ClientConnector" in findings[0].detail


# -- the bank's own text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "status", "shown", "hint"),
    [
        (refusal_reply("99", "Invalid request payload"), 400, "response code 99, “Invalid request payload”", "aes_key"),
        (refusal_reply("99", "?"), 200, "HTTP 200, response code 99", "no meaning for code 99"),
        (refusal_reply("02", "invalid RRN"), 422, "“invalid RRN”", "by status update"),
        ({"message": "no route"}, 404, "HTTP 404, “no route”", "report_path"),
        ({"code": "E42", "message": "no such thing"}, 422, "HTTP 422, “E42: no such thing”", "refuses its content"),
        ({"error": {"message": "text/plain?"}}, 415, "“text/plain?”", "ciphertext_member"),
        (b"<h1>Bad\nGateway</h1>", 502, "HTTP 502, “<h1>Bad Gateway</h1>”", "the bank fails"),
        (refusal_reply("99", "\x1b[31mred\x07\u202e\r\nnext"), 400, "“[31mred next”", "aes_key"),
        (refusal_reply("99", "x" * 500), 400, "“" + "x" * 160 + "…”", "aes_key"),
        (refusal_reply("99", f"wrong password {PASSWORD}"), 400, "“(not shown: it repeats a secret)”", "aes_key"),
        (refusal_reply("99", "bad token TOKEN-\n1"), 400, "“(not shown: it repeats a secret)”", "aes_key"),
        (refusal_reply("99", f"key {key_text(AES_KEY)}"), 400, "“(not shown: it repeats a secret)”", "aes_key"),
        ({"data": {"token": "other-secret"}}, 400, "HTTP 400, a refusal", "aes_key"),
    ],
)
async def test_a_refusal_is_shown_with_the_banks_own_text(
    street: Street, reply: Any, status: int, shown: str, hint: str
) -> None:
    async with street.bank(RefusingBank) as bank:
        assert isinstance(bank, RefusingBank)
        bank.refusal = says(reply, status)
        (found,) = [one for one in await i4c(bank) if one.check == "test ticket is taken"]
    assert found.verdict is Verdict.WRONG
    assert shown in found.detail
    assert hint in found.detail
    assert found.detail.isprintable()


@pytest.mark.parametrize(
    ("changes", "hint", "verdict"),
    [
        ({"login_path": "/sign-in"}, "login_path", Verdict.ODD),
        ({"password": "other"}, "email and password", Verdict.RIGHT),
    ],
)
async def test_a_refused_login_names_the_settings_to_look_at(
    street: Street, changes: Any, hint: str, verdict: Verdict
) -> None:
    async with street.bank(CarefulBank) as bank:
        assert isinstance(bank, CarefulBank)
        bank.wire = replace(bank.wire, **changes)
        findings = await i4c(bank)
    assert (findings[0].check, findings[0].verdict, hint in findings[0].detail) == ("login", Verdict.WRONG, True)
    assert (findings[-1].check, findings[-1].verdict) == ("wrong password", verdict)


async def test_a_bank_with_other_paths_and_another_outer_form_is_well(street: Street) -> None:
    async with street.bank(CarefulBank) as bank:
        assert isinstance(bank, CarefulBank)
        bank.login_path, bank.report_path = "/v2/sign-in", "/v2/fraud/report"
        bank.wire = replace(bank.wire, login_path=bank.login_path, report_path=bank.report_path)
        bank.wire = replace(bank.wire, ciphertext_member="encData")
        assert amiss(await i4c(bank)) == {}
    assert bank.reports_seen


# -- its balances ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "include", "verdict"),
    [
        (HoldBalances(), True, None),
        (HoldBalances(holds=3), True, None),
        (HoldBalances(holds=20, below=1, equal=4), True, None),
        (HoldBalances(holds=4, equal=2), True, Verdict.RIGHT),
        (HoldBalances(holds=4, equal=2), False, Verdict.WRONG),
        (HoldBalances(holds=4, below=3), True, Verdict.WRONG),
        (HoldBalances(holds=4, below=1), False, Verdict.RIGHT),
    ],
)
def test_the_setting_for_balances_is_judged_by_the_banks_answers(
    counts: HoldBalances, include: bool, verdict: Verdict | None
) -> None:
    found = check_balances(counts, include_liens=include)
    assert (found.verdict if found else None) is verdict


# -- webhook -----------------------------------------------------------------------------------------------------------


async def push(url: str, *, secrets: int = 2, timeout_seconds: float = 5) -> list[Finding]:
    told = ["whsec_" + b64encode(secret).decode() for secret in SECRETS[:secrets]]
    way = push_wire("DEMO", PushEntry.model_validate({"url": url, "secrets": told}))
    return list(await check_bank({ChannelKind.PUSH: way}, timeout_seconds=timeout_seconds, allow_plain_http=False))


@pytest.mark.parametrize("secrets", [1, 2])
async def test_a_careful_webhook_is_well(hook: tuple[Hook, str], secrets: int) -> None:
    assert amiss(await push(hook[1], secrets=secrets)) == {}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("signs nothing", {"no signature", "wrong signature", "changed body", "ten minutes old"}),
        ("410 for 401", {"no signature", "wrong signature", "changed body", "ten minutes old"}),
        ("any age", {"ten minutes old"}),
        ("newest secret only", {"older secret alone"}),
        ("500 for half events", {"no JSON", "no data"}),
        ("new job each time", {"same id, same job", "same order, same job"}),
        ("new job for an order", {"same order, same job"}),
    ],
)
async def test_a_broken_webhook_is_told_what_is_broken(hook: tuple[Hook, str], fault: str, expected: set[str]) -> None:
    hook[0].faults = {fault}
    assert amiss(await push(hook[1])) == dict.fromkeys(expected, Verdict.WRONG)


async def test_a_webhook_that_knows_no_orders_is_odd_and_no_more(hook: tuple[Hook, str]) -> None:
    hook[0].faults = {"knows no orders"}
    expected = {"test order is taken": Verdict.ODD, "same order, same job": Verdict.UNTRIED}
    assert amiss(await push(hook[1])) == expected


async def test_a_webhooks_refusal_is_shown_with_its_code(hook: tuple[Hook, str]) -> None:
    hook[0].faults = {"knows no orders"}
    (found,) = [one for one in await push(hook[1]) if one.check == "test order is taken"]
    assert "refused, HTTP 422, “event”" in found.detail


async def test_a_webhook_that_hangs(hook: tuple[Hook, str]) -> None:
    hook[0].faults = {"hangs"}
    found = amiss(await push(hook[1], timeout_seconds=0.1))
    assert found["test ticket is taken"] is Verdict.WRONG
    assert found["no signature"] is Verdict.WRONG


# -- tickets -----------------------------------------------------------------------------------------------------------


def test_a_test_ticket_cannot_be_a_real_one() -> None:
    ticket, other = new_test_ticket(), new_test_ticket()
    assert ticket.ack_no.startswith(TEST_ACK_PREFIX)
    assert len(ticket.ack_no) == 14
    assert ticket.ack_no[0] not in first_digits()
    assert ticket.ack_no[1:7] == "000000"
    assert int(ticket.incidents[0].rrn[1:4]) > 366
    assert ticket.request_id != other.request_id
