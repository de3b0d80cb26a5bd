"""No history contains a name, phone, account, address or free text of a person, for any course of a case."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from temporalio.client import Client

from activities.banks.directory import load_directory
from activities.case.desk import add_hop, correct_hop, escalate_request, stop_request
from activities.context import Context
from activities.secrets import SecretBox
from adapters.banks.protocol import HoldTicket
from schemas.banks.institutions import InstitutionEntry
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from schemas.parties import Party
from tests.factories import SECRET, institution, moved, row, rrn, transfer
from tests.workflows.stage import BY_QUEUE, Stage, staged
from workflows import options
from workflows.case import case_workflow_id
from workflows.sweeps import SweepWorkflow

VICTIM = {"name": "Ramkali Devi Yadav", "mobile": "9415550199", "district": "SANT KABEER NAGAR"}
PAYER_ACCOUNT, PAYEE_ACCOUNT, ONWARD_ACCOUNT = "30119990007777", "50100999000888", "000405999000666"
VPA, CORRECTED_ACCOUNT, ADDED_ACCOUNT = "ramkali.devi@okhdfc", "91999000555111", "22233399900044"
OFFICER_OF_BANK = {"name": "Shri Nodal Prasad", "email": "nodal.prasad@hdfc.example", "mobile": "9005550123"}
OF_ROWS = {
    "remarks": "holder Munna Bhai untraceable",
    "phone_number": "8005550111",
    "email": "munna.bhai@mail.example",
    "pan_number": "ABCPM1234K",
    "ifsc_code": "HDFC0999123",
    "place_of_atm": "Nakhas Chauraha",
}
WORDS = "the son, Dinesh Yadav, called from 9415550200"
CATEGORY = "impersonation of Inspector Tripathi"
BANKS_WORDS = "text of the bank"
"""text of the stage's banks when they refuse"""

PERSONAL = [
    *VICTIM.values(),
    *OFFICER_OF_BANK.values(),
    *OF_ROWS.values(),
    *("Ramkali", "ramkali", "Munna", "Dinesh", "Tripathi", "9415550200"),
    *(PAYER_ACCOUNT, PAYEE_ACCOUNT, ONWARD_ACCOUNT, VPA, CORRECTED_ACCOUNT, ADDED_ACCOUNT),
    *(WORDS, CATEGORY, BANKS_WORDS, "frauddesk@hdfc.example"),
]


@pytest.fixture
async def populated(ctx: Context, short_histories: Client) -> AsyncIterator[Stage]:
    """A stage whose first bank has officers in its directory entry."""
    hdfc = institution("HDFC").model_dump() | {
        "desk_email": "frauddesk@hdfc.example",
        "nodal_officers": [OFFICER_OF_BANK],
    }
    await load_directory(ctx.pool, SecretBox(SECRET), [InstitutionEntry.model_validate(hdfc)])
    await ctx.directory.refresh()
    async with staged(ctx, short_histories, BY_QUEUE) as stage:
        yield stage


async def everything_kept(stage: Stage, case_no: str) -> list[bytes]:
    """Return every run of a case as the server keeps it: history, memo, search attributes, pending work."""
    kept = []
    for run_id in await stage.runs(case_no):
        handle = stage.handle(case_no, run_id)
        history = await handle.fetch_history()
        kept += [event.SerializeToString() for event in history.events]
        kept.append((await handle.describe()).raw_description.SerializeToString())
    return kept


def told_of(kept: list[bytes]) -> set[str]:
    """Return the personal values that are found."""
    return {value for value in PERSONAL for part in kept if value.encode() in part}


async def test_a_case_in_which_everything_happens(populated: Stage) -> None:
    stage = populated
    roots = [rrn() for _ in range(4)]
    payer = {"institution": "SBIN", "account": PAYER_ACCOUNT}
    told = [
        transfer(reference=roots[0], payer=payer, payee={"institution": "HDFC", "account": PAYEE_ACCOUNT}),
        transfer(reference=roots[1], payer=payer, payee={"institution": "HDFC", "vpa": VPA}),
        transfer(reference=roots[2], payer=payer, payee={"institution": "ICIC", "account": PAYEE_ACCOUNT}),
        transfer(reference=roots[3], payer=payer, payee={"institution": "No Such Sahkari", "account": PAYEE_ACCOUNT}),
    ]
    stage.banks.refuse["ICIC"] = "77"
    case_no = await stage.complain(*told, victim=VICTIM, category=CATEGORY)
    await stage.until_row("refused", "SELECT state FROM hold_request WHERE institution = 'ICIC'")
    # HDFC too: a hop answered before its request gets none, and the count below would never be reached.
    await stage.until_asked(1)
    onward = rrn()
    await stage.answer(
        "HDFC",
        case_no,
        row(1, roots[0], "4000.00", root_account_number=PAYEE_ACCOUNT, **OF_ROWS),
        moved(roots[0], "6000.00", "PUNB", ONWARD_ACCOUNT, rrn_transaction_id=onward, **OF_ROWS),
        row(1, roots[1], "10000.00", status_code="02", **OF_ROWS),
    )
    await stage.until_asked(2)
    corrected = Party(institution="ICIC", account=CORRECTED_ACCOUNT)
    correction = HopCorrection(payee=corrected, reason=WORDS)
    for hop_no in (2, 4):
        await stage.notify((await correct_hop(stage.ctx, case_no, hop_no, correction, "officer:2")).follow_up)
    added = NewHopByDesk(
        parent_hop_no=3,
        payee=Party(institution="PUNB", account=ADDED_ACCOUNT),
        amount_paise=1000_00,
        disputed_paise=1000_00,
        reference=rrn(),
        transferred_at=datetime.now(UTC) - timedelta(minutes=1),
        reason=WORDS,
    )
    await stage.notify((await add_hop(stage.ctx, case_no, added, "officer:2")).follow_up)
    await stage.until_row(0, "SELECT count(*) FROM hop WHERE state <> 'asked' AND state <> 'closed'")
    live = "SELECT request_id FROM hold_request WHERE closed_at IS NULL ORDER BY batch_no, institution"
    for found in (await stage.ctx.pool.fetch(live))[:2]:
        done = await escalate_request(stage.ctx, case_no, found["request_id"], WORDS, "officer:2")
        await stage.notify(done.follow_up)
    await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE level = 'reminder'")
    assert len(await stage.runs(case_no)) > 1, "its history was long"
    await stage.client.execute_workflow(SweepWorkflow.run, id=f"sweep-{case_no}", task_queue=options.CASE_WORK_QUEUE)
    await stage.handle(case_no).terminate("by mistake")
    await stage.start_from_database(case_no)
    for found in await stage.ctx.pool.fetch(live):
        done = await stop_request(stage.ctx, case_no, found["request_id"], WORDS, "officer:2")
        await stage.notify(done.follow_up)
    await stage.outcome(case_no)
    kept = await everything_kept(stage, case_no)
    assert len(kept) > 60
    assert any(case_no.encode() in part for part in kept), "the search finds what is there"
    assert told_of(kept) == set()


@pytest.mark.parametrize(
    "blunder",
    [
        ValueError(f"no such victim: {VICTIM['name']}"),
        asyncpg.CheckViolationError("new row violates a check"),
        ExceptionGroup("several", [KeyError(PAYEE_ACCOUNT)]),
    ],
    ids=["a bug", "the database", "several"],
)
async def test_an_error_that_repeats_what_it_was_about(populated: Stage, blunder: Exception) -> None:
    """A bug, or the database's `Failing row contains (…)`, has personal data in its text."""
    stage = populated
    if isinstance(blunder, asyncpg.PostgresError):
        blunder.detail = f"Failing row contains ({VICTIM['name']}, {PAYEE_ACCOUNT})."

    async def fail(code: str, ticket: HoldTicket) -> None:
        try:
            raise blunder
        except Exception as error:
            raise RuntimeError(f"while asking about {VICTIM['mobile']}") from error

    stage.banks.at_the_door = fail
    case_no = await stage.complain(victim=VICTIM)
    await stage.until(lambda: len(stage.banks.attempts) > 1)
    # The failure is pending now; after a success the last failure is in the history.
    kept = await everything_kept(stage, case_no)
    assert any(b"RuntimeError" in part for part in kept)
    assert told_of(kept) == set()
    stage.banks.at_the_door = None
    await stage.until_asked(1)
    await stage.until_row("delivered", "SELECT state FROM hold_request")
    kept = await everything_kept(stage, case_no)
    assert any(type(blunder).__name__.encode() in part for part in kept)
    assert told_of(kept) == set()


def test_the_workflows_id_is_the_cases_number() -> None:
    assert case_workflow_id("32411260000001") == "case-32411260000001"
