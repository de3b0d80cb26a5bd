"""What was sent to banks stands in the pack as it went, and who changes it behind the log is found."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator

import pytest

from activities.banks.bodies import BodyOpener
from activities.context import Context
from activities.evidence.archive import check
from activities.evidence.pack import signing_key
from activities.secrets import CannotOpen, SecretBox
from db.evidence.integrity import case_records
from domain.evidence.integrity import Check, examine
from domain.evidence_binding import EXCHANGES, SENT, STATEMENTS, Edition, NotEvidence
from tests.activities.evidence_case import LETTER, MOBILE, TOKEN, packed, rich_case
from tests.activities.evidence_forging import Files, experts_word, is_whole, resigned, unzipped, written, zipped
from tests.factories import SECRET, shared_context
from tests.triggers import without_triggers
from workers.embedded.postgres import EmbeddedPostgres

OURS = signing_key(SecretBox(SECRET))


@pytest.fixture(scope="module")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    async with shared_context(postgres, template_database) as shared:
        yield shared


@pytest.fixture(scope="module")
async def case_no(ctx: Context) -> str:
    return (await rich_case(ctx))[1]


@pytest.fixture(scope="module")
async def files(ctx: Context, case_no: str) -> Files:
    return unzipped(await packed(ctx, case_no))


def _folders(files: Files, about: str) -> list[str]:
    rows = [json.loads(line) for line in files[EXCHANGES].splitlines()]
    return [f"{SENT}/{row['exchange_id']:010}" for row in rows if row["about"] == about]


def test_the_request_is_there_as_it_went_and_as_the_bank_reads_it(files: Files, case_no: str) -> None:
    (folder,) = _folders(files, "hold_request")
    assert files[f"{folder}/request.txt"] == b"POST https://bank.example/transaction-fraud\n"
    assert base64.b64decode(files[f"{folder}/body"])[::-1] == files[f"{folder}/content"]
    assert json.loads(files[f"{folder}/content"])["acknowledgement_no"] == case_no
    assert files[f"{folder}/reply.txt"] == b"200\n"
    assert files[f"{folder}/reply"].startswith(b"BANKS-")
    sent = hashlib.sha256(files[f"{folder}/body"]).hexdigest()
    assert f'"sent_sha256": "{sent}"'.encode() in files["log/events.txt"]


def test_a_letter_has_its_link_written_over_and_the_digest_of_what_the_bank_has(files: Files) -> None:
    lost, sent = _folders(files, "order")
    for folder in (lost, sent):
        assert files[f"{folder}/body"] == LETTER.replace(TOKEN.encode(), b"x" * len(TOKEN))
    assert f"{lost}/reply" not in files
    assert files[f"{sent}/reply"] == b"queued"
    whole = hashlib.sha256(LETTER).hexdigest()
    assert files["log/events.txt"].decode().count(f'"sent_sha256": "{whole}"') == 2, "the one that was lost too"


async def test_the_accused_has_the_digest_of_what_names_the_victim(ctx: Context, case_no: str, files: Files) -> None:
    accused = unzipped(await packed(ctx, case_no, Edition.ACCUSED))
    (folder,) = _folders(files, "hold_request")
    missing = files.keys() - accused.keys()
    assert {f"{folder}/body", f"{folder}/content", f"{folder}/reply"} <= missing
    assert MOBILE.encode() in files[f"{folder}/content"]
    assert is_whole(zipped(accused))
    assert experts_word(accused) == ""


def _forgeries(files: Files) -> dict[str, Files]:
    """Change a pack as a holder of the key can."""
    (request,), (lost, sent) = _folders(files, "hold_request"), _folders(files, "order")
    rows = files[EXCHANGES]
    digest = hashlib.sha256(files[f"{request}/body"]).hexdigest().encode()

    def with_(name: str, content: bytes) -> Files:
        return files | {name: content}

    return {
        "another body": with_(f"{request}/body", b"forged"),
        "another content": with_(f"{request}/content", b"{}"),
        "another address": with_(f"{request}/request.txt", b"POST https://elsewhere.example/\n"),
        "another reply": with_(f"{sent}/reply", b"refused"),
        "a reply more": files | {f"{lost}/reply": b"queued", f"{lost}/reply.txt": b"250\n"},
        "another letter": with_(f"{sent}/body", LETTER.replace(b"Order", b"Plead")),
        "a body less": {name: content for name, content in files.items() if name != f"{request}/body"},
        "a folder less": {name: content for name, content in files.items() if not name.startswith(f"{lost}/")},
        "a row less": with_(EXCHANGES, b"".join(rows.splitlines(keepends=True)[1:])),
        "no row": with_(EXCHANGES, b""),
        "another digest in the row": with_(EXCHANGES, rows.replace(digest, b"0" * 64)),
        "said to be masked, and another": with_(
            EXCHANGES, rows.replace(digest, hashlib.sha256(b"forged").hexdigest().encode())
        )
        | {f"{request}/body": b"forged"},
    }


def test_a_changed_pack_that_is_signed_again_is_found(files: Files) -> None:
    assert is_whole(zipped(resigned(files, OURS)))
    assert experts_word(resigned(files, OURS)) == ""
    for name, forged in _forgeries(files).items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert experts_word(again).startswith(("step 5", "step 7")), name


OF_REQUEST = "request_id IN (SELECT request_id FROM hold_request WHERE case_no = $1)"
OF_ORDER = "order_id IN (SELECT order_id FROM bank_order WHERE case_no = $1)"


@pytest.mark.parametrize(
    ("table", "change", "word"),
    [
        *(
            ("bank_exchange", f"{change} WHERE {OF_REQUEST}", "log")
            for change in (
                "body_digest = sha256('x'), digest = sha256('x'), size_bytes = 1",
                "sealed_content = sealed_body",
                "head = 'POST https://elsewhere.example/'",
                "reply_digest = sha256('x')",
                "masked = true, digest = sha256('x')",
            )
        ),
        ("answer", "sealed_raw = set_byte(sealed_raw, 20, get_byte(sealed_raw, 20) # 1) WHERE case_no = $1", "bound"),
        ("answer", "remarks = 'forged' WHERE case_no = $1", "bound"),
        (
            "status_update",
            "body_digest = sha256('x') WHERE update_id = (SELECT max(update_id) FROM answer WHERE case_no = $1)",
            "bound",
        ),
        ("bank_confirmation", f"reference = 'forged' WHERE {OF_ORDER}", "bound"),
    ],
)
async def test_what_is_changed_in_the_database_is_found(ctx: Context, table: str, change: str, word: str) -> None:
    home, case_no = await rich_case(ctx)
    await home.check(case_no)
    with written(await packed(ctx, case_no)) as path:
        check(path)
    async with without_triggers(ctx.pool, table):
        await ctx.pool.execute(f"UPDATE {table} t SET {change}", case_no)
    async with ctx.pool.acquire() as connection, connection.transaction():
        (record,) = [record async for record in case_records(connection, BodyOpener(ctx.persons), case_no)]
    assert {found.check for found in examine(record)} == {Check.WORDS_CHANGED}
    refused = pytest.raises((NotEvidence, CannotOpen), match=rf"{word}|changed")
    with refused, written(await packed(ctx, case_no)) as path:
        check(path)


def _statement_forgeries(files: Files) -> dict[str, Files]:
    """Change a pack as a holder of the key can."""
    answers = files["banks/answers.jsonl"]
    statement = min(name for name in files if name.startswith(f"{STATEMENTS}/"))
    return {
        "other texts": files | {statement: files[statement].replace(b"amount", b"am0unt")},
        "texts are gone": {name: content for name, content in files.items() if name != statement},
        "texts more": files | {f"{STATEMENTS}/answer-999.jsonl": b"{}\n"},
        "a row says otherwise": files | {"banks/answers.jsonl": answers.replace(b"300.00", b"200.00")},
        "a row is gone": files | {"banks/answers.jsonl": b"".join(answers.splitlines(keepends=True)[1:])},
        "no row": files | {"banks/answers.jsonl": b""},
        "no row of a confirmation": files | {"orders/confirmations.jsonl": b""},
    }


async def test_statements_changed_in_a_pack_that_is_signed_again_are_found(ctx: Context) -> None:
    _, case_no = await rich_case(ctx)
    files = unzipped(await packed(ctx, case_no))
    assert len([name for name in files if name.startswith(f"{STATEMENTS}/")]) == 2, "an answer and a confirmation"
    assert is_whole(zipped(resigned(files, OURS)))
    assert experts_word(files) == ""
    for name, forged in _statement_forgeries(files).items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert "row" in name or experts_word(again), name
