"""Steps of the acts on hops: their transfers, their requests, and what the workflow is told."""

from collections.abc import Mapping
from uuid import UUID

from activities.case.batches import notify_case
from activities.case.transaction import CaseTransaction
from db.case import cases, events, hops, intake, ledger, requests
from domain.case.ledger import move_between
from domain.errors.banks import InstitutionNotFound
from schemas.base import Flag
from schemas.case.case_workflow import CaseNews, FollowUp, HopBrief, HopRef
from schemas.enums import AnswerClass, Bucket, CaseState, HopState, TaskKind
from schemas.events import EventKind
from schemas.identifiers import transfer_key


async def register_transfer(work: CaseTransaction, hop: hops.HopRow) -> dict[str, str]:
    """Register the hop's transfer for this case, so that a complaint about it joins.

    Returns the event's data about another case that already has the transfer, or nothing. The function
    `db.case.intake.register_transfers` gives the order of the locks.
    """
    if not hop.reference:
        return {}
    known = await intake.register_transfers(work.connection, work.case_no, [key_of(hop)], [hop.hop_no])
    others = {hop_no: other for hop_no, (other, _) in known.items() if other != work.case_no}
    await flag_others(work, others)
    return {"known_in_another_case": others[hop.hop_no]} if others else {}


async def flag_others(work: CaseTransaction, others: Mapping[int, str]) -> None:
    """Flag the hops whose transfer belongs to another case; `others` gives that case by hop.

    Either one transfer carried money of two victims, or two cases are one. The hop is asked about in this case too, and
    the desk sees the flag.
    """
    if others:
        await hops.flag(work.connection, work.case_no, {hop_no: _flag(other) for hop_no, other in others.items()})


def key_of(hop: hops.HopRow) -> str:
    """Return the key of a hop's transfer, by its institution, or by the reported name if the institution is unknown."""
    return transfer_key(hop.reference, hop.institution or hop.payee_institution_as_told)


def _flag(other: str) -> Flag:
    return Flag(field="reference", code="known_in_another_case", message=f"this transfer is in case {other}")


async def withdraw_from_request(work: CaseTransaction, hop: hops.HopRow) -> list[str]:
    """Detach the hop from the request that asks about it with the old figures; finish a request left empty."""
    if hop.state is not HopState.ASKED:
        return []
    finished = await requests.detach(work.connection, work.case_no, hop.hop_no, work.now)
    await work.close_request_tasks(finished, "the hop was corrected")
    return [str(request_id) for request_id in finished]


async def close_if_empty(work: CaseTransaction, hop: hops.HopRow) -> list[HopRef]:
    """Close a hop without any amount in play. Returns the hop if this call closed it."""
    left = (await ledger.balances(work.connection, work.case_no, hop.hop_no)).get(Bucket.IN_PLAY, 0)
    if left or hop.state is HopState.CLOSED:
        return []
    await hops.close(work.connection, work.case_no, [hop.hop_no])
    finished = await requests.finish_empty(work.connection, work.case_no, work.now)
    why = "no money of the hop is in play"
    await work.close_request_tasks(finished, why)
    await work.close_hop_tasks([hop.hop_no], (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION), why)
    return [HopRef(hop_no=hop.hop_no, revision=hop.revision)]


async def notify_workflow(work: CaseTransaction, *, reopened: list[hops.HopRow], closed: list[HopRef]) -> FollowUp:
    """Plan the requests and write the notification of the workflow. A settled case with money in play is reopened."""
    connection, case_no = work.connection, work.case_no
    briefs = [await brief_of(work, hop) for hop in reopened]
    opened = tuple(brief for brief in briefs if brief)
    parked = tuple(HopRef(hop_no=h.hop_no, revision=h.revision) for h in reopened if h.state is not HopState.OPEN)
    news = CaseNews(news_id=0, opened=opened, closed=tuple(closed), parked=parked)
    reopens = work.head.state is CaseState.SETTLED and bool(reopened)
    if reopens:
        # Before the requests are planned, so the log tells the reopening first.
        await cases.reopen(connection, case_no)
        await work.as_engine.log(EventKind.CASE_REOPENED)
    notification = await notify_case(work, news)
    start = await cases.snapshot(connection, case_no) if reopens else None
    return FollowUp(case_no=case_no, start=start, news=notification)


async def brief_of(work: CaseTransaction, hop: hops.HopRow) -> HopBrief | None:
    """Return a hop as the workflow asks about it, or None if it waits for the desk."""
    if hop.state is not HopState.OPEN or not hop.institution:
        return None
    known = work.ctx.directory.current.get(hop.institution)
    if known is None:
        raise InstitutionNotFound(hop.institution)
    balances = await ledger.balances(work.connection, work.case_no, hop.hop_no)
    return HopBrief(
        hop_no=hop.hop_no,
        revision=hop.revision,
        institution=hop.institution,
        answer_class=AnswerClass(known.answer_class),
        disputed_paise=balances.get(Bucket.IN_PLAY, 0),
        layer=hop.layer,
        transferred_at=hop.transferred_at,
    )


async def write_off_request(work: CaseTransaction, request_id: UUID, reason: str) -> list[HopRef]:
    """Stop a live request: its amount becomes untraced, and its hops close."""
    connection, case_no = work.connection, work.case_no
    live = await requests.live_hops(connection, request_id)
    entries = [
        entry for hop in live for entry in move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, hop.disputed_paise)
    ]
    await ledger.post(connection, case_no, "request_stopped", f"stop|{request_id}", work.now, entries)
    await hops.close(connection, case_no, [hop.hop_no for hop in live])
    await requests.stop(connection, request_id, work.now)
    await work.close_request_tasks([request_id], "the request was stopped")
    data = {"request_id": str(request_id), "placed": events.placed(entries), "reason": reason}
    await work.log(EventKind.REQUEST_STOPPED, **data)
    return [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in live]
