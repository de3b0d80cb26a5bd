"""Export of a case as the rows of a money-trail workbook."""

from activities.banks.bodies import line_opener
from activities.context import Context
from db.workbook import trail_import
from domain.workbook.columns import Sheet
from domain.workbook.exporting import ExportRow, to_sheets


async def export_trail(ctx: Context, ack_no: str) -> tuple[str, dict[Sheet, list[ExportRow]]]:
    """Return the number of the case that `ack_no` names, and the rows of its workbook. Raises `NotFound`."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case_no, hops, answers = await trail_import.whole_case(connection, ack_no, line_opener(ctx.persons))
    return case_no, to_sheets(case_no, hops, answers, ctx.directory.current, ctx.policy.trail)
