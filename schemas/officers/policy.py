"""The policy that is in force, as officers read it."""

from typing import Any

from schemas.base import Change, FrozenModel, UtcDatetime


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
    """of the process that answers"""
    agreed_version: str
    """the newest one; another one than `version` is in force when the processes have started again"""
    values: tuple[PolicyValue, ...]


class AgreedVersion(FrozenModel):
    """A version of the policy that two admins agreed to."""

    number: int
    agreed_at: UtcDatetime
    proposal_id: int
    proposed_by: str
    decided_by: str
    reason: str
    decided_reason: str
    changes: tuple[Change, ...]
    """what it has differently from the version before, as JSON"""


class PolicyVersionPage(FrozenModel):
    """Versions of the policy, the newest first."""

    items: tuple[AgreedVersion, ...]
    next: str | None


class PolicyVersionDetails(FrozenModel):
    """A version with everything that it has differently from the policy file."""

    version: AgreedVersion
    values: tuple[PolicyValue, ...]
