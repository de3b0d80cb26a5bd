"""The letter to a bank: what it says, to whom, and how it fails."""

import csv
import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from adapters.banks.email import CSV_COLUMNS, EmailAdapter, ReplyLink, hops_table, letter_text
from adapters.banks.protocol import (
    BankError,
    BankLoginFailed,
    BankMisconfigured,
    BankUnreachable,
    HoldTicket,
    Incident,
    Instrument,
)
from adapters.messages.smtp import Mailer
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import Institution
from schemas.banks.keys import About
from schemas.banks.rosters import Leave, NodalOfficer
from schemas.enums import AnswerClass, ChannelKind, InstitutionKind
from schemas.text import IST
from tests.each import each
from tests.mail_server import Postbox, mail_server

NO_HOLIDAYS = HolidayRules(source="none of them")
BANK = Institution(
    code="GRAM",
    name="Gram Co-operative Bank",
    kind=InstitutionKind.BANK,
    ifsc_prefixes=("GRAM",),
    vpa_handles=(),
    aliases=(),
    answer_class=AnswerClass.MAIL,
    channels=(ChannelKind.EMAIL,),
    desk_email="desk@gram.example",
    nodal_officers=(NodalOfficer(name="N. Officer", email="nodal@gram.example", mobile="9000000001"),),
)
SENT_AT = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


@dataclass
class Links:
    """Makes links, and notes for whom."""

    made: list[tuple[UUID, str, str]] = field(default_factory=list)
    tokens_sent: list[str] = field(default_factory=list)

    async def issue(self, about: About, subject_id: UUID, institution: str, sent_to: str) -> ReplyLink:
        self.made.append((subject_id, institution, sent_to))
        path = "a/o" if about is About.ORDER else "a"
        return ReplyLink(f"https://police.example/{path}/token-{len(self.made)}", datetime(2026, 12, 24, tzinfo=UTC))

    async def sent(self, about: About, link: ReplyLink) -> None:
        self.tokens_sent.append(link.token)


def ticket(*rrns: str) -> HoldTicket:
    return HoldTicket(
        request_id=uuid4(),
        ack_no="30911260000001",
        sub_category="upi_fraud",
        instrument=Instrument(
            requestor="I4C-MHA",
            payer_bank="SBIN",
            payer_bank_code="SBIN",
            mode_of_payment="imps",
            payer_mobile="9876543210",
            payer_account="30000000001",
            state="UTTAR PRADESH",
            district="LUCKNOW",
            transaction_type="imps",
        ),
        incidents=tuple(
            Incident(amount_paise=20_000_00, rrn=rrn, transferred_at=SENT_AT, disputed_paise=5_000_50, layer=2)
            for rrn in rrns or ("412345678901", "412345678902")
        ),
    )


async def send(box: Postbox, bank: Institution = BANK, timeout_seconds: float = 5.0) -> tuple[HoldTicket, Links]:
    links, asked = Links(), ticket()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), links, lambda: NO_HOLIDAYS)
        delivery = await adapter.send_hold_request(bank, asked, timeout_seconds=timeout_seconds)
    assert delivery.job_id == f"MAIL-{asked.request_id}"
    return asked, links


async def failing(box: Postbox, bank: Institution = BANK, timeout_seconds: float = 5.0) -> BankError:
    with pytest.raises(BankError) as caught:
        await send(box, bank, timeout_seconds)
    assert "@" not in str(caught.value), "an error names no address"
    return caught.value


async def test_one_letter_to_the_desk_with_a_copy_to_the_nodal_officer() -> None:
    box = Postbox()
    asked, links = await send(box)
    (letter,) = box.letters
    assert (letter["To"], letter["Cc"]) == ("desk@gram.example", "nodal@gram.example")
    assert letter["Subject"] == "Hold request: acknowledgement 30911260000001"
    assert letter["Message-ID"].startswith(f"<{asked.request_id}.hold@")
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "https://police.example/a/token-1\n" in text.replace("\r\n", "\n")
    for said in ("LUCKNOW, UTTAR PRADESH", "2 transfers", "Rs 10001.00", "24-12-2026 05:30 IST"):
        assert said in text
    for secret in (asked.instrument.payer_mobile, asked.instrument.payer_account):
        assert secret not in box.raw[0].decode(), "no victim in a letter"
    (table,) = letter.iter_attachments()
    assert table.get_filename() == "hold-30911260000001-GRAM.csv"
    rows = list(csv.reader(io.StringIO(table.get_content())))
    assert rows[0] == list(CSV_COLUMNS)
    assert rows[1] == ["412345678901", "20000.00", "5000.50", "2026-11-24 10:00:00", "2"]
    assert len(rows) == 3
    assert links.made == [(asked.request_id, "GRAM", "desk@gram.example")]


def test_a_letter_says_how_urgent_it_is() -> None:
    link = ReplyLink("https://police.example/a/token", datetime(2026, 12, 24, tzinfo=UTC))
    plain = letter_text(BANK, ticket(), link)
    assert "Priority: 5 (1 is the most urgent, 5 the least)\n\n" in plain
    urgent = replace(ticket(), priority=1, requested_at=SENT_AT, respond_by=SENT_AT + timedelta(hours=4))
    assert (
        "Priority: 1 (1 is the most urgent, 5 the least)\n"
        "Asked: 24-11-2026 10:00 IST\n"
        "Answer wanted by: 24-11-2026 14:00 IST\n\n"
    ) in letter_text(BANK, urgent, link)


async def test_a_letter_sent_again_is_the_same_letter_with_a_link_that_works() -> None:
    box, asked, links = Postbox(), ticket(), Links()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), links, lambda: NO_HOLIDAYS)
        for _ in range(2):
            await adapter.send_hold_request(BANK, asked, timeout_seconds=5.0)
    assert len({letter["Message-ID"] for letter in box.letters}) == 1
    assert len(links.made) == 2
    assert links.tokens_sent == ["token-1", "token-2"]


async def test_a_letter_that_does_not_go_out_closes_no_link() -> None:
    box, links = Postbox(), Links()
    box.refuses = {"DATA": "554 no"}
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), links, lambda: NO_HOLIDAYS)
        with pytest.raises(BankError):
            await adapter.send_hold_request(BANK, ticket(), timeout_seconds=5.0)
    assert (len(links.made), links.tokens_sent) == (1, [])


async def test_copies_go_to_those_on_duty_else_to_who_is_next() -> None:
    today = datetime.now(IST).date()

    def officer(name: str, *days_away: int) -> NodalOfficer:
        leaves = [Leave(first_day=today - timedelta(days=1), last_day=today + timedelta(days=n)) for n in days_away]
        return NodalOfficer(name=name, email=f"{name}@gram.example", leaves=tuple(leaves))

    for officers, copies in (
        ((officer("away", 9), officer("here"), officer("there")), ["here", "there"]),
        ((officer("long", 9), officer("short", 2)), ["short"]),
        ((), []),
    ):
        box = Postbox()
        await send(box, BANK.model_copy(update={"nodal_officers": officers}))
        assert box.recipients == [["desk@gram.example", *(f"{name}@gram.example" for name in copies)]]


@each("nodal", ["", "desk@gram.example", "Nodal <nodal@gram.example>"])
async def test_a_nodal_officer_who_cannot_be_written_to_costs_the_desk_no_letter(nodal: str) -> None:
    box = Postbox()
    await send(box, BANK.model_copy(update={"nodal_officers": (NodalOfficer(name="N.", email=nodal),)}))
    assert box.recipients == [["desk@gram.example"]]


@each(
    ("reply", "expected"),
    [("451 later", BankUnreachable), ("550 never", BankUnreachable)],
)
async def test_what_the_mail_server_does_not_take_may_go_over_another_channel(
    reply: str, expected: type[BankError]
) -> None:
    box = Postbox()
    box.refuses["DATA"] = reply
    assert type(await failing(box)) is expected


async def test_a_slow_mail_server() -> None:
    box = Postbox()
    box.waits_seconds = 5.0
    assert isinstance(await failing(box, timeout_seconds=0.2), BankUnreachable)


@each("address", ["", "desk", "Desk <desk@gram.example>", "a@b.example, c@d.example"])
async def test_no_address_is_a_matter_for_the_directory(address: str) -> None:
    error = await failing(Postbox(), BANK.model_copy(update={"desk_email": address}))
    assert isinstance(error, BankMisconfigured)


async def test_a_mail_server_that_does_not_know_us_is_a_matter_for_people() -> None:
    box = Postbox()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://user:wrong@127.0.0.1:{port}"), Links(), lambda: NO_HOLIDAYS)
        with pytest.raises(BankLoginFailed):
            await adapter.send_hold_request(BANK, ticket(), timeout_seconds=5.0)


def test_no_cell_of_the_table_is_a_formula() -> None:
    asked = ticket("=HYPERLINK(1)", "412345678902")
    asked = replace(asked, incidents=asked.incidents[:1])
    assert list(csv.reader(io.StringIO(hops_table(asked))))[1][0] == "'=HYPERLINK(1)"
