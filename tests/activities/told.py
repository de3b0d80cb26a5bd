"""A case for a bank to answer in, what became of its lines, and the requests that follow."""

from typing import Any

from activities.workbook.trail_lines import RequestPause
from schemas.case.case_workflow import CaseNews, CaseStart, PlanRequests
from tests.activities.bench import Bench
from tests.activities.workbooks import ack
from tests.factories import rrn, transfer


async def a_case(bench: Bench, paise: int = 1000_00, **changes: Any) -> tuple[str, str]:
    """A case with one hop at HDFC, and its reference."""
    root = rrn()
    return await bench.complain(transfer(paise, reference=root, **changes)), root


async def dispositions(bench: Bench, case_no: str) -> list[str]:
    found = await bench.rows("SELECT disposition FROM answer WHERE case_no = $1 ORDER BY answer_id", case_no)
    return [one for (one,) in found]


def planned(told: CaseStart | CaseNews | None) -> list[tuple[str, list[tuple[int, int]], int]]:
    """Bank, hops with their revisions and largest amount of each request that a workflow is told of.

    No hop is left to be planned by the workflow.
    """
    assert told is not None
    assert (told.open_hops if isinstance(told, CaseStart) else told.opened) == ()
    assert not any(request.delivered for request in told.requests)
    return [
        (request.institution, [(ref.hop_no, ref.revision) for ref in request.hops], request.largest_paise)
        for request in told.requests
    ]


# -- hops under no request -----------------------------------------------------------------------------------------


async def paused(bench: Bench) -> str:
    """A number for a complaint about which no bank is asked yet, as while its workbook is imported."""
    number = ack()
    await RequestPause(bench.ctx, [number]).begin()
    return number


async def ask_after_pause(bench: Bench, case_no: str) -> None:
    """End the pause, plan requests about the open hops as the workflow does, and send them."""
    for follow_up in await RequestPause(bench.ctx, [case_no]).end([case_no]):
        await bench.note(follow_up)
    await bench.freeze.plan_requests(PlanRequests(case_no=case_no))
    await bench.ask(case_no)
