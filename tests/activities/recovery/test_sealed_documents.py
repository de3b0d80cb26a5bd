"""Documents are sealed under the key of their case, and erased with it."""

from base64 import b64encode
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.banks.bodies import BodyOpener
from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.evidence.archive import check
from activities.gateway.iso import take_message
from activities.privacy.person_keys import PersonKeys
from activities.recovery.court_orders import take_court_order
from activities.recovery.document_issuing import issue_for_officer
from activities.recovery.firs import put_fir_copy
from adapters.banks.iso20022.bank_side import Return, encode_return
from adapters.banks.iso20022.values import case_id
from db.case import firs
from db.evidence.integrity import case_records
from db.privacy import retention
from db.recovery import court_orders, document_register
from domain.errors.recovery import DocumentErased
from domain.evidence.integrity import CaseRecord, Check, examine
from schemas.case.police import FirCopy
from schemas.enums import Language
from schemas.events import EventKind
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.document_facts import DocumentAsk
from schemas.restoration_enums import DocumentKind
from tests.activities.evidence_case import packed
from tests.activities.evidence_forging import experts_word, unzipped, written
from tests.activities.restoration_bench import Home
from tests.clear_places import places_of
from tests.factories import row, rrn, transfer
from tests.opened_bodies import opened_rows
from tests.triggers import without_triggers

NAME, MOBILE, SAID = "Zarina Vishwakarma", "7300412277", "marker-of-a-report-41"
VICTIM = {"name": NAME, "mobile": MOBILE, "district": "LUCKNOW", "email": "zarina.v@example.org"}
OF_RESTORATION = "t.restoration_id IN (SELECT restoration_id FROM restoration WHERE case_no = $1)"
OF_FILE = "WHERE line_no = 2 AND message_id = (SELECT message_id FROM returned_funds WHERE case_no = $1)"


def pdf(what: str) -> bytes:
    return f"%PDF-1.7 {what} of {NAME}, {MOBILE}: {SAID}".encode()


async def documented(home: Home) -> str:
    """A case with a document of each sort: issued, of the police, of a court, of an account holder, of a bank."""
    root = rrn()
    payee = {"institution": "HDFC", "account": f"5{rrn()}"}
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=payee), victim=VICTIM)
    (sent,) = await home.bench.ask(case_no)
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await home.open_for_new_holds(case_no)
    await home.assign(case_no, "io", "supervising")
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.write_waivers(restoration)
    await home.register_fir(case_no)
    of_station = "UPDATE fir SET police_station = 'Cyber Cell' WHERE case_no = $1 RETURNING fir_id"
    fir_id = await home.bench.value(of_station, case_no)
    for what in ("first report", "report"):
        await put_fir_copy(home.ctx, case_no, fir_id, FirCopy(document=b64encode(pdf(what))), "officer:io")
    order = {"kind": "bnss_503", "effect": "keep_hold", "court": "CJM Lucknow", "order_no": rrn(), "reason": "read"}
    made_on = (home.clock.at - timedelta(days=1)).date().isoformat()
    new = NewCourtOrder.model_validate({**order, "made_on": made_on, "document": b64encode(pdf("order"))})
    await take_court_order(home.ctx, case_no, new, "officer:io")
    for kind, subject in (("lien_notice", "HDFC"), ("restoration_application", str(restoration))):
        ask = DocumentAsk(kind=DocumentKind(kind), language=Language.EN, subject=subject)
        await issue_for_officer(home.ctx, case_no, ask, "officer:io")
    returned = [Return(reference=root, returned_paise=paise, transfer_paise=1000_00) for paise in (100_00, 200_00)]
    body = encode_return("HDFC", uuid4(), case_id(case_no, UUID(sent.request_id)), returned, created_at=home.clock.at)
    await take_message(home.ctx, "HDFC", body.replace(b"200.00", SAID.encode()))
    return case_no


async def record_of(ctx: Context, case_no: str, persons: PersonKeys | None = None) -> CaseRecord:
    async with ctx.pool.acquire() as connection, connection.transaction():
        opens = BodyOpener(persons or ctx.persons)
        (record,) = [found async for found in case_records(connection, opens, case_no)]
    return record


async def test_m10_no_document_is_in_clear_in_any_table(home: Home) -> None:
    case_no = await documented(home)
    assert await places_of(home.ctx.pool, [NAME, MOBILE, SAID]) == set()
    of_case = "WHERE case_no = $1 ORDER BY 1"
    opened = {name: await opened_rows(home.ctx, name, of_case, case_no) for name in ("document", "fir_copy")}
    assert MOBILE in str([one["facts"] for one in opened["document"]])
    assert sorted(one["document"] for one in opened["fir_copy"]) == sorted(map(pdf, ("first report", "report")))
    (order,) = await opened_rows(home.ctx, "court_order", of_case, case_no)
    assert order["document"] == pdf("order")
    for table, whose in (
        *((name, "t.case_no = $1") for name in ("document", "fir_copy", "court_order")),
        ("hearing_waiver", OF_RESTORATION),
    ):
        keys = f"SELECT DISTINCT k.case_no FROM {table} t JOIN person_key k USING (person_id) WHERE {whose}"
        assert await home.bench.rows(keys, case_no) == [(case_no,)]
    (line,) = await opened_rows(home.ctx, "returned_funds", OF_FILE, case_no)
    assert SAID in str(line["unreadable"])
    bank = "SELECT institution FROM person_key WHERE person_id = $1"
    assert await home.bench.value(bank, line["person_id"]) == "HDFC"
    await home.bench.check(case_no)


async def erase(home: Home, case_no: str) -> None:
    """Destroy the key of a case, as retention does."""
    async with case_transaction(home.ctx, case_no, ENGINE) as work:
        key = await work.connection.fetchval("SELECT person_id FROM person_key WHERE case_no = $1", case_no)
        assert await retention.destroy_key(work.connection, key, "nothing_held", work.now)
        await work.log(EventKind.CASE_ERASED, rule="nothing_held")


async def test_m10_documents_are_gone_with_the_key_and_the_case_verifies(home: Home) -> None:
    case_no = await documented(home)
    before = unzipped(await packed(home.ctx, case_no))
    await erase(home, case_no)
    record = await record_of(home.ctx, case_no)
    assert examine(record) == []
    gone = {name for name in before if name.startswith(("police/firs/", "police/documents/", "police/court_orders/"))}
    assert len(gone) == 5
    assert {name for name in record.erased if name.startswith("police/")} == gone
    assert any(name.startswith("restorations/hearing_waivers/") for name in record.erased)

    archive = await packed(home.ctx, case_no)
    with written(archive) as path:
        check(path)
    files = unzipped(archive)
    assert experts_word(files) == ""
    assert not gone & files.keys()
    assert all(name.encode() in files["edition.json"] for name in gone)

    async with home.ctx.pool.acquire() as connection:
        opens = home.ctx.opens
        (issued, *_) = (await document_register.page(connection, case_no, None, 10)).items
        assert await document_register.facts_of(connection, issued.document_id, opens) is None
        with pytest.raises(DocumentErased):
            await document_register.read(connection, issued.document_id, opens)
        fir_id = await connection.fetchval("SELECT fir_id FROM fir WHERE case_no = $1", case_no)
        with pytest.raises(DocumentErased):
            await firs.fir_copy(connection, case_no, fir_id, opens)
        (order,) = await court_orders.of_case(connection, case_no)
        with pytest.raises(DocumentErased):
            await court_orders.document(connection, case_no, order.court_order_id, opens)


_CHANGES = {
    "UPDATE document SET sealed_pdf = sealed_facts WHERE case_no = $1": "append-only",
    "UPDATE document SET fir_no = 'x' WHERE case_no = $1": "append-only",
    "UPDATE fir_copy SET sealed = sealed || '\\x00' WHERE case_no = $1": "append-only",
    "DELETE FROM fir_copy WHERE case_no = $1": "append-only",
    "UPDATE court_order SET sealed_document = sealed_document || '\\x00' WHERE case_no = $1": "append-only",
    "UPDATE court_order SET document_digest = sha256('x') WHERE case_no = $1": "append-only",
    "INSERT INTO court_order (case_no, kind, effect, court, order_no, made_on, document_digest, taken_by, taken_at,"
    " counts_until) SELECT case_no, kind, effect, court, 'x', made_on, document_digest, taken_by, taken_at,"
    " counts_until FROM court_order WHERE case_no = $1": "court_order_sealed_is_whole",
    "INSERT INTO fir_copy (case_no, digest, fir_id)"
    " SELECT case_no, sha256('x'), fir_id FROM fir WHERE case_no = $1": "null value in column",
    f"UPDATE hearing_waiver t SET sealed_document = sealed_document || '\\x00' WHERE {OF_RESTORATION}": "append-only",
    f"DELETE FROM hearing_waiver t WHERE {OF_RESTORATION}": "append-only",
    f"UPDATE returned_funds SET sealed_unreadable = sealed_unreadable || '\\x00' {OF_FILE}": "append-only",
    "INSERT INTO returned_funds (institution, body_digest, line_no, received_at, message_id)"
    " SELECT institution, body_digest, 3, received_at, message_id"
    f" FROM returned_funds {OF_FILE}": "returned_funds_check",
}


async def test_a_sealed_document_is_not_changed_and_verify_finds_what_was(home: Home) -> None:
    case_no = await documented(home)
    for change, told in _CHANGES.items():
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=told):
            await home.ctx.pool.execute(change, case_no)
    assert examine(await record_of(home.ctx, case_no)) == []
    async with without_triggers(home.ctx.pool, "document"):
        await home.ctx.pool.execute("UPDATE document SET sealed_pdf = sealed_facts WHERE case_no = $1", case_no)
    found = examine(await record_of(home.ctx, case_no))
    assert {one.check for one in found} == {Check.WORDS_CHANGED}
    assert len(found) == 2
    assert all("document_issued" in one.detail for one in found)
