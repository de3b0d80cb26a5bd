"""Documents of cases on a bench, written from the rows; with everything that their law asks for."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery.document_issuing import approve_attachment, issue_about
from activities.recovery.orders import plan_order
from db.recovery import document_register
from schemas.enums import Language
from schemas.recovery.document_facts import IssuedDocument, Particulars
from schemas.recovery.orders import NewOrder, NewOrderLine
from schemas.restoration_enums import DocumentKind, OrderKind, OrderReason
from tests.activities.restoration_bench import SP, Home
from tests.sealed_documents import put_fir_copy

KIND = DocumentKind
SAID = Particulars(
    documents=("Statement of account",),
    place="Cyber Crime Police Station, Lucknow",
    grounds="received at once after the victim's transfer",
)


@pytest.fixture
def home(ctx: Context) -> Home:
    return Home(ctx)


class DocumentBench:
    """Documents of cases on a bench, with everything that their law asks for."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def pool(self) -> Any:
        return self.home.bench.pool

    async def officers(self, case_no: str) -> None:
        for duty, name, rank in (("io", "Pragya Tripathi", "Inspector"), ("supervising", "R. K. Singh", "DCP")):
            await self.pool.execute(
                "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district,"
                " phone, assigned_by, assigned_at) VALUES ($1, $2, 1, $3, $4, $5, 'Cyber Crime', 'LUCKNOW',"
                " '9454400001', 'officer:desk', now())",
                case_no,
                duty,
                "io" if duty == "io" else "sp",
                name,
                rank,
            )

    async def fir(self, case_no: str, *, copy: bool = True) -> None:
        fir_id = await self.pool.fetchval(
            "INSERT INTO fir (fir_id, case_no, kind, state, fir_no, police_station, sections, requested_at,"
            " requested_by, registered_at) VALUES (gen_random_uuid(), $1, 'fir',"
            " 'registered', '0412/2026', 'Cyber Crime', '{BNS 318(4)}', now(), 'officer:io', now()) RETURNING fir_id",
            case_no,
        )
        if copy:
            await put_fir_copy(self.home.ctx, fir_id, case_no, b"%PDF-1.7 a report")

    async def to_show_cause(self, case_no: str) -> str:
        """The Superintendent has approved, and the court asks the holder; the hold."""
        hold = await self.hold_id(case_no)
        await approve_attachment(self.home.ctx, UUID(hold), "the trail is clear", SP)
        await self.home.court_order(case_no, "bnss_107", "keep_hold")
        return hold

    async def whole(self, held: int = 400, lost: int = 600, **changes: Any) -> str:
        case_no = await self.home.hold(held, lost, **changes)
        await self.officers(case_no)
        await self.fir(case_no)
        return case_no

    async def issue(
        self, case_no: str, kind: DocumentKind, subject: str = "", language: Language = Language.EN, **more: Any
    ) -> IssuedDocument:
        async with self.transaction(case_no) as work:
            return await issue_about(work, kind, subject, language=language, **more)

    def transaction(self, case_no: str) -> AbstractAsyncContextManager[CaseTransaction]:
        """An officer's transaction on the case."""
        return case_transaction(self.home.ctx, case_no, "officer:io")

    async def facts(self, document: IssuedDocument) -> dict[str, Any]:
        async with self.pool.acquire() as connection:
            facts = await document_register.facts_of(connection, document.document_id, self.home.ctx.opens)
        assert facts is not None, "it is not erased"
        return facts

    async def value(self, query: str, *arguments: object) -> Any:
        return await self.home.bench.value(query, *arguments)

    async def hold_id(self, case_no: str) -> str:
        return str(await self.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no))

    async def order(self, case_no: str, kind: OrderKind = OrderKind.RESTORE) -> str:
        """An order as the procedures write it: a restoration's when approved, or a court's release."""
        if kind is OrderKind.RESTORE:
            await self.home.to_credit(await self.home.of(case_no))
        else:
            court_order_id = await self.home.court_order(case_no, "bnss_503", "release")
            line = NewOrderLine(hop_no=1, hold_id=UUID(await self.hold_id(case_no)), amount_paise=150_00)
            order = NewOrder(
                kind=kind,
                reason=OrderReason.COURT,
                case_no=case_no,
                institution="HDFC",
                ordered_by="officer:sp",
                lines=(line,),
                court_order_id=court_order_id,
            )
            async with case_transaction(self.home.ctx, case_no, order.ordered_by) as work:
                await plan_order(work, order)
        return str(await self.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no))

    async def subject(self, case_no: str, kind: DocumentKind) -> str:
        """What a document of this kind is about in the case."""
        match kind:
            case KIND.LIEN_NOTICE | KIND.FOLLOW_UP | KIND.NOTICE_94 | KIND.NOTICE_106:
                return "HDFC"
            case KIND.NOTICE_107 | KIND.HOLDER_NOTICE:
                asks = self.to_show_cause if kind is KIND.NOTICE_107 else self.hold_id
                return await asks(case_no)
            case KIND.RESTORATION_APPLICATION:
                restoration = await self.home.of(case_no)
                await self.home.tick(restoration, 3)
                return str(restoration)
            case KIND.RESTORATION_ORDER:
                return await self.order(case_no)
            case KIND.RELEASE_ORDER:
                return await self.order(case_no, OrderKind.RELEASE)
            case _:
                return ""


@pytest.fixture
def writing(home: Home) -> DocumentBench:
    return DocumentBench(home)


def particulars(writing: DocumentBench) -> Particulars:
    return SAID.model_copy(update={"by": writing.home.clock.at + timedelta(days=22)})
