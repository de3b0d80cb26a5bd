"""What a bank says by telephone, as short as a test wants it."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from activities.case.call_backs import take_telephone_answer
from schemas.case.hold_requests import NewTelephoneAnswer, TelephoneAnswerTaken
from tests.activities.bench import Bench
from tests.factories import rrn

OFFICER: Final = "officer:asha"
NUMBER: Final = "9000000001"
"""of the nodal officer in the directory"""
SPEAKER: Final = {"name": "Raghav Rao", "designation": "Branch manager", "number": NUMBER}


async def request_of(bench: Bench, case_no: str, bank: str = "HDFC") -> UUID:
    """The newest request of the case to that bank."""
    found: UUID = await bench.value(
        "SELECT request_id FROM hold_request WHERE case_no = $1 AND institution = $2 ORDER BY batch_no DESC LIMIT 1",
        case_no,
        bank,
    )
    return found


async def said(
    bench: Bench,
    case_no: str,
    *lines: dict[str, Any],
    bank: str = "HDFC",
    key: str | None = None,
    by: str = OFFICER,
    call_back: timedelta | None = None,
    at: datetime | None = None,
    **speaker: str,
) -> TelephoneAnswerTaken:
    """Enter what the bank says now about its newest request."""
    now = bench.ctx.now()
    new = NewTelephoneAnswer.model_validate(
        {
            "speaker": SPEAKER | speaker,
            "told_at": at or now,
            "lines": lines,
            "calls_back_at": now + call_back if call_back else None,
        }
    )
    request_id = await request_of(bench, case_no, bank)
    taken, follow_up = await take_telephone_answer(bench.ctx, case_no, request_id, new, key or rrn(), by)
    await bench.note(follow_up)
    return taken


def held(rupees: int, hop: int = 1, **more: Any) -> dict[str, Any]:
    """A line: so much is on hold."""
    return {"hop": hop, "kind": "held", "amount_paise": rupees * 100} | more


def withdrawn(rupees: int, hop: int = 1, **more: Any) -> dict[str, Any]:
    """A line: so much was withdrawn at an ATM."""
    return {"hop": hop, "kind": "withdrawn", "by": "atm", "amount_paise": rupees * 100} | more


def spent(rupees: int, hop: int = 1, **more: Any) -> dict[str, Any]:
    """A line: so much was paid to a merchant."""
    return {"hop": hop, "kind": "spent", "merchant": "A shop", "amount_paise": rupees * 100} | more


def moved_on(
    rupees: int, reference: str, hop: int = 1, bank: str = "ICIC", account: str = "1234567890"
) -> dict[str, Any]:
    """A line: so much went on to another account."""
    payee = {"institution": bank, "account": account}
    return {"hop": hop, "kind": "moved", "amount_paise": rupees * 100, "reference": reference, "payee": payee}


def nothing(hop: int = 1) -> dict[str, Any]:
    """A line: the bank finds no such record."""
    return {"hop": hop, "kind": "refused", "code": "01"}
