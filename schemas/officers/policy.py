"""The policy that is in force, as officers read it, and who changed what."""

from enum import StrEnum
from typing import Any

from schemas.base import Change, FrozenModel, UtcDatetime


class PolicyValue(FrozenModel):
    """One code, deadline or threshold. Amounts are paise, times seconds."""

    name: str
    """section and key, divided by dots"""
    value: Any
    source: str
    """where the value comes from; one that begins with `our own` is an assumption of this product"""
    needs_restart: bool = False
    """whether a process goes by another value only from its next start on"""


class PolicyView(FrozenModel):
    """The values of the policy, in the order of the file."""

    version: str
    """of the process that answers"""
    agreed_version: str
    """the newest one; a running process goes by it within seconds, unless its release refuses a value"""
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


class ChangeArea(StrEnum):
    """Area of what was changed."""

    OFFICERS = "officers"
    TEAMS = "teams"
    DIRECTORY = "directory"
    DISPLAYS = "displays"
    SCRIPTS = "scripts"
    POLICY = "policy"


class AdministrationChange(FrozenModel):
    """One change, by one person or by two."""

    at: UtcDatetime
    area: ChangeArea
    kind: str
    subject: str
    """officer, team, institution, script or display; `policy`, or `*` for all institutions"""
    actor: str
    """the person who changed or proposed it, or the command"""
    second: str | None
    """the admin who agreed; None for the act of one person"""
    reason: str | None
    proposal_id: int | None
    changes: tuple[Change, ...]


class AdministrationChangePage(FrozenModel):
    """Changes, the newest first."""

    items: tuple[AdministrationChange, ...]
    next: str | None


class ChangeFilter(FrozenModel):
    """Limits of a list of changes."""

    area: ChangeArea | None = None
    kind: str | None = None
    subject: str | None = None
    officer: str | None = None
    """id of the officer who changed, proposed or agreed"""
    since: UtcDatetime | None = None
    until: UtcDatetime | None = None
