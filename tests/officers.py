"""Officers and scripts of tests, who are in the database."""

from collections.abc import Iterable

from activities.officers import script_tokens
from activities.officers.enrolment import import_officers
from db.pool import Pool
from schemas.enums import OFFICER_ROLES, Role
from schemas.officers.officers import NewScriptToken, OfficerEntry
from schemas.privacy.personal_data import WHOLE_STATE


async def enrol(
    pool: Pool,
    names: Iterable[str],
    roles: Iterable[Role] = OFFICER_ROLES,
    districts: Iterable[str] = (WHOLE_STATE,),
) -> None:
    """Write officers who have these roles, all by default, in the whole State."""
    having, answering_for = tuple(roles), tuple(districts)
    entries = [
        OfficerEntry(officer_id=name, name=f"Officer {name}", roles=having, districts=answering_for) for name in names
    ]
    await import_officers(pool, entries, "command:test")


async def script_token(pool: Pool) -> str:
    """Issue the token of a script that takes complaints and reads."""
    new = NewScriptToken(name="test", roles=(Role.INTAKE, Role.AUDITOR), days=1)
    _, token = await script_tokens.issue(pool, new, "command:test")
    return token
