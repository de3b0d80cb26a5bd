"""Batches of requests: planned in the transaction that opens their hops, and told to the case's workflow."""

from collections.abc import Sequence

from activities.cases.transaction import CaseTransaction
from db.outbox import case_outbox
from db.tracing import requests
from domain.tracing.batches import planned_requests
from schemas.outbox.case import CaseNews, HopBrief, HopRef, OpenRequest


async def plan_batch(
    work: CaseTransaction, opened: Sequence[HopBrief]
) -> tuple[tuple[OpenRequest, ...], tuple[HopBrief, ...]]:
    """Write one request to every bank with an opened hop; return the requests, and the hops that are left.

    Hops are left only while requests about the case are paused. A transaction plans at most one batch, because the
    number of the batch is read with the lock.
    """
    if not opened:
        return (), ()
    planned = planned_requests(work.case_no, work.head.last_batch_no, opened)
    written = await requests.plan(work.connection, work.case_no, planned, work.now)
    if not written:
        return (), tuple(opened)
    assert len(written) == len(planned), "no other transaction plans for a locked case"
    asked = {one.request_id: set(written[one.request_id]) for one in planned}
    return tuple(
        OpenRequest(
            request_id=str(one.request_id),
            batch_no=one.batch_no,
            institution=one.institution,
            answer_class=one.hops[0].answer_class,
            hops=tuple(
                HopRef(hop_no=hop.hop_no, revision=hop.revision)
                for hop in one.hops
                if hop.hop_no in asked[one.request_id]
            ),
            freshest_at=max(hop.transferred_at for hop in one.hops),
            largest_paise=max(hop.disputed_paise for hop in one.hops),
            delivered=False,
            waiting_since=work.now,
        )
        for one in planned
        if asked[one.request_id]
    ), ()


async def notify_case(work: CaseTransaction, news: CaseNews) -> CaseNews:
    """Plan requests for the hops that the news opens, and write the notification of the case's workflow; return it."""
    planned, left = await plan_batch(work, news.opened)
    told = news.model_copy(update={"requests": planned, "opened": left})
    return await case_outbox.insert(work.connection, work.case_no, work.now, told)
