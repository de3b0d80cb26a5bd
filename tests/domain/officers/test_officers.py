"""By which role a person may act, and which ids are right."""

import pytest
from pydantic import ValidationError

from domain.errors import RoleNotAllowed
from domain.officers.officers import allowed_by, check_roles
from schemas.enums import OFFICER_ROLES, Role
from schemas.officers.officers import NewScriptToken, OfficerEntry
from tests.each import each


def test_a_person_acts_by_one_role_that_may() -> None:
    assert allowed_by({Role.IO, Role.SP}, {Role.SP}) is Role.SP
    assert allowed_by({Role.IO}, {Role.SP}) is None
    check_roles({Role.IO, Role.SP}, {Role.SP})


def test_a_refusal_names_every_role_of_the_person() -> None:
    with pytest.raises(RoleNotAllowed, match="desk, io may not do this, and only these roles may: sp"):
        check_roles({Role.IO, Role.DESK}, {Role.SP})
    with pytest.raises(RoleNotAllowed, match="none may not"):
        check_roles((), {Role.SP})


@each("officer_id", ["Ravi", " ravi ", "RAVI"])
def test_an_id_is_folded(officer_id: str) -> None:
    assert OfficerEntry(officer_id=officer_id, name="Ravi").officer_id == "ravi"


@each("officer_id", ["", "a b", "x" * 65, "officer:ravi", "ravi\nverma", "राम", "\u0130zmir"])
def test_an_id_that_is_none(officer_id: str) -> None:
    with pytest.raises(ValidationError, match="officer's id"):
        OfficerEntry(officer_id=officer_id, name="Ravi")


@each("role", sorted(set(OFFICER_ROLES) - {Role.INTAKE, Role.AUDITOR}))
def test_a_script_has_no_role_of_a_second_officer(role: Role) -> None:
    with pytest.raises(ValidationError, match="a script has only these roles"):
        NewScriptToken(name="s", roles=(Role.INTAKE, role), days=1)


@each("days", [0, 366])
def test_a_scripts_token_lives_at_most_a_year(days: int) -> None:
    with pytest.raises(ValidationError):
        NewScriptToken(name="s", roles=(Role.INTAKE,), days=days)
