"""Messages of banks to the police: encrypted with a login token on the I4C wire, signed on other interfaces."""

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
from simulator.wires.json_api import answer_lines, debit_lines
from simulator.wires.letters import signed_headers

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
