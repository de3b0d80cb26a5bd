"""Transfers and timeline of cases as tables, for CSV and for spreadsheet programs.

A table has every row, where the view has pages. It is read in pages too, so that other requests are served between.
"""

from collections.abc import Callable
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
from schemas.text import IST

ROWS_AT_ONCE: Final = 1_000
EVENTS_MAX: Final = 20_000
"""events of a timeline that a table has, the newest; an evidence pack has all"""
HOP_HEADER: Final = (
    *("hop_no", "parent_hop_no", "layer", "from_institution", "from_account"),
    *("to_institution", "to_account", "to_ifsc", "reference", "mode", "transferred_at"),
    *("amount_paise", "disputed_paise", *(f"{bucket.value}_paise" for bucket in LETTERS)),
    *("state", "told_by", "flags"),
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
        while page := await case_views.rows(connection, case_no, after, ROWS_AT_ONCE, layer):
            rows += map(_hop_row, page)
            after = page[-1]["hop_no"]
    return table_of("transfers", HOP_HEADER, rows)


async def timeline_table(ctx: Context, ack_no: str, language: Language) -> Table:
    """Return the newest events of a case as sentences, the newest first. Raises `NotFound`."""
    rows: list[tuple[Value, ...]] = []
    before: int | None = None
    name_of = ctx.directory.current.name_of
    async with ctx.pool.acquire() as connection:
        case_no = await case_no_of(connection, ack_no)
        while len(rows) < EVENTS_MAX:
            page, more = await events.before(connection, case_no, before, ROWS_AT_ONCE)
            rows += [_event_row(event, language, name_of) for event in page]
            if not more:
                break
            before = page[-1].seq
    return table_of("timeline", TIMELINE_HEADER, rows)


def table_of(title: str, header: tuple[str, ...], rows: list[tuple[Value, ...]]) -> Table:
    """Return a table of rows that are our own, without a check of them."""
    # A check of a million cells would hold up other requests.
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
        *(hop["reference"], hop["mode"], moment(hop["transferred_at"]), hop["amount_paise"], hop["disputed_paise"]),
        *(balances.get(bucket.value, 0) for bucket in LETTERS),
        *(hop["state"], hop["source"], " ".join(flag["code"] for flag in hop["flags"])),
    )


def _event_row(event: EventView, language: Language, name_of: Callable[[str], str]) -> tuple[Value, ...]:
    text = sentence(event.kind.value, event.data, language, name_of)
    return (event.seq, moment(event.at), event.kind.value, event.actor, text)


def moment(at: datetime | None) -> str | None:
    """Return a moment in Indian time, with its offset."""
    return at.astimezone(IST).isoformat(timespec="seconds") if at else None
