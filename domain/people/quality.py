"""Rules of the two questions to victims: which answer alarms, and which figures may be shown. Pure."""

from collections.abc import Mapping
from typing import Final

from schemas.people.quality import NewTreatment, SaidAnswer

Counts = Mapping[SaidAnswer, int]
HIDDEN_TOGETHER: Final = 2
"""least number of hidden rows: one alone would follow from the total"""


def is_alarming(said: NewTreatment) -> bool:
    """Return whether a supervisor must read an answer."""
    return said.respected is SaidAnswer.NO


def shown(answers: Mapping[str, int], at_least: int) -> frozenset[str]:
    """Return the rows whose counts may be shown, by the number of answers of each.

    A row of few answers is hidden. If it were hidden alone it would follow from the total, so the next smallest is
    hidden too.
    """
    hidden = {about for about, count in answers.items() if 0 < count < at_least}
    others = sorted((count, about) for about, count in answers.items() if count >= at_least)
    while hidden and others and len(hidden) < HIDDEN_TOGETHER:
        hidden.add(others.pop(0)[1])
    return frozenset(answers) - hidden
