"""The policy that is in force, as officers read it."""

from typing import Any

from schemas.base import FrozenModel


class PolicyValue(FrozenModel):
    """One code, deadline or threshold. Amounts are paise, times seconds."""

    name: str
    """section and key, divided by dots"""
    value: Any
    source: str
    """where the value comes from; one that begins with `our own` is an assumption of this product"""


class PolicyView(FrozenModel):
    """The values of the policy, in the order of the file."""

    version: str
    values: tuple[PolicyValue, ...]
