"""Transfers, holds and timeline of cases as tables, for CSV and for spreadsheet programs.

A table has every row, where the view has pages. It is read in pages too, so that other requests are served between.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from asyncpg import Record

from activities.context import Context
from db.case import case_views, events
from db.case.cases import case_no_of
from documents.event_texts import sentence
from documents.spreadsheet import Table, Value
from schemas.case.request_views import EventView
from schemas.case.trail_layout import LETTERS
from schemas.enums import Language
from schemas.recovery.holds import HoldPage, HoldView
from schemas.text import IST

ROWS_AT_ONCE: Final = 1_000
EVENTS_MAX: Final = 20_000
"""events of a timeline that a table has, the newest; an evidence pack has all"""
HOLDS_MAX: Final = 20_000
HOP_HEADER: Final = (
    *("hop_no", "parent_hop_no", "layer", "from_institution", "from_account"),
    *("to_institution", "to_account", "to_ifsc", "reference", "mode", "transferred_at"),
    *("amount_paise", "disputed_paise", *(f"{bucket.value}_paise" for bucket in LETTERS)),
    *("state", "told_by", "flags"),
)
HOLD_HEADER: Final = (
    *("hold_id", "ack_no", "institution", "reference", "state", "held_paise", "free_paise", "first_held_at"),
    *("lapses_at", "holder_told_at", "retained_by", "small", "small_hold_decision", "ended_at"),
)
TIMELINE_HEADER: Final = ("seq", "at", "kind", "actor", "text")


async def hop_table(ctx: Context, ack_no: str, layer: int | None) -> Table:
    """Return every transfer of a case, or of one layer. Raises `NotFound`."""
    rows: list[tuple[Value, ...]] = []
    after = 0
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case_no = await case_no_of(connection, ack_no)
        while found := await case_views.rows(connection, case_no, after, ROWS_AT_ONCE, layer):
            rows += map(_hop_row, found)
            after = found[-1]["hop_no"]
    return _table("transfers", HOP_HEADER, rows)


async def hold_table(read: Callable[[str | None], Awaitable[HoldPage]]) -> Table:
    """Return the holds of a list that `read` returns page by page."""
    rows: list[tuple[Value, ...]] = []
    page = await read(None)
    rows += map(_hold_row, page.items)
    while page.next is not None and len(rows) < HOLDS_MAX:
        page = await read(page.next)
        rows += map(_hold_row, page.items)
    return _table("holds", HOLD_HEADER, rows)


async def timeline_table(ctx: Context, ack_no: str, language: Language) -> Table:
    """Return the newest events of a case as sentences, the newest first. Raises `NotFound`."""
    rows: list[tuple[Value, ...]] = []
    before: int | None = None
    name_of = ctx.directory.current.name_of
    async with ctx.pool.acquire() as connection:
        case_no = await case_no_of(connection, ack_no)
        while len(rows) < EVENTS_MAX:
            found, more = await events.before(connection, case_no, before, ROWS_AT_ONCE)
            rows += [_event_row(event, language, name_of) for event in found]
            if not more:
                break
            before = found[-1].seq
    return _table("timeline", TIMELINE_HEADER, rows)


def _table(title: str, header: tuple[str, ...], rows: list[tuple[Value, ...]]) -> Table:
    # The rows are our own, and a check of a million cells would hold up other requests.
    return Table.model_construct(title=title, header=header, rows=tuple(rows))


def _hop_row(hop: Record) -> tuple[Value, ...]:
    if hop["parent_hop_no"] is None:
        payer = (hop["payer_institution_as_told"], hop["payer_holder"])
    else:
        payer = (hop["parent_institution"] or hop["parent_institution_as_told"], hop["parent_holder"])
    balances = hop["balances"] or {}
    return (
        *(hop["hop_no"], hop["parent_hop_no"], hop["layer"], *payer),
        *(hop["institution"] or hop["payee_institution_as_told"], hop["payee_holder"], hop["payee_ifsc"]),
        *(hop["reference"], hop["mode"], _moment(hop["transferred_at"]), hop["amount_paise"], hop["disputed_paise"]),
        *(balances.get(bucket.value, 0) for bucket in LETTERS),
        *(hop["state"], hop["source"], " ".join(flag["code"] for flag in hop["flags"])),
    )


def _hold_row(hold: HoldView) -> tuple[Value, ...]:
    retained = hold.retained_by_kind.value if hold.retained_by_kind else None
    decision = hold.small_hold_decision.value if hold.small_hold_decision else None
    return (
        *(str(hold.hold_id), hold.case_ack_no, hold.institution, hold.reference, hold.state),
        *(hold.held_paise, hold.free_paise, _moment(hold.first_held_at), _moment(hold.lapses_at)),
        *(_moment(hold.holder_told_at), retained, int(hold.small), decision, _moment(hold.ended_at)),
    )


def _event_row(event: EventView, language: Language, name_of: Callable[[str], str]) -> tuple[Value, ...]:
    text = sentence(event.kind.value, event.data, language, name_of)
    return (event.seq, _moment(event.at), event.kind.value, event.actor, text)


def _moment(at: datetime | None) -> str | None:
    """Return a moment in Indian time, with its offset."""
    return at.astimezone(IST).isoformat(timespec="seconds") if at else None
