"""The evidence pack: everything in it, the same bytes for the same case, and no byte of it changed unseen."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.context import Context
from activities.evidence.archive import check
from activities.evidence.pack import pack, public_key
from activities.secrets import SecretBox
from db.evidence import pack as evidence
from db.evidence import pack_bodies
from db.pool import Pool
from domain.errors import NotFound
from domain.evidence_binding import EDITION, EVENT_LINES, EVENTS, MANIFEST, PUBLIC_KEY, SIGNATURE, TIMELINE, Edition
from tests.activities.evidence_case import (
    CODE_DIGEST,
    EMAIL,
    MOBILE,
    PDF,
    SAID,
    STRANGER,
    TOKEN,
    TOKEN_DIGEST,
    maker,
    packed,
    rich_case,
    with_secrets,
)
from tests.activities.evidence_forging import Files, experts_word, is_whole, resigned, unzipped, written, zipped
from tests.deep import examples
from tests.desk_tasks import notes
from tests.factories import SECRET, shared_context
from tests.paths import ROOT
from tests.pdf_text import text_in
from workers.embedded.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    async with shared_context(postgres, template_database) as shared:
        yield shared


@pytest.fixture(scope="module")
async def case_no(ctx: Context) -> str:
    home, case_no = await rich_case(ctx)
    await with_secrets(home, case_no)
    return case_no


@pytest.fixture(scope="module")
async def archive(ctx: Context, case_no: str) -> bytes:
    return await packed(ctx, case_no)


@pytest.fixture(scope="module")
def files(archive: bytes) -> Files:
    return unzipped(archive)


def lines_of(files: Files, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in files[name].splitlines()]


async def test_the_pack_tells_the_whole_case(ctx: Context, case_no: str, files: Files) -> None:
    assert {*evidence.FILES, EVENTS, TIMELINE, PUBLIC_KEY, MANIFEST, SIGNATURE} <= files.keys()
    filled = {name for name in evidence.FILES if files[name]}
    assert {
        "banks/answers.jsonl",
        "banks/exchanges.jsonl",
        "case/complaint_transfers.jsonl",
        "case/complaints.jsonl",
        "case/hops.jsonl",
        "holds/holds.jsonl",
        "ledger/balances.jsonl",
        "ledger/entries.jsonl",
        "messages/messages.jsonl",
        "orders/confirmations.jsonl",
        "orders/lines.jsonl",
        "police/court_orders.jsonl",
        "police/documents.jsonl",
        "requests/hops.jsonl",
        "requests/requests.jsonl",
        "restorations/allocation_shares.jsonl",
        "restorations/steps.jsonl",
    } <= filled
    events = files[EVENTS].decode().splitlines()
    logged = await ctx.pool.fetchval("SELECT count(*) FROM case_event WHERE case_no = $1", case_no)
    assert len(events) == EVENT_LINES * logged
    (case,) = lines_of(files, "case/case.json")
    assert case["event_hash"] == rf"\x{events[-EVENT_LINES]}"
    assert files[TIMELINE].startswith(b"%PDF-")
    answers = lines_of(files, "banks/answers.jsonl")
    assert all(answer["raw"] for answer in answers), "the bank's own text"


async def test_tasks_and_holds_say_as_text_what_their_fields_say(ctx: Context, case_no: str, files: Files) -> None:
    told = lines_of(files, "case/tasks.jsonl")
    assert told
    assert [task["note"] for task in told] == await notes(ctx.pool, "case_no = $1", case_no)
    assert all(task["cause"] for task in told)
    for hold in lines_of(files, "holds/holds.jsonl"):
        kind, of = hold["retained_by_kind"], hold["retained_by_id"]
        assert hold["kept_by"] == (f"{kind} {of}" if kind else None)


async def test_the_timeline_names_the_money_and_the_bank(files: Files) -> None:
    said = text_in(files[TIMELINE])
    for words in (
        "Complaint taken; transfers: 1; ₹500.00 reported lost.",
        "(HDFC) answered: ₹300.00 on hold, ₹200.00 withdrawn.",
        "(HDFC) is ordered: give back ₹300.00",
    ):
        assert words.replace(" ", "") in said.replace(" ", ""), words


async def test_documents_and_orders_of_courts_are_in_it_as_they_are(files: Files) -> None:
    documents = {
        name: content for name, content in files.items() if name.startswith("police/") and name.endswith(".pdf")
    }
    assert PDF in documents.values()
    told = {document["pdf_sha256"] for document in lines_of(files, "police/documents.jsonl")}
    told |= {order["document_sha256"] for order in lines_of(files, "police/court_orders.jsonl")}
    assert {hashlib.sha256(content).hexdigest() for content in documents.values()} == told - {None}


async def test_what_banks_signed_is_in_it_and_what_strangers_said_is_not(files: Files) -> None:
    signed = sorted(name for name in files if name.endswith("/signature-base"))
    assert len(signed) == 2
    abouts = [json.loads(content) for name, content in files.items() if name.endswith("/about.json")]
    assert sorted(about["authenticated_by"] for about in abouts) == ["signature", "signature", "token", "token"]
    assert STRANGER not in files.values()


async def test_what_must_not_leave_does_not(ctx: Context, case_no: str, files: Files) -> None:
    digest = await ctx.pool.fetchval("SELECT encode(body_digest, 'hex') FROM complaint WHERE case_no = $1", case_no)
    # What was sent is evidence only as it went: it is the court's to see.
    shown = {name: content for name, content in files.items() if not name.endswith((".pdf", "/content"))}
    everything = b"\n".join(shown.values())
    for secret in (
        MOBILE,
        EMAIL,
        SAID,
        digest,
        CODE_DIGEST.hex(),
        TOKEN_DIGEST.hex(),
        TOKEN,
        SECRET.get_secret_value(),
    ):
        assert secret.encode() not in everything
    (complaint,) = lines_of(files, "case/complaints.jsonl")
    assert complaint["victim"]["mobile"] == "…1234"  # type: ignore[index]
    told = {(message["to_whom"], message["address"]) for message in lines_of(files, "messages/messages.jsonl")}
    assert ("victim", "…1234") in told
    assert "your code is ……" in {text["body"] for text in lines_of(files, "messages/texts.jsonl")}


async def test_the_accused_has_no_document_that_tells_where_the_victim_is_reached(
    ctx: Context, case_no: str, files: Files
) -> None:
    accused = unzipped(await packed(ctx, case_no, Edition.ACCUSED))
    reachable = {name for name, content in files.items() if MOBILE in text_in(content)}
    assert reachable, "the application prints the victim's mobile"
    assert [name for name, content in accused.items() if MOBILE.encode() in content or MOBILE in text_in(content)] == []
    told = json.loads(accused[EDITION])
    assert told["edition"] == "accused"
    assert {one["name"]: one["sha256"] for one in told["left_out"]} == {
        name: hashlib.sha256(files[name]).hexdigest() for name in files.keys() - accused.keys() - evidence.TEXTS.keys()
    }
    assert not evidence.TEXTS.keys() & accused.keys()
    assert reachable <= files.keys() - accused.keys()
    assert files[EDITION] == b'{"edition":"court","left_out":[]}\n'
    assert experts_word(accused) == ""


async def test_the_same_case_gives_the_same_bytes(ctx: Context, case_no: str, archive: bytes) -> None:
    assert await packed(ctx, case_no) == archive


async def test_that_a_pack_was_made_is_entered(ctx: Context) -> None:
    home, case_no = await rich_case(ctx)
    into = io.BytesIO()
    steps: list[tuple[int, int]] = []
    made = await pack(maker(home.ctx), case_no, into, "officer:io", lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1], "the bar comes to its end"
    assert made.sha256 == hashlib.sha256(into.getvalue()).hexdigest()
    (kind, actor, data) = (
        await home.bench.rows("SELECT kind, actor, data FROM case_event WHERE case_no = $1 ORDER BY seq", case_no)
    )[-1]
    assert (kind, actor) == ("evidence_packed", "officer:io")
    assert data == {"edition": "court", "sha256": made.sha256, "files": made.files, "events": made.events}
    await home.check(case_no)
    with zipfile.ZipFile(io.BytesIO(await packed(home.ctx, case_no))) as again:
        assert b"evidence_packed" in again.read(EVENTS)


async def test_a_number_without_a_case_is_reported_as_such(ctx: Context) -> None:
    with pytest.raises(NotFound, match="29999999999999"):
        await packed(ctx, "29999999999999")


async def test_whole_as_it_is(archive: bytes, files: Files) -> None:
    with written(archive) as path:
        whole = check(path)
    assert (whole.files, whole.key_pem) == (len(files), public_key(SecretBox(SECRET)))
    assert experts_word(files) == ""


async def test_the_expert_finds_every_kind_of_change(files: Files) -> None:
    """One changed byte in each file, a file more, less, renamed or changed for another: by public tools only."""
    changed = {name: _with_another_byte(content) for name, content in files.items()}
    listed = changed.keys() - {MANIFEST, SIGNATURE, PUBLIC_KEY}
    # The expert's tool names each file that is not as the list says.
    found = re.findall(r"(\S+): FAILED", experts_word(files | {name: changed[name] for name in listed}))
    assert set(found) == listed
    one, two = "ledger/entries.jsonl", "ledger/transactions.jsonl"
    wrong = {f"a byte of {name}": files | {name: changed[name]} for name in (MANIFEST, SIGNATURE, PUBLIC_KEY)}
    wrong["one more"] = files | {"ledger/more.jsonl": b""}
    wrong["one more called as the list"] = files | {f"ledger/{MANIFEST}": b""}
    wrong["one less"] = {name: content for name, content in files.items() if name != one}
    wrong["one renamed"] = {("ledger/x.jsonl" if name == one else name): content for name, content in files.items()}
    wrong["two changed"] = files | {one: files[two], two: files[one]}
    assert [name for name, of in wrong.items() if not experts_word(of)] == []
    wrong |= {f"a byte of {name}": files | {name: changed[name]} for name in listed}
    assert [name for name, of in wrong.items() if is_whole(_as_archive(of))] == []


def _with_another_byte(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] if content else b"x"


def _as_archive(files: Mapping[str, bytes]) -> bytes:
    return zipped({MANIFEST: b"", SIGNATURE: b""} | dict(files))


async def test_who_signs_again_needs_the_key_and_a_log_that_holds(files: Files) -> None:
    """A forger who changes the log and lists and signs everything with a key of his own, or with ours."""
    lines = files[EVENTS].decode().splitlines(keepends=True)
    forged = "".join(lines[:EVENT_LINES] + lines[2 * EVENT_LINES :]).encode()
    again = resigned(files | {EVENTS: forged}, Ed25519PrivateKey.generate())
    assert experts_word(again).startswith("step 1: ")
    assert not is_whole(zipped(again))


@given(st.data())
@settings(max_examples=examples(40), deadline=None)
def test_any_byte_of_the_archive(archive: bytes, data: st.DataObject) -> None:
    """Between the files too: names, order, times, comments."""
    place = data.draw(st.integers(0, len(archive) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = archive[:place] + bytes([archive[place] ^ (1 << bit)]) + archive[place + 1 :]
    assert not is_whole(changed)


@given(st.data())
@settings(max_examples=examples(10), deadline=None)
def test_any_byte_of_any_file(files: Files, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(name for name in files if files[name])))
    content = files[name]
    place, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    changed = files | {name: content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]}
    assert experts_word(changed)
    assert not is_whole(zipped(changed))


@given(st.data())
@settings(max_examples=examples(15), deadline=None)
def test_order_pieces_and_what_is_behind(archive: bytes, files: Files, data: st.DataObject) -> None:
    names = [name for name in files if name not in {MANIFEST, SIGNATURE}]
    one, two = data.draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
    order = [{one: two, two: one}.get(name, name) for name in names]
    assert not is_whole(zipped({name: files[name] for name in [*order, MANIFEST, SIGNATURE]}))
    assert not is_whole(zipped({name: files[name] for name in files if name != one}))
    assert not is_whole(archive + data.draw(st.binary(min_size=1, max_size=50)))
    assert not is_whole(archive[: data.draw(st.integers(0, len(archive) - 1))])


async def test_every_table_is_in_it_or_the_page_says_why_not(database: Pool) -> None:
    page = (ROOT / "docs" / "reference" / "evidence.md").read_text()
    excluded = set(re.findall(r"`(\w+)`", page.split("## What is not in it\n")[1].split("\n## ")[0]))
    statements = " ".join(
        [
            *evidence.FILES.values(),
            pack_bodies._SIGNED_OF_CASE,
            evidence._EVENTS,
            pack_bodies._BODIES_OF_CASE,
        ]
    )
    # The keys open what is read.
    read = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", statements)) - {"person_key"}
    tables = {
        row["table_name"]
        for row in await database.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
    }
    assert tables - read - excluded == set()
    assert excluded & read == set()


_ATTEMPT = {"carriage_id", "channel", "at", "outcome", "detail"}
_LINK = {"link_id", "institution", "sent_to", "issued_at", "expires_at", "used_at", "replaced_at"}
_FORM = {"form_id", "link_id", "received_at", "officer_name", "officer_designation", "form", "digest", "body"}
_FORM |= {"confirmed_by"}


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("requests/carriage.jsonl", _ATTEMPT | {"request_id"}),
        ("orders/carriage.jsonl", _ATTEMPT | {"order_id", "cancellation"}),
        ("requests/links.jsonl", _LINK | {"request_id"}),
        ("orders/links.jsonl", _LINK | {"order_id"}),
        ("orders/forms.jsonl", _FORM),
    ],
)
def test_a_table_about_requests_and_orders_is_two_files_with_fields_of_their_own(
    archive: bytes, file: str, fields: set[str]
) -> None:
    rows = [json.loads(line) for line in unzipped(archive)[file].splitlines()]
    assert rows
    assert all(set(row) == fields for row in rows)
