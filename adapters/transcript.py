"""Record of the bytes exchanged with a bank.

Raw parts are noted during the call and put together when it is over. Nothing is computed before the bytes leave, so
that the record never delays a hold request.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.clock import wall_clock
from schemas.banks.keys import FAILURE_MAX_CHARS, LINE_MAX_CHARS, REPLY_MAX_BYTES, SENT_MAX_BYTES, Exchange
from schemas.enums import ChannelKind

MASK: Final = "x"
Header = tuple[str, str]


@dataclass(slots=True)
class Sending:
    """One transmission of bytes to a bank and its reply."""

    start: str
    """method and target"""
    headers: Iterable[Header]
    body: bytes = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    """plaintext inside an envelope"""
    masked_body: Callable[[], bytes] | None = None
    """returns the body to store, with a secret masked; None: store the body itself"""
    at: datetime = field(default_factory=wall_clock)
    status: str | None = None
    """None if no reply came"""
    reply_headers: Iterable[Header] = ()
    reply: bytearray = field(default_factory=bytearray, repr=False)
    replied_whole: bool = False
    failure: str = ""

    def exchange(self, channel: ChannelKind) -> Exchange:
        """Return the finished record of this transmission, cut to the storage limits."""
        body = self.body if self.masked_body is None else self.masked_body()
        replied = self.status is not None
        return Exchange(
            channel=channel,
            at=self.at,
            head=_head(self.start, self.headers),
            body=body[:SENT_MAX_BYTES],
            size_bytes=len(self.body),
            digest=hashlib.sha256(self.body).digest(),
            masked=self.masked_body is not None,
            content=self.content,
            reply_head=_head(self.status, self.reply_headers) if self.status is not None else None,
            reply=bytes(self.reply[:REPLY_MAX_BYTES]) if replied else None,
            reply_cut=replied and (not self.replied_whole or len(self.reply) > REPLY_MAX_BYTES),
            failure=_line(self.failure, FAILURE_MAX_CHARS),
        )


class Transcript:
    """All transmissions of one attempt over one channel."""

    def __init__(self, channel: ChannelKind) -> None:
        self._channel = channel
        self._sendings: list[Sending] = []

    def sends(self, sending: Sending) -> Sending:
        """Note a transmission that starts now and return it. The caller adds the reply to it."""
        self._sendings.append(sending)
        return sending

    def failed(self, failure: str) -> None:
        """Note `failure` on the last transmission, if there is one."""
        if self._sendings:
            self._sendings[-1].failure = failure

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the finished records of all transmissions."""
        return tuple(sending.exchange(self._channel) for sending in self._sendings)


def masked(text: str, secret: str) -> str:
    """Return the text with the secret replaced by as many mask characters.

    The length stays the same, so the message around it keeps its layout.
    """
    return text.replace(secret, MASK * len(secret)) if secret else text


def _head(start: str, headers: Iterable[Header]) -> str:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{_line(line, LINE_MAX_CHARS)}\n" for line in lines)


def _line(text: str, max_chars: int) -> str:
    """Return the text as one storable line. Unprintable characters, which a foreign server may send, are replaced."""
    clean = text.encode(errors="replace").decode()
    return "".join(character if character.isprintable() else "\ufffd" for character in clean)[:max_chars]
