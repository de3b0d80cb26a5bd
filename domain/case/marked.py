"""The rule by which a complaint is marked. Pure."""

import re
from typing import Final

from domain.policy.marked import MarkedRules
from schemas.case.intake import Complaint

_BETWEEN_PARTS: Final = re.compile(r"[\s!-/:-@\[-`{-~–—]+")


def is_marked(complaint: Complaint, rules: MarkedRules) -> bool:
    """Return whether a complaint is marked: the victim is a child, or the category is a protected matter.

    Whether the victim is a woman does not count, because many complaints do not say so.
    """
    return complaint.victim.child or is_protected_matter(complaint.category, rules)


def is_protected_matter(category: str, rules: MarkedRules) -> bool:
    """Return whether a part of the category begins with one of the policy's terms."""
    terms = tuple(term.casefold() for term in rules.terms)
    return any(part.startswith(terms) for part in _BETWEEN_PARTS.split(category.casefold()))
