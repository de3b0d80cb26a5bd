"""One planted bug: a rule, the change of one line that breaks it, and the tests that must fail."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """One rule, the change that breaks it, and the tests that must fail."""

    rule: str
    file: str
    old: str
    new: str
    tests: str
    """paths of pytest, with spaces between them"""
    is_drawn: bool = True
    """whether `make world` may draw it; not if its tests need Temporal or much time"""
