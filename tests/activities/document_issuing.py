"""A bench whose documents are issued by hand of the test, and its mail taken by a server of its own."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.outgoing import Routes, Ways, send_due
from activities.recovery.document_issuing import issue_about
from activities.recovery.due_documents import DUE_DOCUMENTS
from activities.recovery.message_sending import MESSAGES
from adapters.messages.smtp import Mailer
from schemas.enums import Language
from schemas.recovery.document_facts import IssuedDocument, Particulars
from schemas.restoration_enums import DocumentKind
from tests.activities.restoration_bench import Home
from tests.desk_tasks import notes
from tests.factories import row, rrn, transfer
from tests.mail_server import Postbox, mail_server
from tests.opened_bodies import opened_rows
from tests.sealed_documents import put_fir_copy

KIND = DocumentKind
APPEAL = "https://gh.example/appeal"


class IssuingBench:
    """Issues, sends, and sees what came of it."""

    def __init__(self, home: Home, box: Postbox, mail: Mailer) -> None:
        self.home = home
        self.box = box
        self.ways = Ways(mail=mail)

    @property
    def pool(self) -> Any:
        return self.home.bench.pool

    async def issue(self) -> None:
        """Issue whatever is due now, until nothing is claimed any more."""
        claims = "SELECT outgoing_id, attempts FROM outgoing WHERE kind = 'due_document' ORDER BY outgoing_id"
        before = None
        while before != (before := await self.home.bench.rows(claims)):
            await self.issue_once()

    async def issue_once(self) -> None:
        await send_due(self.home.ctx, Routes(self.ways, appeal_address=APPEAL), DUE_DOCUMENTS)

    async def post(self) -> None:
        while await send_due(self.home.ctx, Routes(self.ways), MESSAGES):
            pass

    async def assign(self, case_no: str, name: str = "R. Verma") -> None:
        """Who investigates, and a superior of theirs."""
        officers = (("io", "io", name, "Inspector"), ("supervising", "sp", "M. Singh", "Superintendent of Police"))
        for duty, subject, called, rank in officers:
            await self.pool.execute(
                "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district,"
                " phone, assigned_by, assigned_at) VALUES ($1, $2, 1, $3, $4, $5, 'Cyber Cell', 'LUCKNOW',"
                " '9000000009', 'officer:chief', $6)",
                case_no,
                duty,
                subject,
                called,
                rank,
                self.home.clock.at,
            )

    async def two_accounts(self, *banks: str) -> str:
        """A case with ₹1,000 on hold at an account of each of these banks."""
        roots = [(bank, rrn()) for bank in banks]
        case_no = await self.home.bench.complain(
            *(
                transfer(1000_00, reference=root, payee={"institution": bank, "account": f"5{rrn()}"})
                for bank, root in roots
            )
        )
        for bank, root in roots:
            await self.home.bench.answer(bank, case_no, row(1, root, "1000.00"))
        await self.home.open_for_new_holds(case_no)
        return case_no

    async def copy_of_fir(self, case_no: str, document: bytes = b"%PDF-1.7 a report") -> None:
        fir_id = await self.pool.fetchval(
            "UPDATE fir SET police_station = 'Cell' WHERE case_no = $1 RETURNING fir_id", case_no
        )
        await put_fir_copy(self.home.ctx, fir_id, case_no, document)

    async def issue_about(
        self, case_no: str, kind: DocumentKind, subject: str = "", language: Language = Language.EN, **said: Any
    ) -> IssuedDocument:
        """Issue a document as an officer does."""
        async with case_transaction(self.home.ctx, case_no, "officer:io") as work:
            return await issue_about(work, kind, subject, language=language, particulars=Particulars(**said))

    async def documents(self, case_no: str, *kinds: DocumentKind) -> list[tuple[Any, ...]]:
        """Kind, language and revision of a case's documents, in order."""
        return await self.home.bench.rows(
            "SELECT kind, language, revision FROM document WHERE case_no = $1 AND kind = ANY($2)"
            " ORDER BY kind, revision, language DESC",
            case_no,
            [kind.value for kind in kinds or tuple(KIND)],
        )

    async def facts(self, case_no: str, kind: DocumentKind, revision: int = 1) -> dict[str, Any]:
        where = "WHERE case_no = $1 AND kind = $2 AND revision = $3 ORDER BY language LIMIT 1"
        (found,) = await opened_rows(self.home.ctx, "document", where, case_no, kind.value, revision)
        facts: dict[str, Any] = found["facts"]
        return facts

    async def task(self, case_no: str) -> list[str]:
        """The notes of the case's open tasks about documents."""
        return [
            note.removeprefix("documents: ")
            for note in await notes(
                self.home.bench.pool, "case_no = $1 AND state = 'open' AND cause = 'documents_wait'", case_no
            )
        ]

    async def at_notice(self, **victim: Any) -> tuple[str, UUID]:
        """A case with an officer whose money is on hold, at the holder's notice."""
        case_no = await self.home.hold(400, **victim)
        await self.assign(case_no)
        restoration = await self.home.of(case_no)
        await self.home.tick(restoration, 3)
        await self.home.apply(restoration)
        await self.home.verify(restoration)
        return case_no, restoration

    async def mails(self, kind: str, case_no: str) -> list[tuple[str, list[str]]]:
        """To whom the letters of a kind went, and the files that went with each."""
        known = {one.address for one in await self.home.bench.said(kind, case_no, medium="email")}
        return [
            (letter["To"], [part.get_filename() or "" for part in letter.iter_attachments()])
            for letter in self.box.letters
            if letter["To"] in known and case_no in letter["Subject"]
        ]


@pytest.fixture
async def issuing(ctx: Context) -> AsyncIterator[IssuingBench]:
    box = Postbox()
    async with mail_server(box) as port:
        await ctx.pool.execute(
            "UPDATE outgoing SET next_attempt_at = NULL, ended_at = now(), outcome = 'over' WHERE ended_at IS NULL"
        )
        await ctx.pool.execute(
            "UPDATE due_document SET state = 'overtaken', lacking = '{}', ended_at = opened_at WHERE ended_at IS NULL"
        )
        yield IssuingBench(Home(ctx), box, Mailer.from_url(f"smtp://127.0.0.1:{port}?from=cyber@police.example"))
