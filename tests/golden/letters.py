"""Return every letter and short message to banks and officers that no table of texts has, for fixed facts."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product
from typing import Any, Final
from unittest.mock import AsyncMock, MagicMock, patch
from uuid import UUID

from activities.banks.letters import Letter
from activities.case import answer_links
from activities.gateway.lien_rounds import header_file, liens_letter
from activities.outgoing import Attempt, Kind, Routes, Ways
from activities.recovery import bank_letters as letters_of_banks
from activities.recovery import signatures
from activities.recovery.access_letters import SIGN_IN_LINK_LETTERS
from adapters.banks.email import ReplyLink, cancellation_letter_text, hops_table, letter_text, order_letter_text
from db.banks.bank_logins import LoginChange, LoginToTell
from db.case.requests import HopToAsk, RequestRow
from db.officers.credentials import LinkToTell, ToldPerson
from db.recovery.bank_orders import OrderRow
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import BankPerson, Institution, PersonState
from schemas.banks.keys import KeyChange, KeyChangeOutcome
from schemas.enums import ChannelKind, HopSource, KeyChangeKind, Language, RequestState
from schemas.gateway.liens import Inquiry
from schemas.procedures import OrderEscalationLevel, OrderPolicy
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from tests.golden.wires import ACK_NO, CANCELLED, NOW, ORDER_ID, ORDERS, OTHER_ID, REQUEST_ID, TICKETS

LINK: Final = ReplyLink("https://police.example/a/a-token", NOW + timedelta(days=1))
OFFICERS: Final[Sequence[dict[str, Any]]] = (
    {"name": "N. Officer", "email": "nodal@demo.example", "mobile": "9000000001"},
    {"name": "", "email": "second@demo.example", "mobile": "9000000002", "role": "Branch manager"},
)
RULES: Final = HolidayRules(source="made up")


def bank(officers: Sequence[dict[str, Any]] = OFFICERS, desk: str = "desk@demo.example") -> Institution:
    """Return a bank that is reached by letters."""
    return Institution.model_validate(
        {
            "code": "DEMO",
            "name": "Demo Bank",
            "kind": "bank",
            "ifsc_prefixes": ["DEMO"],
            "vpa_handles": [],
            "aliases": [],
            "answer_class": "mail",
            "channels": ["email"],
            "desk_email": desk,
            "nodal_officers": officers,
        }
    )


async def all_letters() -> dict[str, bytes]:
    """Return every example by the name of its golden file."""
    written = {"bank-letters": "\n".join(bank_letters()), "login-letters": "\n".join(await login_texts())}
    return {f"people/{name}.txt": f"{text}\n".encode() for name, text in written.items()}


# -- requests, orders and liens ----------------------------------------------------------------------------------------


def bank_letters() -> Iterator[str]:
    """Yield letters about requests, orders, and lists of liens, with their later letters."""
    for name, ticket in TICKETS.items():
        yield f"== hold request, {name}\n{letter_text(bank(), ticket, LINK)}{hops_table(ticket)}"
    for (name, order), with_document in product(ORDERS.items(), (False, True)):
        yield f"== order, {name}\n{order_letter_text(bank(), order, LINK, with_document=with_document)}"
    yield f"== order cancelled\n{cancellation_letter_text(bank(), CANCELLED, LINK)}"
    yield from map(_letter, _later_letters())
    yield answer_links.page_text(LINK) + letters_of_banks.page_text(LINK)
    yield f"{header_file(bank())}"


def _later_letters() -> Iterator[Letter]:
    hops = [_hop(number) for number in range(1, answer_links.MAX_ROWS + 2)]
    for job_id, count in (("JOB-1", 2), (None, len(hops))):
        yield answer_links.reminder_letter(bank(), _request(job_id), hops[:count])
    off_duty = {**OFFICERS[0], "leaves": [{"first_day": NOW.date(), "last_day": NOW.date()}]}
    for officers in (OFFICERS, OFFICERS[1:], [off_duty], ()):
        yield answer_links.nodal_letter(bank(officers), _request("JOB-1"), hops[:1], RULES, NOW)
    for kind, level in product(OrderKind, OrderEscalationLevel):
        yield letters_of_banks.order_letter(bank(), _order(kind), level, RULES, NOW)
    inquiry = Inquiry(
        inquiry_id=OTHER_ID,
        institution="DEMO",
        asked_at=NOW,
        asked_by="engine",
        due_at=NOW + timedelta(days=1),
        way=None,
        put_at=None,
        outcome=None,
        closed_at=None,
    )
    yield liens_letter(bank(), inquiry)


def _letter(letter: Letter) -> str:
    head = (letter.to, *letter.cc, letter.subject, letter.message_id, letter.remark)
    return f"== {' | '.join(head)}\n{letter.body_text}"


def _hop(number: int) -> HopToAsk:
    return HopToAsk(
        hop_no=number,
        revision=0,
        reference=f"6102123456{number:02d}",
        reference_key=f"6102123456{number:02d}",
        amount_paise=5_000_00,
        disputed_paise=4_500_50,
        transferred_at=NOW,
        layer=2,
        source=HopSource.COMPLAINT,
        opened_at=NOW,
    )


def _request(job_id: str | None) -> RequestRow:
    return RequestRow(
        request_id=REQUEST_ID,
        case_no=ACK_NO,
        batch_no=1,
        institution="DEMO",
        state=RequestState.DELIVERED,
        job_id=job_id,
        level=None,
        sent_at=NOW,
        delivered_at=NOW,
        first_answered_at=None,
        refusal_code=None,
        channel=ChannelKind.EMAIL,
        round=1,
    )


def _order(kind: OrderKind) -> OrderRow:
    return OrderRow(
        order_id=ORDER_ID,
        kind=kind,
        reason=OrderReason.RESTORATION if kind is OrderKind.RESTORE else OrderReason.LAPSED,
        case_no=ACK_NO,
        institution="DEMO",
        restoration_id=None,
        grievance_id=None,
        court_order_id=None,
        state=OrderState.DELIVERED,
        ordered_by="officer:sp",
        planned_at=NOW,
        due_at=NOW + timedelta(days=3),
        delivered_at=NOW,
        channel=ChannelKind.EMAIL,
        job_id="JOB-1",
        round=1,
        level=None,
        level_at=None,
        level_times=0,
        tried_at=None,
        refusal_code=None,
        ended_at=None,
        policy=OrderPolicy(version="1", due_seconds=1, levels={}, try_again_seconds=1),
    )


# -- logins and keys ---------------------------------------------------------------------------------------------------


async def login_texts() -> list[str]:
    """Return letters and short messages about keys, logins, people of banks, and links to sign in."""
    keys = [_key_change(kind, outcome) for kind in KeyChangeKind for outcome in (None, *KeyChangeOutcome)]
    login = LoginToTell(institution="DEMO", address="192.0.2.7", first_at=NOW)
    changes = [_login_change(*known) for known in ((None, False), (7, False), (7, True))]
    person = BankPerson(
        person_id=OTHER_ID,
        institution="DEMO",
        email="asha@demo.example",
        name="Asha Rao",
        designation="Manager",
        state=PersonState.INVITED,
        added_at=NOW,
        ended_at=None,
        told_at=None,
        is_due=True,
        last_sign_in_at=None,
        confirmed_at=None,
    )
    found = await _to_bank(letters_of_banks.KEY_LETTERS, keys)
    found += await _to_bank(letters_of_banks.LOGIN_LETTERS, [login])
    found += await _to_bank(letters_of_banks.LOGIN_CHANGE_LETTERS, changes)
    with (
        patch.object(signatures, "new_grouped_code", lambda: "ABCD-EFGH-JKLM"),
        patch("db.banks.bank_people.write_code", AsyncMock(return_value=True)),
        patch("db.banks.bank_people.has_code", AsyncMock(return_value=True)),
    ):
        for address in ("", signatures.first_sign_in_address("https://freeze.example")):
            found += await _to_bank(signatures.PERSON_CODES, [person], address)
    return found + await _sign_in_links()


class _Routes:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, to: str, *parts: object) -> None:
        self.sent.append("\n".join(["==", to, *map(str, parts)]))


async def _to_bank(kind: Kind[Any], rows: Sequence[Any], address: str = "") -> list[str]:
    """Return what is sent about each row: the letters, and the short message to a bank without addresses."""
    sent = _Routes()
    for row, known in product(rows, (bank(), bank([{**OFFICERS[0], "email": ""}], desk=""))):
        await kind.send(_attempt(sent, known, address), row)
    return sent.sent


def _attempt(sent: _Routes, known: Institution, address: str = "") -> Attempt:
    ctx = MagicMock()
    ctx.now.return_value = NOW
    ctx.pool.acquire.return_value = AsyncMock()
    ctx.directory.current.get.return_value = known
    ways: Any = Ways(mail=sent, sms=sent)  # type: ignore[arg-type]
    return Attempt(ctx, Routes(ways, first_sign_in_address=address), is_last=False)


def _key_change(kind: KeyChangeKind, outcome: KeyChangeOutcome | None) -> KeyChange:
    return KeyChange(
        change_id=UUID(int=5),
        institution="DEMO",
        kind=kind,
        key_id="demo:1",
        public_key=bytes(range(32)),
        asked_by="bank:DEMO",
        asked_at=NOW,
        outcome=outcome,
        decided_at=NOW + timedelta(hours=1) if outcome else None,
        reason="not asked for by the bank" if outcome is KeyChangeOutcome.REFUSED else "",
    )


def _login_change(proposal_id: int | None, is_used: bool) -> LoginChange:
    return LoginChange(
        change_id=UUID(int=6),
        institution="DEMO",
        email="demo@banks.example",
        made_at=NOW,
        proposal_id=proposal_id,
        used_at=NOW + timedelta(hours=1) if is_used else None,
    )


async def _sign_in_links() -> list[str]:
    persons = [
        ToldPerson(
            officer_id=officer_id,
            email=f"{officer_id}@up.example" if language is Language.EN else "",
            mobile="9454400001",
            language=language,
        )
        for officer_id, language in product(("io.sharma", "admin.a"), Language)
    ]
    links = [
        LinkToTell(
            digest=bytes(range(32)),
            officer_id="io.sharma",
            made_at=NOW,
            used_at=used_at,
            proposed_by="officer:admin.a",
            decided_by=None,
        )
        for used_at in (None, NOW + timedelta(hours=1))
    ]
    sent = _Routes()
    with patch("db.officers.credentials.persons_told", AsyncMock(return_value=persons)):
        for link in links:
            await SIGN_IN_LINK_LETTERS.send(_attempt(sent, bank()), link)
    return sent.sent
