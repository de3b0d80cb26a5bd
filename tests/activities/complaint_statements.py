"""What complaints told, as it is kept, for tests."""

from db.case import told_transfers
from schemas.case.intake import Complaint, ToldTransfer, Transfer
from schemas.parties import Party
from tests.activities.bench import Bench


async def told(bench: Bench, case_no: str) -> list[ToldTransfer]:
    """All that a case's complaints state."""
    async with bench.pool.acquire() as connection:
        return list((await told_transfers.page(connection, case_no, None, 500)).items)


def statement(of: Complaint) -> list[Transfer]:
    return list(of.transfers)


def as_transfer(one: ToldTransfer) -> Transfer:
    """The transfer as the complaint told it, from what is kept."""
    ends = {}
    for name in ("payer", "payee"):
        end = getattr(one, name)
        holder = {"vpa": end.vpa, end.kind: end.holder}
        ends[name] = Party.model_validate({"institution": end.institution, "ifsc": end.ifsc} | holder)
    told = one.model_dump(include={"amount_paise", "rrn", "utr", "mode", "transferred_at", "time_missing"})
    return Transfer.model_validate({**ends, **told})
