"""A case as a money-trail workbook: read whole, in one instant."""

from activities.context import Hands
from db.workbook import trail_export
from domain.workbook.columns import Sheet
from domain.workbook.exporting import ExportRow, to_sheets


async def export_trail(hands: Hands, ack_no: str) -> tuple[str, dict[Sheet, list[ExportRow]]]:
    """The number of the case that `ack_no` names, and the rows of its workbook. Raises `NotFound`."""
    async with (
        hands.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case_no, hops, answers = await trail_export.whole_case(connection, ack_no)
    return case_no, to_sheets(case_no, hops, answers, hands.directory.current, hands.policy.trail)
