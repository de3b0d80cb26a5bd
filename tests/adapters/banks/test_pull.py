"""The feed as a channel, and its lines in the codes of every wire."""

import pytest
from pydantic import TypeAdapter

from adapters.banks.answers import LineType
from adapters.banks.protocol import PullAdapter
from adapters.banks.stated import NO_TYPE, Asked, answer_lines
from schemas.banks.institutions import Institution
from schemas.case.answers import Line
from schemas.enums import AnswerClass, ClaimKind, InstitutionKind
from tests.adapters.wires import REQUEST_ID, ticket

ASKED = {1: Asked(reference="412345678901", account="0030000000001")}
BANK = Institution(
    code="SBIN",
    name="State Bank",
    kind=InstitutionKind.BANK,
    ifsc_prefixes=(),
    vpa_handles=(),
    aliases=(),
    answer_class=AnswerClass.API,
    channels=(),
    desk_email="",
)


def line(**fields: object) -> Line:
    found: Line = TypeAdapter(Line).validate_python({"hop": 1, **fields})
    return found


async def test_carrying_wakes_the_banks_readers_and_the_job_is_the_request() -> None:
    woken = []

    async def announce(code: str) -> None:
        woken.append(code)

    async with PullAdapter(announce) as adapter:
        delivery = await adapter.send_hold_request(BANK, ticket(), timeout_seconds=1)
    assert (delivery.job_id, woken) == (str(REQUEST_ID), ["SBIN"])


async def test_our_own_failure_is_not_the_banks() -> None:
    async def announce(_: str) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await PullAdapter(announce).send_hold_request(BANK, ticket(), timeout_seconds=1)


def test_every_line_names_the_transfer_that_was_asked_about() -> None:
    payee = {"institution": "HDFC", "account": "501"}
    lines = (
        line(kind="held", amount_paise=100, balance_paise=250),
        line(kind="moved", amount_paise=100, transfer_paise=300, reference="51", payee=payee),
        line(kind="withdrawn", amount_paise=100, by="cheque", reference="000123"),
        line(kind="withdrawn", amount_paise=100, by="atm", reference="61"),
        line(kind="spent", amount_paise=100, merchant="A Shop"),
        line(kind="refused", code="20"),
    )
    found = answer_lines(lines, ASKED)
    held, moved, cheque, atm, spent, refused = found
    assert [(line.kind, line.type_code) for line in found] == [
        (ClaimKind.HELD, LineType.HELD),
        (ClaimKind.MOVED, LineType.MOVED),
        (ClaimKind.WITHDRAWN, LineType.CHEQUE),
        (ClaimKind.WITHDRAWN, LineType.ATM),
        (ClaimKind.SPENT, LineType.POS),
        (ClaimKind.UNKNOWN, NO_TYPE),
    ]
    assert (held.amount_paise, held.balance_paise, held.status_code) == (100, 250, "00")
    assert (held.root_reference, held.root_account) == ("412345678901", "0030000000001")
    assert (moved.amount_paise, moved.disputed_paise, moved.reference) == (300, 100, "51")
    assert (moved.payee_bank, moved.payee_account) == ("HDFC", "501")
    assert (cheque.reference, cheque.details["cheque_no"]) == ("", "000123")
    assert (atm.reference, spent.raw["merchant"]) == ("61", "A Shop")
    assert (refused.status_code, refused.amount_paise) == ("20", None)
    assert [line.line_no for line in found] == [1, 2, 3, 4, 5, 6]


def test_no_account_stands_in_a_repr() -> None:
    payee = {"institution": "HDFC", "account": "5017777"}
    moved = line(kind="moved", amount_paise=100, reference="51", payee=payee)
    assert "5017777" not in repr(moved)
    assert "0030000000001" not in repr(answer_lines((moved,), ASKED)) + repr(ASKED)
