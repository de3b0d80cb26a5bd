"""The checks find nothing at a correct bank, and exactly the fault at each faulty one."""

from base64 import b64encode

import pytest

from adapters.banks.push.client import push_wire
from domain.intake.ack_numbers import first_digits
from schemas.banks.institutions import EnvelopeKind, PushEntry
from schemas.enums import ChannelKind
from tests.adapters.fake_bank import Street
from tests.adapters.wires import HMAC_KEY, wire
from tests.workers.conformance.banks import SECRETS, CarefulBank, Hook
from workers.conformance.findings import Finding, Verdict
from workers.conformance.suite import check_bank
from workers.conformance.tickets import TEST_ACK_PREFIX, new_test_ticket

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
