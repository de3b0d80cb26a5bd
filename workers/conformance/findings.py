"""What a check found."""

from dataclasses import dataclass, field
from enum import StrEnum

from schemas.enums import ChannelKind


class Verdict(StrEnum):
    """What came of a check."""

    RIGHT = "right"
    ODD = "odd"
    """it works, but is not as agreed, or could not be told"""
    WRONG = "wrong"
    UNTRIED = "untried"
    """something before it failed, or nothing here can be called"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of one channel."""

    channel: ChannelKind
    check: str
    verdict: Verdict
    detail: str
    """free of secrets, and of anything the bank wrote but its codes"""
    milliseconds: int | None = None


@dataclass(slots=True)
class Book:
    """Where the checks of one channel are written down."""

    channel: ChannelKind
    findings: list[Finding] = field(default_factory=list)

    def note(self, check: str, verdict: Verdict, detail: str, seconds: float | None = None) -> None:
        """Write one down."""
        milliseconds = None if seconds is None else round(seconds * 1000)
        self.findings.append(Finding(self.channel, check, verdict, detail, milliseconds))

    def untried(self, reason: str, *checks: str) -> None:
        """Write down that these could not be tried."""
        for check in checks:
            self.note(check, Verdict.UNTRIED, reason)
