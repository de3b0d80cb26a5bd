"""What banks said is bound by the case's log: who changes it behind the log is found, in the database and in a pack."""

from collections.abc import AsyncIterator

import pytest

from activities.banks.bodies import BodyOpener
from activities.context import Context
from activities.evidence.pack import check, signing_key
from activities.secrets import CannotOpen, SecretBox
from db.evidence.integrity import case_records
from domain.evidence.integrity import Check, examine
from domain.evidence_binding import STATEMENTS, NotEvidence
from tests.activities.evidence_case import packed, rich_case
from tests.activities.evidence_forging import Files, experts_word, is_whole, resigned, unzipped, written, zipped
from tests.factories import SECRET, shared_context
from workers.embedded.postgres import EmbeddedPostgres

OURS = signing_key(SecretBox(SECRET))


@pytest.fixture(scope="module")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    async with shared_context(postgres, template_database) as shared:
        yield shared


async def _behind_the_log(ctx: Context, table: str, change: str, case_no: str) -> None:
    """What the owner of a table can do."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await connection.execute(f"UPDATE {table} t SET {change}", case_no)
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("answer", "sealed_raw = set_byte(sealed_raw, 20, get_byte(sealed_raw, 20) # 1) WHERE case_no = $1"),
        ("answer", "remarks = 'forged' WHERE case_no = $1"),
        (
            "status_update",
            "body_digest = sha256('x') WHERE update_id = (SELECT max(update_id) FROM answer WHERE case_no = $1)",
        ),
        (
            "bank_confirmation",
            "reference = 'forged' WHERE order_id IN (SELECT order_id FROM bank_order WHERE case_no = $1)",
        ),
    ],
)
async def test_statements_changed_in_the_database_are_found(ctx: Context, table: str, change: str) -> None:
    home, case_no = await rich_case(ctx)
    await home.check(case_no)
    with written(await packed(ctx, case_no)) as path:
        check(path)
    await _behind_the_log(ctx, table, change, case_no)
    async with ctx.pool.acquire() as connection, connection.transaction():
        (record,) = [record async for record in case_records(connection, BodyOpener(ctx.persons), case_no)]
    assert {found.check for found in examine(record)} == {Check.WORDS_CHANGED}
    with pytest.raises((NotEvidence, CannotOpen), match=r"bound|changed"), written(await packed(ctx, case_no)) as path:
        check(path)


def _forgeries(files: Files) -> dict[str, Files]:
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
    for name, forged in _forgeries(files).items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert "row" in name or experts_word(again), name
