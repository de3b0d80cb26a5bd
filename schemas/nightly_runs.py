"""Nightly runs: what the engine does every night by itself, and how each run ended."""

from enum import StrEnum

from schemas.base import FrozenModel, UtcDatetime


class NightlyWork(StrEnum):
    """Work that the engine does every night by itself."""

    ANCHOR = "anchor"
    """writes the last hash of every case log to a list"""
    VERIFY = "verify"
    """recomputes every rule of every case"""


class RunOutcome(StrEnum):
    """How a nightly run ended."""

    CLEAN = "clean"
    BROKEN = "broken"
    """a rule is violated in a case"""
    FAILED = "failed"
    """an error ended it"""
    INTERRUPTED = "interrupted"
    """its process ended first"""


class RunResult(FrozenModel):
    """Outcome of a nightly run, with what belongs to it."""

    outcome: RunOutcome
    cases: int | None = None
    """cases that were verified or listed, of a run that came to its end"""
    violations: int | None = None
    first_case: str | None = None
    """the first case in which a rule is violated"""
    unopened: int | None = None
    """messages that opened under no key of the program; None if all opened"""
    digest: str | None = None
    """SHA-256 of the list that an anchor wrote"""
    failure: str | None = None
    """name of the error"""


class NightlyRun(FrozenModel):
    """One nightly run. Without an end it is under way, or its process has ended."""

    run_id: int
    work: NightlyWork
    started_at: UtcDatetime
    ended_at: UtcDatetime | None = None
    outcome: RunOutcome | None = None
    cases: int | None = None
    violations: int | None = None
    first_case: str | None = None
    unopened: int | None = None
    digest: str | None = None
    failure: str | None = None
