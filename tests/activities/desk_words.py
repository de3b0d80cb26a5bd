"""What the desk says, for its tests: corrections, hops, and a case that it may speak of."""

from typing import Any

from schemas.case.case_workflow import Sent
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from tests.activities.bench import Bench
from tests.factories import rrn, transfer

OFFICER = "officer:7"
ICIC = {"institution": "ICIC", "account": "000123456789"}


def correction(**told: Any) -> HopCorrection:
    return HopCorrection.model_validate({"reason": "the bank called"} | told)


def new_hop(parent_hop_no: int = 1, paise: int = 400_00, **told: Any) -> NewHopByDesk:
    return NewHopByDesk.model_validate(
        {
            "parent_hop_no": parent_hop_no,
            "payee": ICIC,
            "amount_paise": paise,
            "disputed_paise": paise,
            "reference": rrn(),
            "transferred_at": "2026-11-24T10:00:00",
            "reason": "told by phone",
        }
        | told
    )


async def asked(bench: Bench, paise: int = 1000_00) -> tuple[str, str, Sent]:
    root = rrn()
    case_no = await bench.complain(transfer(paise, reference=root))
    return case_no, root, await bench.ask_one(case_no)
