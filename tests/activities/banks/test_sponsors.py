"""A bank under a sponsor, from the complaint to the answer."""

import pytest

from activities.banks.directory import load_directory
from activities.secrets import SecretBox
from db.pool import Pool
from schemas.banks.institutions import InstitutionEntry
from tests.activities.bench import Bench
from tests.factories import SECRET, institution, make_context, row, rrn, transfer

GUEST = InstitutionEntry(
    code="CTKC", name="City Co-operative Bank", ifsc_prefixes=("HDFC0CTKC",), sponsor="HDFC", account_prefixes=("0770",)
)
BANKS = [institution("SBIN"), institution("HDFC")]


@pytest.mark.parametrize(
    ("account", "ifsc"),
    [("50100000000001", "HDFC0CTKC01"), ("07700000000001", "HDFC0000001"), ("07700000000001", None)],
)
async def test_the_sponsor_of_a_bank_without_a_channel_is_asked_and_answers(
    database: Pool, account: str, ifsc: str | None
) -> None:
    bench = Bench(await make_context(database, [*BANKS, GUEST]))
    root = rrn()
    payee = {"institution": "HDFC", "account": account} | ({"ifsc": ifsc} if ifsc else {})
    case_no = await bench.complain(transfer(1000_00, reference=root, payee=payee))
    flags = await bench.value("SELECT flags FROM complaint WHERE case_no = $1", case_no)
    assert [flag["code"] for flag in flags] == ["asked_through_sponsor"]
    assert "CTKC has no channel of its own: its sponsor HDFC is asked" in flags[0]["message"]
    await bench.ask_one(case_no)
    assert await bench.value("SELECT institution FROM hold_request WHERE case_no = $1", case_no) == "HDFC"
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", root_account_number=account))
    assert (await bench.buckets(case_no))["held"] == 1000_00
    await bench.check(case_no)


async def test_once_it_has_a_channel_the_bank_is_asked_itself(database: Pool) -> None:
    ctx = await make_context(database, [*BANKS, GUEST])
    reached = InstitutionEntry.model_validate(GUEST.model_dump() | {"pull": True})
    await load_directory(database, SecretBox(SECRET), [reached])
    await ctx.directory.refresh()
    bench = Bench(ctx)
    payee = {"institution": "HDFC", "account": "50100000000001", "ifsc": "HDFC0CTKC01"}
    case_no = await bench.complain(transfer(payee=payee))
    assert await bench.value("SELECT institution FROM hop WHERE case_no = $1", case_no) == "CTKC"
    assert await bench.value("SELECT flags FROM complaint WHERE case_no = $1", case_no) == []
