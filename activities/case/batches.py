"""Batches of requests: planned in the transaction that opens their hops, and told to the case's workflow."""

from collections.abc import Collection, Sequence

from activities.case.transaction import CaseTransaction
from db.case import case_outbox, requests
from db.case.events import Event
from domain.case.requests import PlannedRequest, planned_requests
from schemas.case.case_workflow import CaseNews, HopBrief, HopRef, OpenRequest


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
    asked = {request.request_id: set(written[request.request_id]) for request in planned}
    return tuple(
        _open_request(work, request, asked[request.request_id]) for request in planned if asked[request.request_id]
    ), ()


def _open_request(work: CaseTransaction, planned: PlannedRequest, hop_nos: Collection[int]) -> OpenRequest:
    return OpenRequest(
        request_id=str(planned.request_id),
        batch_no=planned.batch_no,
        institution=planned.institution,
        answer_class=planned.hops[0].answer_class,
        hops=tuple(HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in planned.hops if hop.hop_no in hop_nos),
        freshest_at=max(hop.transferred_at for hop in planned.hops),
        largest_paise=max(hop.disputed_paise for hop in planned.hops),
        delivered=False,
        waiting_since=work.now,
    )


async def notify_case(work: CaseTransaction, news: CaseNews) -> CaseNews:
    """Plan requests for the hops that the news opens, and write the notification of the case's workflow; return it."""
    planned, left = await plan_batch(work, news.opened)
    planned_news = news.model_copy(update={"requests": planned, "opened": left})
    return await case_outbox.insert(work.connection, work.case_no, work.now, planned_news)


async def notify_with_events(
    work: CaseTransaction, events: Sequence[Event], news: CaseNews, *, is_paused: bool
) -> CaseNews:
    """Write events, and then plan and notify as `notify_case` does, in one statement; return the notification.

    The caller has read with the lock whether requests about the case are paused, and every opened hop waits for one.
    """
    planned = [] if is_paused else planned_requests(work.case_no, work.head.last_batch_no, news.opened)
    planned_news = news.model_copy(
        update={
            "requests": tuple(
                _open_request(work, request, {hop.hop_no for hop in request.hops}) for request in planned
            ),
            "opened": news.opened if is_paused else (),
        }
    )
    return await case_outbox.tell(work.connection, work.case_no, work.now, work.actor, events, planned, planned_news)
