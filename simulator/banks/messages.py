"""Messages at a bank of the simulator: mailbox, spool, script."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.banks.tickets import TicketRecord
from simulator.clock import wall_clock
from simulator.institutions import Institution
from simulator.wires.i4c import ROW_NAMES, rupees
from simulator.wires.json_api import answer_lines, debit_lines
from simulator.wires.letters import signed_headers
from simulator.world.bank_model import RowKind

UPDATE_PATH = "/banking/FraudReportStatusUpdate"
HOLDS_PATH = "/api/v1/bank/holds"
DEBIT_INQUIRIES_PATH = "/api/v1/bank/debit-inquiries"
WRONG_CLOCK = timedelta(minutes=-20)
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A request as it is sent."""

    path: str
    body: bytes
    headers: Mapping[str, str]


class BankMessage(Protocol):
    """One message of one bank. It is sealed again for every attempt."""

    @property
    def plain(self) -> bytes:
        """The content before sealing."""

    @property
    def needs_token(self) -> bool:
        """Whether it needs a login token."""

    def seal(self, url: str, plain: bytes) -> Sealed:
        """Return `plain` as this bank sends it to the police API at `url`."""

    def seal_with_other_keys(self, url: str, plain: bytes) -> Sealed:
        """Return the same as a sender with other keys sends it."""

    def seal_with_wrong_time(self, url: str, plain: bytes) -> Sealed:
        """Return the same with a wrong signing time, if the interface has one."""


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """Rows as a status update of the I4C wire."""

    bank: Institution
    plain: bytes
    needs_token: bool = True

    def seal(self, url: str, plain: bytes) -> Sealed:
        """Implement Speech."""
        return Sealed(UPDATE_PATH, *self.bank.envelope.seal_bytes(plain))

    def seal_with_other_keys(self, url: str, plain: bytes) -> Sealed:
        """Implement Speech with other keys. Both change, because without a signature the envelope must not open."""
        own = self.bank.envelope
        stranger = replace(own, aes_key=os.urandom(32), hmac_key=os.urandom(32) if own.hmac_key else None)
        return Sealed(UPDATE_PATH, *stranger.seal_bytes(plain))

    def seal_with_wrong_time(self, url: str, plain: bytes) -> Sealed:
        """Implement Speech. This interface has no times."""
        return self.seal(url, plain)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request with a JSON body that the bank signs."""

    bank: Institution
    path: str
    plain: bytes
    method: str = "POST"
    key: str = ""
    """Idempotency-Key"""
    needs_token: bool = False

    def seal(self, url: str, plain: bytes) -> Sealed:
        """Implement Speech."""
        return self._signed(url, plain, self.bank.signing_key, wall_clock())

    def seal_with_other_keys(self, url: str, plain: bytes) -> Sealed:
        """Implement Speech."""
        return self._signed(url, plain, Ed25519PrivateKey.generate(), wall_clock())

    def seal_with_wrong_time(self, url: str, plain: bytes) -> Sealed:
        """Implement Speech."""
        return self._signed(url, plain, self.bank.signing_key, wall_clock() + WRONG_CLOCK)

    def _signed(self, url: str, plain: bytes, key: Ed25519PrivateKey, created: datetime) -> Sealed:
        address = url.rstrip("/") + self.path
        headers = {"content-type": "application/json"} if plain else {}
        if self.key:
            headers["idempotency-key"] = self.key
        signed = signed_headers(
            self.method,
            address,
            plain,
            key_id=self.bank.key_id,
            private_key=key,
            created=created,
            nonce=secrets.token_urlsafe(18),
            headers=headers,
        )
        return Sealed(self.path, plain, signed)


def status_update(record: TicketRecord, ack_no: str | None, job_id: str | None, rows: Sequence[Json]) -> StatusUpdate:
    """Return rows about a ticket as a status update, with the ticket's numbers unless others are given."""
    content = {
        "acknowledgement_no": ack_no or record.report.ack_no,
        "job_id": job_id or record.job_id,
        "transactions": list(rows),
    }
    return StatusUpdate(record.bank, orjson.dumps(content))


def signed_answer(record: TicketRecord, rows: Sequence[Json]) -> SignedRequest | None:
    """Return rows as an answer to the ticket's hold request, or None if no row is about it."""
    lines = answer_lines(rows, record.report.hop_nos)
    if not lines:
        return None
    key = f"{record.job_id}-{len(record.posts)}"
    return SignedRequest(record.bank, f"{HOLDS_PATH}/{record.key}/answer", orjson.dumps({"lines": lines}), key=key)


def signed_debits(record: TicketRecord, rows: Sequence[Json]) -> SignedRequest | None:
    """Return rows as an answer to an inquiry, or None if no row is about it."""
    lines = debit_lines(rows, record.rrns[0])
    if not lines:
        return None
    path, key = f"{DEBIT_INQUIRIES_PATH}/{record.key}/answer", f"{record.key}-{len(record.posts)}"
    return SignedRequest(record.bank, path, orjson.dumps({"lines": lines}), key=key)


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
