"""Messages to and from banks are sealed under a key of their case or bank, and each signature is checked."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from activities.banks.bodies import BodyOpener
from activities.banks.received import keep_body, kept_if_refused, signed_now
from activities.case.answers import keep_statement, take_status_update
from activities.case.reply_links import keep_form
from activities.context import Context
from activities.evidence.archive import check
from activities.evidence.pack import signing_key
from activities.people import retention
from activities.privacy.person_keys import PersonKeys
from activities.privacy.reseal import reseal
from activities.secrets import CannotOpen, SecretBox, pem
from adapters.banks.stated import Answerer
from db.banks import reply_links
from db.banks.bank_exchanges import ReceivedBody
from db.case import answers
from db.evidence.integrity import case_records
from db.pool import Pool
from domain.evidence.integrity import CaseRecord, Check, examine
from domain.evidence_binding import SIGNED, NotEvidence
from schemas.banks.keys import About, BankKey
from schemas.enums import ChannelKind
from simulator.wires.letters import signed_headers
from tests.activities.bench import Bench
from tests.activities.evidence_case import packed, rich_case
from tests.activities.evidence_forging import Files, experts_word, is_whole, resigned, unzipped, written, zipped
from tests.clear_places import places_of
from tests.factories import SECRET, make_context, row, rrn, shared_context, status_update, transfer
from tests.opened_bodies import opened_rows
from tests.triggers import without_triggers
from workers.embedded.postgres import EmbeddedPostgres

NEXT = SecretStr("the secret key that comes after the other one")
PHONE, MOBILE, SAID = "9111100077", "9222200088", "marker-of-a-bank-77"
BODIES = ("bank_exchange", "bank_body", "bank_evidence", "reply_form", "answer")


@pytest.fixture
async def bench(database: Pool) -> Bench:
    """A bench on a database of its own, because a test changes its tables."""
    return Bench(await make_context(database))


async def told(bench: Bench) -> str:
    """A case about which messages went over each way: a request, an answer, a statement, a form and junk."""
    root = rrn()
    victim = {"name": "Asha Devi", "mobile": MOBILE, "district": "LUCKNOW"}
    case_no = await bench.complain(transfer(1_000_00, reference=root), victim=victim)
    (sent,) = await bench.ask(case_no)
    body = f'{{"said": "{SAID}"}}'.encode()
    await keep_statement(bench.ctx, "HDFC", "POST", "/answer", [("host", "x")], body, about=UUID(str(sent.request_id)))
    rows = [row(1, root, "0", status_code="20", phone_number=PHONE)]
    received = body_of(f"{case_no} {SAID}")
    async with kept_if_refused(bench.ctx, "HDFC", received):
        await take_status_update(bench.ctx, "HDFC", status_update(case_no, rows), received.digest, received=received)
    await keep_body(bench.ctx, "SBIN", body_of(f"junk {SAID}"))
    await fill_in(bench.ctx, UUID(str(sent.request_id)))
    return case_no


async def fill_in(ctx: Context, request_id: UUID) -> None:
    """A bank fills in the form behind a letter's link."""
    now, digest = datetime.now(UTC), request_id.bytes * 2
    async with ctx.pool.acquire() as connection:
        await reply_links.insert(
            connection, About.HOLD_REQUEST, request_id, digest, "HDFC", "desk@x.example", now, now + timedelta(days=1)
        )
        link = await reply_links.find(connection, About.HOLD_REQUEST, digest)
        assert link is not None
        answerer = Answerer("A. Officer", "Manager")
        await keep_form(ctx, connection, link, now, answerer, {"t1.phone": PHONE}, f"t1.phone={PHONE}".encode())


def body_of(text: str) -> ReceivedBody:
    return ReceivedBody(channel=ChannelKind.I4C, received_at=datetime.now(UTC), body=text.encode())


async def record_of(ctx: Context, case_no: str, persons: PersonKeys | None) -> CaseRecord:
    async with ctx.pool.acquire() as connection, connection.transaction():
        (record,) = [found async for found in case_records(connection, BodyOpener(persons), case_no)]
    return record


async def test_m10_no_message_to_or_from_a_bank_is_in_clear_in_any_table(bench: Bench) -> None:
    case_no = await told(bench)
    assert await places_of(bench.pool, [PHONE, MOBILE, SAID]) == set()
    opened = {table: str(await opened_rows(bench.ctx, table)) for table in BODIES}
    assert MOBILE in opened["bank_exchange"]
    assert SAID in opened["bank_body"]
    assert SAID in opened["bank_evidence"]
    assert PHONE in opened["answer"]
    assert PHONE in opened["reply_form"]
    keys = "SELECT DISTINCT k.case_no, k.institution FROM {} t JOIN person_key k USING (person_id) ORDER BY 1"
    assert await bench.rows(keys.format("bank_body")) == [(case_no, None), (None, "SBIN")]
    for table in ("bank_exchange", "bank_evidence", "answer", "reply_form"):
        assert await bench.rows(keys.format(table)) == [(case_no, None)]
    assert await bench.value("SELECT count(*) FROM person_key WHERE case_no = $1", case_no) == 1
    await bench.check(case_no)


async def over_at_once(bench: Bench) -> Bench:
    """Return a bench whose policy keeps nothing after the end of a case."""
    names = ("withdrawn", "nothing_held", "released", "restored", "look_again", "bodies_of_bank")
    rules = bench.ctx.policy.personal_data.retention.model_copy(update={f"{name}_seconds": 1e-6 for name in names})
    data = bench.ctx.policy.personal_data.model_copy(update={"retention": rules})
    return Bench(replace(bench.ctx, policy=bench.ctx.policy.model_copy(update={"personal_data": data})))


async def end(bench: Bench, case_no: str) -> None:
    """Settle a case with nothing on hold."""
    assert (await bench.settle(case_no)).settled
    await bench.pool.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = now(), closed_by = 'engine' WHERE case_no = $1", case_no
    )


async def test_m10_an_erased_case_verifies_and_its_pack_is_whole(bench: Bench) -> None:
    case_no = await told(bench)
    before = unzipped(await packed(bench.ctx, case_no))
    over = await over_at_once(bench)
    await end(over, case_no)
    await retention.look(over.ctx)
    (key,) = await bench.rows("SELECT wrapped, destroyed_for FROM person_key WHERE case_no = $1", case_no)
    assert key == (None, "nothing_held")

    record = await record_of(bench.ctx, case_no, bench.ctx.persons)
    assert examine(record) == []
    assert {name.split("/")[1] for name in record.erased} == {"words", "bodies", "signed", "sent"}
    async with bench.pool.acquire() as connection:
        page = await answers.page(connection, case_no, None, 10, lambda stored: {"sealed": stored.sealed})
    assert [item.raw["sealed"] is not None for item in page.items] == [True]

    archive = await packed(bench.ctx, case_no)
    with written(archive) as path:
        check(path)
    files = unzipped(archive)
    assert experts_word(files) == ""
    erased = before.keys() - files.keys()
    assert {name.rpartition("/")[2] for name in erased if "/sent/" in name} == {"body", "content", "reply"}
    assert all(name.encode() in files["edition.json"] for name in erased)
    assert not [name for name, content in files.items() if SAID.encode() in content or MOBILE.encode() in content]


async def test_a_key_that_is_destroyed_without_an_entry_in_the_log_is_found(bench: Bench) -> None:
    case_no = await told(bench)
    await bench.pool.execute(
        "UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'x' WHERE case_no = $1", case_no
    )
    record = await record_of(bench.ctx, case_no, bench.ctx.persons)
    assert {found.check for found in examine(record)} == {Check.WORDS_CHANGED}
    with written(await packed(bench.ctx, case_no)) as path, pytest.raises(NotEvidence, match="does not say so"):
        check(path)


async def test_without_the_secret_key_the_digests_alone_are_compared(bench: Bench) -> None:
    case_no = await told(bench)
    record = await record_of(bench.ctx, case_no, None)
    assert examine(record) == []
    assert record.unopened == (await record_of(bench.ctx, case_no, PersonKeys(SecretBox(NEXT)))).unopened
    assert len(record.unopened) == 6, "line, answer's body, statement, and body, content and reply of the request"
    async with without_triggers(bench.pool, "bank_exchange"):
        await bench.pool.execute("UPDATE bank_exchange SET content_digest = sha256('x')")
    assert {found.check for found in examine(await record_of(bench.ctx, case_no, None))} == {Check.WORDS_CHANGED}


async def test_the_key_of_a_bank_ends_after_the_cases_that_need_it(bench: Bench) -> None:
    case_no = await told(bench)
    # A bank posts first what names no case, and the same again when the case is known.
    received = body_of("early")
    await keep_body(bench.ctx, "HDFC", received)
    root = await bench.value("SELECT reference FROM hop WHERE case_no = $1", case_no)
    update = status_update(case_no, [row(1, root, "0", status_code="21")])
    await take_status_update(bench.ctx, "HDFC", update, received.digest, received=received)
    kept = "SELECT institution FROM person_key WHERE institution IS NOT NULL AND wrapped IS NOT NULL ORDER BY 1"
    await keep_body(bench.ctx, "HDFC", body_of("more"))
    assert await bench.rows(kept) == [("HDFC",), ("SBIN",)], "one key for some time"
    async with without_triggers(bench.pool, "person_key"):
        await bench.pool.execute("UPDATE person_key SET made_at = made_at - interval '31 days' WHERE institution <> ''")

    over = await over_at_once(bench)
    await retention.look(over.ctx)
    assert await bench.rows(kept) == [("HDFC",)], "the case is not over"
    await end(over, case_no)
    await retention.look(over.ctx)
    await retention.look(over.ctx)
    assert await bench.rows(kept) == []
    assert examine(await record_of(bench.ctx, case_no, bench.ctx.persons)) == []


@pytest.mark.parametrize(
    "kept_by",
    [
        "UPDATE case_file SET state = 'open', settled_at = NULL WHERE case_no = $1",
        "INSERT INTO duty (case_no, kind, opened_at, due_at, remind_at, escalate_at)"
        " VALUES ($1, 'follow_up', now(), now(), now(), now())",
        "INSERT INTO fir (fir_id, case_no, kind, state, sections, requested_at, requested_by)"
        " VALUES (gen_random_uuid(), $1, 'zero_fir', 'requested', '{}', now(), 'engine')",
    ],
)
async def test_the_key_of_a_case_with_something_to_do_is_kept(bench: Bench, kept_by: str) -> None:
    case_no = await told(bench)
    over = await over_at_once(bench)
    await end(over, case_no)
    async with without_triggers(bench.pool, "duty", "fir"):
        await bench.pool.execute(kept_by, case_no)
    await retention.look(over.ctx)
    assert await bench.value("SELECT wrapped IS NOT NULL FROM person_key WHERE case_no = $1", case_no)


async def test_messages_open_after_the_secret_key_was_changed(bench: Bench) -> None:
    case_no = await told(bench)
    before = await packed(bench.ctx, case_no)
    assert all(result.is_complete for result in await reseal(bench.pool, SecretBox(NEXT, SECRET)))
    later = replace(bench.ctx, person_keys=PersonKeys(SecretBox(NEXT)))
    assert unzipped(await packed(later, case_no)).keys() == unzipped(before).keys()
    assert (await record_of(bench.ctx, case_no, PersonKeys(SecretBox(NEXT)))).unopened == frozenset()


async def test_a_process_without_the_current_key_goes_on_under_a_key_of_its_own(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    case_no = await bench.complain(transfer(1_000_00, reference=rrn()))
    stranger = Bench(replace(bench.ctx, person_keys=PersonKeys(SecretBox(NEXT))))
    (sent,) = await stranger.ask(case_no)
    assert sent.delivered
    assert "opens under no key of this process" in caplog.text
    assert await bench.value("SELECT count(*) FROM person_key WHERE case_no = $1", case_no) == 2
    both = PersonKeys(SecretBox(NEXT, SECRET))
    assert examine(await record_of(bench.ctx, case_no, both)) == []


async def test_what_is_sealed_is_not_changed(bench: Bench, subtests: pytest.Subtests) -> None:
    await told(bench)
    for change in (
        "UPDATE bank_exchange SET sealed_reply = sealed_body",
        "UPDATE bank_body SET sealed = sealed || '\\x00'",
        "UPDATE bank_evidence SET person_id = gen_random_uuid()",
        "UPDATE answer SET sealed_raw = sealed_raw || '\\x00'",
        "UPDATE reply_form SET sealed_form = sealed_form || '\\x00'",
        "UPDATE answer SET applied_paise = 0",
        "UPDATE bank_body SET of_bank = true",
        "DELETE FROM answer",
        "UPDATE person_key SET case_no = NULL",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await bench.pool.execute(change)


OURS = signing_key(SecretBox(SECRET))
URL = "https://police.example/api/v1/bank/holds"
FIRST = f"{SIGNED}/0000000001"


@pytest.fixture(scope="module")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    async with shared_context(postgres, template_database) as shared:
        yield shared


@pytest.fixture(scope="module")
async def case_no(ctx: Context) -> str:
    return (await rich_case(ctx))[1]


@pytest.fixture(scope="module")
async def files(ctx: Context, case_no: str) -> Files:
    files = unzipped(await packed(ctx, case_no))
    assert f"{FIRST}/signature" in files
    return files


def _unbound(files: Files) -> Files:
    """The same pack as of a case whose log binds nothing of it: only the folder itself speaks then."""
    copied = {name.replace("0000000001", "0000009999"): content for name, content in files.items() if FIRST in name}
    return copied | files


def _forgeries(files: Files, folder: str) -> dict[str, Files]:
    def with_(name: str, content: bytes) -> Files:
        return files | {f"{folder}/{name}": content}

    def without(*names: str) -> Files:
        return {name: content for name, content in files.items() if name not in {f"{folder}/{one}" for one in names}}

    start, rest = files[f"{folder}/request.txt"].split(b"\n", 1)
    base = files[f"{folder}/signature-base"]
    return {
        "body emptied": with_("body", b""),
        "another body": with_("body", b"{}"),
        "another method": with_("request.txt", start.replace(b"POST", b"PUT") + b"\n" + rest),
        "another path": with_("request.txt", start.replace(b"/api", b"/apo") + b"\n" + rest),
        "another query": with_("request.txt", start + b"1\n" + rest),
        "no query": with_("request.txt", start.split(b"?")[0] + b"\n" + rest),
        "another header": with_("request.txt", start + b"\n" + rest.replace(b"sha-256=:", b"sha-256=:A")),
        "no signature": without("signature"),
        "no signature at all": without("signature", "signature-base", "key.pem"),
        "another base": with_("signature-base", base + b" "),
    }


async def test_what_a_bank_signed_cannot_be_changed_by_who_holds_our_key(files: Files) -> None:
    unbound = _unbound(files)
    folder = FIRST.replace("0000000001", "0000009999")
    assert is_whole(zipped(resigned(unbound, OURS)))
    assert experts_word(resigned(unbound, OURS)) == ""
    for name, forged in _forgeries(unbound, folder).items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert experts_word(again), name


async def test_the_log_binds_every_request_and_its_banks_key(files: Files) -> None:
    """So that none is left out, nor signed with another key than the bank had registered then."""
    forger = Ed25519PrivateKey.generate()
    base = files[f"{FIRST}/signature-base"]
    another_key = {"key.pem": pem(forger.public_key()), "signature": forger.sign(base)}
    as_token = json.loads(files[f"{FIRST}/about.json"]) | {"authenticated_by": "token", "key_id": None}
    parts = ("signature", "signature-base", "key.pem")
    for name, forged in {
        "left out": {name: content for name, content in files.items() if not name.startswith(FIRST)},
        "another key": files | {f"{FIRST}/{name}": content for name, content in another_key.items()},
        "said to have come with a token": {
            name: content for name, content in files.items() if name not in {f"{FIRST}/{one}" for one in parts}
        }
        | {f"{FIRST}/about.json": json.dumps(as_token).encode()},
    }.items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert experts_word(again).startswith("step 5"), name


async def test_what_was_judged_stays_when_our_address_changes(ctx: Context, files: Files) -> None:
    row = await ctx.pool.fetchrow("SELECT key_id, signature_base FROM bank_evidence WHERE evidence_id = 1")
    assert row is not None
    assert (row["key_id"], row["signature_base"]) == ("hdfc:1", files[f"{FIRST}/signature-base"])


@pytest.mark.parametrize("change", ["headers = '[]'", "path = '/'", "digest = sha256('x')"])
async def test_what_is_changed_in_the_database_is_found(ctx: Context, change: str) -> None:
    _, case_no = await rich_case(ctx)
    async with without_triggers(ctx.pool, "bank_evidence"):
        last = "SELECT max(evidence_id) FROM bank_evidence WHERE institution = 'HDFC'"
        await ctx.pool.execute(f"UPDATE bank_evidence SET {change} WHERE evidence_id = ({last})")
    async with ctx.pool.acquire() as connection, connection.transaction():
        (record,) = [record async for record in case_records(connection, BodyOpener(ctx.persons), case_no)]
    assert {found.check for found in examine(record)} == {Check.WORDS_CHANGED}
    with pytest.raises((NotEvidence, CannotOpen), match=r"bound|changed"), written(await packed(ctx, case_no)) as path:
        check(path)


def test_a_signature_is_kept_only_if_the_key_made_it() -> None:
    key = Ed25519PrivateKey.generate()
    headers = signed_headers("GET", URL, b"", key_id="HDFC-1", private_key=key) | {"Host": "police.example"}
    lines = list(headers.items())
    for private_key, found in ((key, True), (Ed25519PrivateKey.generate(), False)):
        known = BankKey(
            key_id="HDFC-1",
            institution="HDFC",
            public_key=private_key.public_key().public_bytes_raw(),
            not_before=datetime(2026, 1, 1, tzinfo=UTC),
        )
        signed = signed_now("GET", "/api/v1/bank/holds", lines, None, known)
        assert (signed is not None) is found
        other = signed_now("GET", "/api/v1/bank/orders", lines, None, known)
        assert other is None
