"""The packs of a marked case: the accused learns of no victim who it is."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.case.answers import keep_statement
from activities.context import Context
from domain.evidence_binding import EDITION, Edition
from tests.activities.evidence_case import EMAIL, MOBILE, PDF, packed, rich_case
from tests.activities.evidence_forging import Files, experts_word, unzipped
from tests.activities.restoration_bench import Home
from tests.factories import row, shared_context
from tests.pdf_text import text_in
from tests.triggers import without_triggers
from workers.embedded.postgres import EmbeddedPostgres

NAME = "A. Victim"
VPA = "a.victim.1990@okaxis"
GROUPED = f"{MOBILE[:5]}-{MOBILE[5:]}"
SAID = f"paid by {NAME.upper()}, +91 {GROUPED} ({VPA}, {EMAIL})"


@pytest.fixture(scope="module")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    async with shared_context(postgres, template_database) as shared:
        yield shared


@pytest.fixture(scope="module")
async def case_no(ctx: Context) -> str:
    home, case_no = await rich_case(ctx)
    async with without_triggers(ctx.pool, "complaint"):
        await ctx.pool.execute(
            "UPDATE complaint SET marked = true, category = 'Sextortion' WHERE case_no = $1", case_no
        )
    async with without_triggers(ctx.pool, "bank_order_line"):
        await ctx.pool.execute(
            "UPDATE bank_order_line SET beneficiary_holder = $2 WHERE order_id IN"
            " (SELECT order_id FROM bank_order WHERE case_no = $1 AND kind = 'restore')",
            case_no,
            VPA,
        )
    await bank_repeats(home, case_no)
    return case_no


async def bank_repeats(home: Home, case_no: str) -> None:
    """What the victim's data are, in a bank's own answer and in a request over its own API."""
    ((reference, order_id),) = await home.bench.rows(
        "SELECT reference, order_id FROM hop JOIN bank_order USING (case_no) WHERE case_no = $1 LIMIT 1", case_no
    )
    await home.bench.answer("HDFC", case_no, row(5, reference, "1.00", remarks=SAID))
    path, body = f"/api/v1/bank/orders/{order_id}/confirm", NAME.encode().replace(b" ", b"\\u0020")
    await keep_statement(home.ctx, "HDFC", "POST", path, [("Host", "freeze.example")], body, about=order_id)


@pytest.fixture(scope="module")
async def court(ctx: Context, case_no: str) -> Files:
    return unzipped(await packed(ctx, case_no))


@pytest.fixture(scope="module")
async def accused(ctx: Context, case_no: str) -> Files:
    return unzipped(await packed(ctx, case_no, Edition.ACCUSED))


def saying(files: Files, text: str) -> list[str]:
    """The files that have a text, in bytes or on a printed page."""
    return [name for name, content in files.items() if text.encode() in content or text in text_in(content)]


def rows(files: Files, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[name].splitlines()]


async def test_m11_no_file_of_the_accused_names_the_victim_or_the_matter(accused: Files) -> None:
    for text in (NAME, NAME.upper(), MOBILE, GROUPED, "…" + MOBILE[-4:], EMAIL, VPA, "Sextortion"):
        assert saying(accused, text) == [], text
    assert saying(accused, "…@") == ["orders/lines.jsonl"], "its bank alone"
    (complaint,) = rows(accused, "case/complaints.jsonl")
    assert complaint["victim"] == {"name": "Victim A"}
    assert experts_word(accused) == ""


async def test_m11_what_a_bank_repeats_of_the_victim_is_cut_in_rows_and_a_digest_as_a_file(
    court: Files, accused: Files
) -> None:
    assert saying(court, SAID)
    (answer,) = [row for row in rows(accused, "banks/answers.jsonl") if row["remarks"].startswith("paid by")]
    assert answer["remarks"] == answer["raw"]["remarks"] == "paid by …, … (…, …)"
    omitted = {one["name"] for one in json.loads(accused[EDITION])["left_out"]}
    stated = {f"banks/words/answer-{answer['update_id']}.jsonl"}
    signed = {name for name in court if name.startswith("banks/signed/")} - accused.keys()
    assert {name.rpartition("/")[2] for name in signed} == {"about.json", "body", "request.txt"}
    assert stated | signed <= omitted
    assert experts_word(court) == experts_word(accused) == ""


async def test_m11_documents_of_courts_are_digests_for_the_accused_and_whole_for_the_court(
    court: Files, accused: Files
) -> None:
    assert PDF in court.values()
    assert PDF not in accused.values()
    told = json.loads(accused[EDITION])
    assert told["pseudonyms"] is True
    left_out = {one["name"] for one in told["left_out"]}
    assert {name for name, content in court.items() if content == PDF} <= left_out


async def test_m11_of_an_order_to_restore_the_accused_has_digests(court: Files, accused: Files) -> None:
    omitted = {one["name"] for one in json.loads(accused[EDITION])["left_out"]}
    sent = rows(court, "banks/exchanges.jsonl")
    bodies = {f"banks/sent/{row['exchange_id']:010}/body" for row in sent if row["about"] == "order"}
    assert bodies
    stated = {name for name in court if name.startswith("banks/words/confirmation-")}
    assert stated
    assert bodies | stated <= omitted
    assert not (bodies | stated) & accused.keys()


async def test_m11_the_court_reads_the_name_beside_the_pseudonym(court: Files) -> None:
    (complaint,) = rows(court, "case/complaints.jsonl")
    assert (complaint["victim"]["name"], complaint["victim"]["pseudonym"]) == (NAME, "Victim A")
    assert complaint["category"] == "Sextortion"
