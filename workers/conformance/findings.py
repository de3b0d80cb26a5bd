"""Findings of the conformance checks."""

from dataclasses import dataclass, field
from enum import StrEnum

from schemas.enums import ChannelKind


class Verdict(StrEnum):
    """Result of a check."""

    RIGHT = "right"
    ODD = "odd"
    """works, but differs from the agreement, or could not be determined"""
    WRONG = "wrong"
    UNTRIED = "untried"
    """an earlier check failed, or nothing can be called"""


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check of one channel."""

    channel: ChannelKind
    check: str
    verdict: Verdict
    detail: str
    """contains no secrets; the bank's own text in it is made safe for a terminal"""
    milliseconds: int | None = None


@dataclass(slots=True)
class Book:
    """Collects the findings of one channel."""

    channel: ChannelKind
    findings: list[Finding] = field(default_factory=list)

    def note(self, check: str, verdict: Verdict, detail: str, seconds: float | None = None) -> None:
        """Add a finding."""
        milliseconds = None if seconds is None else round(seconds * 1000)
        self.findings.append(Finding(self.channel, check, verdict, detail, milliseconds))

    def untried(self, reason: str, *checks: str) -> None:
        """Record that these checks could not be tried."""
        for check in checks:
            self.note(check, Verdict.UNTRIED, reason)
