"""The I4C wire on the bank's side: read fraud reports, write status updates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from simulator.clock import IST, Clock, stream
from simulator.config import TOWNS, person_name
from simulator.institutions import UNLISTED, Institution
from simulator.world.bank_model import Incident, Row, RowKind
from simulator.world.world import Account, AccountKey

MAX_ROWS = 500
"""most rows in one status update"""
MAX_INCIDENTS = 500
MAX_PAISE = 10**13
PADDED_DIGITS = 18
OLD_ROW_WALL_DAYS = 200
ROW_NAMES = {
    RowKind.HOLD: "Transaction Put on Hold",
    RowKind.TRANSFER: "Money Transfer To",
    RowKind.ATM: "Withdrawal through ATM",
    RowKind.AEPS: "Withdrawal through AEPS",
    RowKind.POS: "Withdrawal through POS",
    RowKind.CHEQUE: "Withdrawal through Cheque",
}


class TicketError(ValueError):
    """A fraud report that cannot be accepted; the message says why."""


@dataclass(frozen=True, slots=True)
class FraudReport:
    """Content of a fraud report: the case's number and the hops. `layers` are parallel to the incidents."""

    ack_no: str
    incidents: tuple[Incident, ...]
    layers: tuple[int, ...]
    hop_nos: Mapping[str, int] = field(default_factory=dict)
    """by RRN: the hop number for the answer; empty if the interface uses RRNs only"""
    job_id: str = ""
    """the police's id of the request, if its interface has one; otherwise the bank assigns a number"""
    is_debit_inquiry: bool = False
    """whether webhook or feed asks the bank as the victim's bank; the I4C wire has no mark for that"""


def paise(value: object) -> int:
    """Return rupees from the wire (text or number) as paise. Raises TicketError."""
    try:
        amount = Decimal(str(value)) * 100
    except InvalidOperation as error:
        raise TicketError(f"{value!r} is not an amount in rupees") from error
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount <= MAX_PAISE:
        raise TicketError(f"{value!r} is not an amount in rupees and paise")
    return int(amount)


def rupees(amount_paise: int) -> str:
    """Return paise in the format of the wire."""
    return f"{amount_paise // 100}.{amount_paise % 100:02d}"


def read_report(content: object) -> FraudReport:
    """Read a fraud report. `incidents` may be beside or inside `instrument`, which may be missing.

    Raises TicketError.
    """
    if not isinstance(content, dict):
        raise TicketError("the report is not an object")
    ack_no = content.get("acknowledgement_no")
    if not isinstance(ack_no, str) or not ack_no:
        raise TicketError("acknowledgement_no is missing")
    instrument = content.get("instrument")
    listed = content.get("incidents")
    if listed is None and isinstance(instrument, dict):
        listed = instrument.get("incidents")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_INCIDENTS:
        raise TicketError(f"incidents must be a list of 1 to {MAX_INCIDENTS}")
    read = [_incident(item) for item in listed]
    return FraudReport(ack_no, tuple(incident for incident, _ in read), tuple(layer for _, layer in read))


def _incident(item: object) -> tuple[Incident, int]:
    if not isinstance(item, dict):
        raise TicketError("an incident is not an object")
    rrn = item.get("rrn")
    if not isinstance(rrn, str) or not rrn:
        raise TicketError("an incident has no rrn")
    layer = item.get("layer", 0)
    if not isinstance(layer, int):
        raise TicketError("layer is not a number")
    amount = paise(item.get("amount"))
    return Incident(rrn, amount, paise(item.get("disputed_amount", item.get("amount")))), layer


class RowWriter:
    """Writes rows for the wire. It knows the world's accounts and the clock."""

    def __init__(
        self,
        seed: int,
        clock: Clock,
        banks: Mapping[str, Institution],
        accounts: Mapping[AccountKey, Account],
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._banks = banks
        self._accounts = accounts

    def row(self, bank: Institution, row: Row) -> dict[str, object]:
        """Return one row for `transactions`."""
        root = self._accounts[row.root_account].plan if row.root_account is not None else None
        written: dict[str, object] = {
            "txn_type": ROW_NAMES[row.kind],
            "txn_type_id": int(row.kind),
            "amount": rupees(row.amount_paise),
            "disputed_amount": rupees(row.disputed_paise),
            "transaction_datetime": self._time(row),
            "rrn_transaction_id": row.rrn,
            "root_account_number": root.key.number if root else "",
            "root_rrn_transaction_id": row.root_rrn,
            "root_bankid": bank.code,
            "root_ifsc_code": root.ifsc if root else "",
            "root_effective_balance": rupees(row.balance_paise),
            "status_code": row.status,
            "remarks": row.remarks,
            "phone_number": root.mobile if root else "",
            "email": f"{root.holder.replace(' ', '.').lower()}@mail.example" if root else "",
            "pan_number": root.pan if root else "",
            "ifsc_code": root.ifsc if root else "",
        }
        if row.kind is RowKind.TRANSFER and row.payee is not None:
            written |= self._payee(row, row.payee)
        elif row.kind is not RowKind.HOLD:
            written |= self._withdrawal(bank, row)
        return written

    def _time(self, row: Row) -> str:
        moment = self._clock.instant(row.at).astimezone(IST)
        if row.old:
            moment -= timedelta(days=OLD_ROW_WALL_DAYS)
        return f"{moment:%Y-%m-%d %H:%M:PM}" if row.odd_time else f"{moment:%Y-%m-%d %H:%M:%S}"

    def _payee(self, row: Row, payee: AccountKey) -> dict[str, object]:
        plan = self._accounts[payee].plan
        bank = self._banks.get(payee.bank)
        name = bank.name if bank is not None else UNLISTED[1]
        if row.wrong_bank_name:
            others = sorted(other.name for other in self._banks.values() if other.name != name)
            name = others[stable_index(row.rrn, len(others))]
        return {
            "payee_bank": name,
            "payee_bank_code": payee.bank,
            "payee_account_number": padded(payee.number) if row.zero_padded else payee.number,
            "ifsc_code": plan.ifsc,
        }

    def _withdrawal(self, bank: Institution, row: Row) -> dict[str, object]:
        rng = stream(self._seed, "withdrawal", row.rrn)
        if row.kind is RowKind.ATM:
            place = rng.choice(TOWNS)
            return {"atm_id": f"{bank.code}{rng.randrange(10**6):06d}", "place_of_atm": place, "atm_of_bank": bank.name}
        if row.kind is RowKind.AEPS:
            return {"rrn": row.rrn}
        if row.kind is RowKind.POS:
            return {
                "mid": f"{rng.randrange(10**15):015d}",
                "tid": f"{rng.randrange(10**8):08d}",
                "approval_code": f"{rng.randrange(10**6):06d}",
                "merchant_name": f"{rng.choice(TOWNS)} Traders",
                "pos_transaction_id": row.rrn,
            }
        return {
            "cheque_no": f"{rng.randrange(10**6):06d}",
            "withdrawal_date": f"{self._clock.instant(row.at).astimezone(IST):%Y-%m-%d}",
            "location": rng.choice(TOWNS),
            "managername": person_name(rng),
            "managernumber": bank.nodal_mobile,
        }


def stable_index(text: str, size: int) -> int:
    """Return a stable index in a list of `size` for a transaction number."""
    return sum(map(ord, text)) % size


def padded(number: str) -> str:
    """Return the same account number without its leading zeros, or with some added."""
    bare = number.lstrip("0")
    return bare if bare != number else number.zfill(min(PADDED_DIGITS, len(number) + 4))
