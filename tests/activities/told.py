"""A case for a bank to answer in, and what became of its lines."""

from typing import Any

from tests.activities.bench import Bench
from tests.factories import rrn, transfer


async def a_case(bench: Bench, paise: int = 1000_00, **changes: Any) -> tuple[str, str]:
    """A case with one hop at HDFC, and its reference."""
    root = rrn()
    return await bench.complain(transfer(paise, reference=root, **changes)), root


async def dispositions(bench: Bench, case_no: str) -> list[str]:
    found = await bench.rows("SELECT disposition FROM answer WHERE case_no = $1 ORDER BY answer_id", case_no)
    return [one for (one,) in found]
