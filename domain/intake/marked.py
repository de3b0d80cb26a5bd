"""The rule by which a complaint is marked. Pure."""

import re
from typing import Final

from domain.policy.marked import MarkedRules
from schemas.intake import Complaint

_BETWEEN_WORDS: Final = re.compile(r"[\s!-/:-@\[-`{-~–—]+")


def is_marked(complaint: Complaint, rules: MarkedRules) -> bool:
    """Return whether a complaint is marked: the victim is a child, or the category is a protected matter.

    Whether the victim is a woman does not count, because many complaints do not say so.
    """
    return complaint.victim.child or is_protected_matter(complaint.category, rules)


def is_protected_matter(category: str, rules: MarkedRules) -> bool:
    """Return whether a word of the category begins with one of the policy's words."""
    beginnings = tuple(word.casefold() for word in rules.words)
    return any(word.startswith(beginnings) for word in _BETWEEN_WORDS.split(category.casefold()))
