"""What the database refuses of changes that two admins did not agree to."""

import asyncpg
import pytest

from activities.banks.proposals import propose
from db.pool import Pool
from schemas.banks.administration import NewProposal
from schemas.enums import Role
from tests.factories import make_context
from tests.officers import enrol


async def test_the_database_refuses_what_two_admins_did_not_agree_to(database: Pool) -> None:
    await enrol(database, ["a", "b"], [Role.ADMIN])
    await enrol(database, ["target"], [])
    by_a, by_b, by_target = "officer:a", "officer:b", "officer:target"
    asked = {"kind": "role_given", "officer_id": "target", "role": "sp"}
    new = NewProposal.model_validate({"reason": "is the new superintendent", "asked": asked})
    proposed = await propose(await make_context(database), new, by_a)
    write = (
        f"UPDATE proposal SET decision = $1, decided_by = $2, decided_reason = 'x', decided_at = $3"
        f" WHERE proposal_id = {proposed.proposal_id}"
    )
    late = proposed.valid_until.replace(year=proposed.valid_until.year + 1)
    for decision, by, at, rule in (
        ("agreed", by_a, proposed.proposed_at, "four_eyes"),
        ("refused", by_a, proposed.proposed_at, "four_eyes"),
        ("agreed", by_target, proposed.proposed_at, "by_admins"),
        ("agreed", "command:root", proposed.proposed_at, "four_eyes"),
        ("agreed", by_b, late, "in_time"),
        ("withdrawn", by_b, proposed.proposed_at, "withdrawn_by_its_officer"),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await database.execute(write, decision, by, at)
        assert (refused.value.constraint_name or "").endswith(rule)
    await database.execute(write, "refused", by_b, proposed.proposed_at)
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.execute(write, "agreed", by_b, proposed.proposed_at)
    for statement in (
        f"INSERT INTO policy_version VALUES (1, '{{}}', {proposed.proposal_id}, now())",
        "INSERT INTO officer (officer_id, name, created_at, created_by, changed_at, changed_by)"
        " VALUES ('complainant', 'x', now(), 'x', now(), 'x')",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await database.execute(statement)
