"""Scripts: the exact answers of one bank about one transfer, for tests."""

from dataclasses import dataclass

from simulator.wires.i4c import ROW_NAMES, rupees
from simulator.world.bank_model import RowKind

WrittenRow = dict[str, object]


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """One status update: `rows` as they are sent, `after_wall_seconds` after the ticket's receipt.

    `root_*` fields that a row omits are filled in; `ack_no` and `job_id` are the ticket's unless given.
    """

    rows: tuple[WrittenRow, ...]
    after_wall_seconds: float = 0.0
    ack_no: str | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """Reply of the endpoint to the next `times` fraud reports about the transfer, before it works normally.

    `reset` drops the connection after `hang_wall_seconds`; otherwise the reply is `status` with `code`.
    """

    status: int = 200
    code: str = "00"
    message: str = ""
    retry_after_seconds: int | None = None
    hang_wall_seconds: float = 0.0
    reset: bool = False
    times: int = 1


@dataclass(slots=True)
class Script:
    """Script of one bank for one transfer. With `answers` None the world decides."""

    answers: tuple[ScriptedAnswer, ...] | None = None
    reply: ScriptedReply | None = None
    replied: int = 0


def hold_row(rrn: str, paise: int, account: str = "") -> WrittenRow:
    """Return a row: `paise` of the transfer `rrn` are on hold."""
    return _row(RowKind.HOLD, rrn, account, paise, paise)


def transfer_row(
    rrn: str,
    *,
    new_rrn: str,
    paise: int,
    payee_bank_code: str,
    payee_account: str,
    disputed_paise: int | None = None,
    payee_bank: str = "",
    ifsc: str = "",
    account: str = "",
) -> WrittenRow:
    """Return a row: money of the transfer `rrn` was transferred on with `new_rrn`."""
    return _row(RowKind.TRANSFER, rrn, account, paise, paise if disputed_paise is None else disputed_paise) | {
        "rrn_transaction_id": new_rrn,
        "payee_bank": payee_bank or payee_bank_code,
        "payee_bank_code": payee_bank_code,
        "payee_account_number": payee_account,
        "ifsc_code": ifsc,
    }


def withdrawal_row(
    rrn: str,
    *,
    paise: int,
    kind: RowKind = RowKind.ATM,
    new_rrn: str = "",
    disputed_paise: int | None = None,
    account: str = "",
) -> WrittenRow:
    """Return a row: money of the transfer `rrn` was withdrawn or spent; `kind` is ATM, AEPS, POS or CHEQUE."""
    tainted = paise if disputed_paise is None else disputed_paise
    return _row(kind, rrn, account, paise, tainted) | {"rrn_transaction_id": new_rrn}


def refusal_row(rrn: str, paise: int, code: str, remarks: str = "", account: str = "") -> WrittenRow:
    """Return a row: the bank refuses to report on the transfer `rrn`, with a status code."""
    return _row(RowKind.HOLD, rrn, account, paise, paise) | {"status_code": code, "remarks": remarks}


def _row(kind: RowKind, rrn: str, account: str, paise: int, disputed_paise: int) -> WrittenRow:
    row: WrittenRow = {
        "txn_type": ROW_NAMES[kind],
        "txn_type_id": int(kind),
        "amount": rupees(paise),
        "disputed_amount": rupees(disputed_paise),
        "rrn_transaction_id": "",
        "root_rrn_transaction_id": rrn,
        "status_code": "00",
        "remarks": "",
    }
    return row | ({"root_account_number": account} if account else {})
