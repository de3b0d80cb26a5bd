"""What is said on a wire to a bank, noted while it is said and put together when it is over.

Nothing is computed before the bytes leave: the golden hour does not wait for its own record.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from schemas.banks.exchanges import FAILURE_MAX_CHARS, LINE_MAX_CHARS, REPLY_MAX_BYTES, SENT_MAX_BYTES, Exchange
from schemas.enums import ChannelKind

MASK: Final = "x"
Header = tuple[str, str]


@dataclass(slots=True)
class Sending:
    """One time that bytes leave, while it is under way."""

    start: str
    """method and target"""
    headers: Iterable[Header]
    body: bytes = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    """what is inside an envelope"""
    kept: Callable[[], bytes] | None = None
    """makes what is kept instead of the body: the same with a secret written over"""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str | None = None
    """None: no reply"""
    reply_headers: Iterable[Header] = ()
    reply: bytearray = field(default_factory=bytearray, repr=False)
    replied_whole: bool = False
    failure: str = ""

    def exchange(self, channel: ChannelKind) -> Exchange:
        """All of it, as it is kept."""
        body = self.body if self.kept is None else self.kept()
        replied = self.status is not None
        return Exchange(
            channel=channel,
            at=self.at,
            head=_head(self.start, self.headers),
            body=body[:SENT_MAX_BYTES],
            size_bytes=len(self.body),
            digest=hashlib.sha256(self.body).digest(),
            masked=self.kept is not None,
            content=self.content,
            reply_head=_head(self.status, self.reply_headers) if self.status is not None else None,
            reply=bytes(self.reply[:REPLY_MAX_BYTES]) if replied else None,
            reply_cut=replied and (not self.replied_whole or len(self.reply) > REPLY_MAX_BYTES),
            failure=_line(self.failure, FAILURE_MAX_CHARS),
        )


class Transcript:
    """What passes in one attempt over a channel, each time that bytes leave."""

    def __init__(self, channel: ChannelKind) -> None:
        self._channel = channel
        self._sendings: list[Sending] = []

    def sends(self, sending: Sending) -> Sending:
        """Note what leaves now; the wire notes in it what comes back."""
        self._sendings.append(sending)
        return sending

    def failed(self, failure: str) -> None:
        """The last sending ended so, where there was one."""
        if self._sendings:
            self._sendings[-1].failure = failure

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All that has passed, as it is kept."""
        return tuple(sending.exchange(self._channel) for sending in self._sendings)


def masked(text: str, secret: str) -> str:
    """The text with the secret written over, as long as before: so what is made of it is laid out alike."""
    return text.replace(secret, MASK * len(secret)) if secret else text


def _head(start: str, headers: Iterable[Header]) -> str:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{_line(line, LINE_MAX_CHARS)}\n" for line in lines)


def _line(text: str, max_chars: int) -> str:
    """One line that can be stored, whatever a stranger's server has sent as one."""
    clean = text.encode(errors="replace").decode()
    return "".join(character if character.isprintable() else "\ufffd" for character in clean)[:max_chars]
