"""`goldenhour readers` and `refusals`: who has read a case, and who was refused what."""

from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, people, run, write_json
from workers.commands.exits import USAGE, Failed
from workers.commands.officers import with_pool

if TYPE_CHECKING:
    from db.pool import Pool
    from schemas.officers.sign_in import RefusedAct
    from schemas.privacy.reads import ReadEntry

PAGE_ITEMS = 500
CALLER_KINDS = ("officer:", "script:", "bank:")


def readers(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Any acknowledgement number of the case.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many reads.")] = PAGE_ITEMS,
    json_target: JsonTarget = None,
) -> None:
    """List who has read a case, its parts and its documents, the newest first.

    The same read of the same caller within a few minutes is one line.

    Exit codes: 0 done, 1 no such case or failed, 2 wrong usage or settings.
    """
    found = run(with_pool(lambda pool: _read_of_readers(pool, case, limit)))
    write_json(json_target, [one.model_dump(mode="json") for one in found])
    if json_target is None:
        _show_table(case, found)


async def _read_of_readers(pool: "Pool", ack_no: str, limit: int) -> "list[ReadEntry]":
    from db.case.cases import case_no_of
    from db.privacy import jurisdiction

    found: list[ReadEntry] = []
    async with pool.acquire() as connection:
        case_no = await case_no_of(connection, ack_no)
        after = None
        while len(found) < limit:
            page = await jurisdiction.of_case(connection, case_no, after, min(PAGE_ITEMS, limit - len(found)))
            found += page.reads
            after = page.next
            if after is None:
                break
    return found


def _show_table(case: str, found: "list[ReadEntry]") -> None:
    from rich.table import Table
    from rich.text import Text

    from schemas.text import IST

    table = Table(title=f"{len(found)} reads of case {case}", title_justify="left")
    for name in ("at (IST)", "reader", "read", "from", "reason"):
        table.add_column(name, overflow="fold")
    for one in found:
        at = one.at.astimezone(IST).isoformat(" ", timespec="seconds")
        reason = f"outside: {one.reason}" if one.outside else one.reason
        table.add_row(*map(Text, (at, one.reader, one.route.removeprefix("/api/v1"), one.address, reason)))
    people(None).print(table)


def refusals(
    caller: Annotated[
        str | None,
        typer.Argument(metavar="CALLER", help="officer:ID, script:NAME or bank:CODE; all callers without it."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many lines.")] = PAGE_ITEMS,
    json_target: JsonTarget = None,
) -> None:
    """List what officers, scripts and banks were refused, the newest first.

    The same acts of one caller within a minute are one line with their number.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    if caller is not None and not caller.startswith(CALLER_KINDS):
        raise Failed("CALLER begins with officer:, script: or bank:", USAGE)
    found = run(with_pool(lambda pool: _read_refused(pool, caller, limit)))
    write_json(json_target, [one.model_dump(mode="json") for one in found])
    if json_target is None:
        _show_refused(found)


async def _read_refused(pool: "Pool", caller: str | None, limit: int) -> "list[RefusedAct]":
    from db.officers import refused_acts

    found: list[RefusedAct] = []
    async with pool.acquire() as connection:
        after = None
        while len(found) < limit:
            page = await refused_acts.refused_page(connection, caller, after, min(PAGE_ITEMS, limit - len(found)))
            found += page.items
            after = page.next
            if after is None:
                break
    return found


def _show_refused(found: "list[RefusedAct]") -> None:
    from rich.table import Table
    from rich.text import Text

    from schemas.text import IST

    table = Table(title=f"{len(found)} lines of refused acts", title_justify="left")
    for name in ("at (IST)", "caller", "act", "code", "times", "from"):
        table.add_column(name, overflow="fold")
    for one in found:
        at = one.at.astimezone(IST).isoformat(" ", timespec="seconds")
        caller = one.caller or "no such login"
        said = caller if one.is_proven else f"{caller} (not proven)"
        act = f"{one.method} {one.route.removeprefix('/api/v1')}"
        table.add_row(*map(Text, (at, said, act, f"{one.status} {one.code}", str(one.times), one.address)))
    people(None).print(table)
