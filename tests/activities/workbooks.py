"""Money-trail workbooks of made-up cases, for those who take them."""

from activities.workbook.trail_import import take_trails
from activities.workbook.trail_lines import TrailOutcome
from domain.workbook.columns import Sheet
from domain.workbook.reading import TrailReading
from schemas.case.case_workflow import FollowUp
from tests.activities.bench import Bench
from tests.domain.trail_books import moved, read, said, sheet
from tests.factories import rrn

TRANSFER = Sheet.TRANSFER.value
NOWHERE = "Bank of Nowhere"
serial = iter(range(1, 1_000_000))


def ack() -> str:
    return f"2051126{next(serial):07d}"


def workbook(number: str, root: str) -> TrailReading:
    """₹10,000 of a victim: 6,000 went on to PUNB (of which 4,000 on to ICIC, which is pending), the rest is cash."""
    of = {"ack_no": number}
    second, third = rrn(), rrn()
    return read(
        sheet(
            TRANSFER,
            moved(3, second, third, 4_000, bank="ICIC", ifsc="", action_by="PUNB", **of),
            moved(2, root, second, 6_000, bank="PUNB Bank", ifsc="PUNB0001234", **of),
            moved(1, root, root, 10_000, **of),
        ),
        sheet(Sheet.HOLD, said(root, 1_000, **of), said(second, 500, account="0020000000", action_by="", **of)),
        sheet(Sheet.ATM, said(root, 700, atm_id="ATM7", **of)),
        sheet(Sheet.CHEQUE, said(root, 600, reference_no="000123", **of)),
        sheet(Sheet.POS, said(root, 300, mid="M1", **of)),
        sheet(Sheet.AEPS, said("", 200, parent_utr=root, parent_account="0010000000", **of)),
        sheet(Sheet.OTHER, said(root, None, remarks="holder absconding", **of)),
        sheet(Sheet.SMALL, said(root, 99, **of)),
    )


async def take(bench: Bench, reading: TrailReading, taken_by: str = "import:a") -> TrailOutcome:
    told: list[FollowUp] = []
    (outcome,) = await take_trails(bench.ctx, [reading], taken_by=taken_by, follow=told.append)
    for follow_up in told:
        await bench.note(follow_up)
    if outcome.case_no:
        await bench.check(outcome.case_no)
    return outcome


def codes(outcome: TrailOutcome) -> list[tuple[str, int, str]]:
    return [(row.sheet_name, row.row_no, fault.code) for row in outcome.rejected for fault in row.faults]
