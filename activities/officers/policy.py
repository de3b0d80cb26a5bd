"""The policy in force: the policy file, with the values that two admins agreed to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.officers import policy as versions
from db.officers.policy import Difference, PolicyVersion
from db.pool import Connection
from domain.errors import InvalidPolicy
from domain.errors.officers import PolicyValueRefused
from domain.policy.model import Policy
from domain.policy.values import number_of, values_of, version_of, with_values
from schemas.officers.policy import PolicyView


async def in_force(connection: Connection, policy: Policy) -> Policy:
    """Return a policy with the newest version over it: what a process uses from its start on.

    A value that a later release no longer takes stops the start, because the engine must not go by another one unseen.
    Raises `InvalidPolicy` naming the value.
    """
    newest = await versions.newest(connection)
    return policy if newest is None else _over(policy, newest)


async def view(connection: Connection, policy: Policy) -> PolicyView:
    """Return the values of a process's policy, and the newest version that was agreed to."""
    own, newest = await versions.numbered(connection, number_of(policy)), await versions.newest(connection)
    agreed = own.differences if own else {}
    return PolicyView(
        version=policy.version,
        agreed_version=policy.version if newest is None else version_of(policy, newest.number),
        values=tuple(
            one.model_copy(update={"source": agreed[one.name].source}) if one.name in agreed else one
            for one in values_of(policy)
        ),
    )


async def write_version(
    connection: Connection, policy: Policy, values: Mapping[str, Any], source: str, proposal_id: int, now: datetime
) -> None:
    """Write a new version with other values. Raises `PolicyValueRefused`."""
    newest = await versions.newest(connection)
    before = newest.differences if newest else {}
    wanted = {name: Difference(value=value, source=source) for name, value in values.items()}
    version = PolicyVersion(number=newest.number + 1 if newest else 1, differences=before | wanted, agreed_at=now)
    try:
        _over(policy, version)
    except InvalidPolicy as error:
        raise PolicyValueRefused(str(error)) from None
    await versions.add(connection, version, proposal_id, now)


def _over(policy: Policy, version: PolicyVersion) -> Policy:
    values = {name: one.value for name, one in version.differences.items()}
    return with_values(policy, values, version_of(policy, version.number))
