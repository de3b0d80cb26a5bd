"""What PostgreSQL holds about officers, tokens of scripts, and two people where two officers are needed."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from activities.officers import changes, enrolment, script_tokens
from db.officers import callers, officers, teams
from db.officers import script_tokens as token_rows
from db.pool import Pool
from db.work_items import notice_settings
from domain.errors.officers import (
    OfficerExists,
    OfficerNotFound,
    RoleEndsBefore,
    RoleGiven,
    RoleNotGiven,
    ScriptTokenNotFound,
    TeamChangedSince,
    TeamExists,
    TeamNotFound,
    TeamShiftsOverlap,
)
from domain.officers.officers import changes_of_event
from schemas.enums import Role
from schemas.officers.officers import (
    Absence,
    NewScriptToken,
    OfficerEntry,
    OfficerEvent,
    OfficerRow,
    TeamEntry,
    TeamShift,
)
from schemas.work_items.task_owners import NamedFilter, TaskFilter
from tests.each import each
from tests.officers import enrol
from tests.waiting import until

ADMIN = "command:root"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
RAVI = OfficerEntry(officer_id="ravi", name="Ravi Verma", roles=(Role.IO,), districts=("LUCKNOW", "Agra"))


async def row(pool: Pool, officer_id: str) -> OfficerRow:
    async with pool.acquire() as connection:
        (found,) = await officers.listed(connection, [officer_id])
    return found


async def roles(pool: Pool, officer_id: str) -> set[Role] | None:
    async with pool.acquire() as connection:
        found = await callers.roles_of(connection, officer_id)
    return None if found is None else set(found)


async def events(pool: Pool, officer_id: str | None = None) -> list[OfficerEvent]:
    async with pool.acquire() as connection:
        return (await officers.events(connection, officer_id))[::-1]


async def test_an_officer_is_added_once_whatever_the_case(database: Pool) -> None:
    await enrolment.add_officer(database, RAVI, ADMIN)
    with pytest.raises(OfficerExists, match="ravi"):
        await enrolment.add_officer(database, OfficerEntry(officer_id="RAVI", name="Another"), ADMIN)
    found = await row(database, "ravi")
    assert (found.name, found.roles, found.districts) == ("Ravi Verma", (Role.IO,), ("Agra", "LUCKNOW"))
    assert [one.kind for one in await events(database, "ravi")] == [
        "added",
        "role_given",
        "district_given",
        "district_given",
    ]


@each("officer_id", ["Ravi", "ravi ", "officer:ravi", "", "x" * 65])
async def test_c2_postgresql_takes_a_folded_id_only(database: Pool, officer_id: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="officer_id_is_folded"):
        await database.execute(
            "INSERT INTO officer (officer_id, name, created_at, created_by, changed_at, changed_by)"
            " VALUES ($1, 'R', now(), 'x', now(), 'x')",
            officer_id,
        )


async def test_an_import_makes_officers_as_the_file_says(database: Pool) -> None:
    await enrolment.add_officer(database, RAVI, ADMIN)
    changed = RAVI.model_copy(update={"rank": "Inspector", "roles": (Role.DY_SP,), "districts": ("lucknow",)})
    asha = OfficerEntry(officer_id="asha", name="Asha", roles=(Role.DESK,))
    assert await enrolment.import_officers(database, [changed, asha], ADMIN) == ["asha"]
    found = await row(database, "ravi")
    assert (found.rank, found.roles, found.districts) == ("Inspector", (Role.DY_SP,), ("LUCKNOW",))
    told = [(one.kind, one.data) for one in await events(database, "ravi")][4:]
    assert [kind for kind, _ in told] == ["changed", "role_ended", "role_given", "district_ended"]
    assert told[0][1] == {"fields": ["rank"], "before": {"rank": ""}, "after": {"rank": "Inspector"}}
    before = len(await events(database))
    assert await enrolment.import_officers(database, [changed, asha], ADMIN) == []
    assert len(await events(database)) == before, "the same file again changes nothing"


async def test_a_disabled_officer_has_no_role_and_gets_them_back(database: Pool) -> None:
    await enrol(database, ["ravi"], [Role.SP], [])
    assert await roles(database, "ravi") == {Role.SP}
    await enrolment.disable_officer(database, "ravi", ADMIN)
    await enrolment.disable_officer(database, "ravi", ADMIN)
    assert await roles(database, "ravi") is None
    assert (await row(database, "ravi")).roles == ()
    await enrolment.enable_officer(database, "ravi", ADMIN)
    assert await roles(database, "ravi") == {Role.SP}
    await enrolment.reset_officer(database, "ravi", ADMIN)
    kinds = [one.kind for one in await events(database, "ravi")]
    assert kinds == ["added", "role_given", "disabled", "enabled", "reset"]
    assert {one.actor for one in (await events(database, "ravi"))[2:]} == {ADMIN}


async def test_a_role_lives_from_its_beginning_to_its_end(database: Pool) -> None:
    await enrol(database, ["ravi"], [])
    give = (
        "INSERT INTO officer_role (officer_id, role, from_at, until_at, given_by, given_at)"
        " VALUES ('ravi', $1, now() + $2::text::interval, now() + $3::text::interval, 'x', now())"
    )
    await database.execute(give, "sp", "1 hour", "2 hours")
    await database.execute(give, "io", "-2 hours", "-1 hour")
    await database.execute(give, "desk", "-1 hour", "1 hour")
    assert await roles(database, "ravi") == {Role.DESK}
    with pytest.raises(asyncpg.CheckViolationError, match="ends_after_its_start"):
        await database.execute(give, "sp", "3 hours", "2 hours")


async def test_a_role_is_given_for_a_time_and_taken(database: Pool) -> None:
    await enrol(database, ["ravi"], [])
    now = datetime.now(UTC)
    for from_at, until_at in ((None, now + timedelta(days=1)), (now + timedelta(days=2), None)):
        await enrolment.give_role(database, "ravi", Role.SP, from_at, until_at, ADMIN)
    assert await roles(database, "ravi") == {Role.SP}
    with pytest.raises(RoleGiven):
        await enrolment.give_role(database, "ravi", Role.SP, None, None, ADMIN)
    with pytest.raises(RoleEndsBefore):
        await enrolment.give_role(database, "ravi", Role.IO, None, now - timedelta(days=1), ADMIN)
    with pytest.raises(OfficerNotFound):
        await enrolment.give_role(database, "nobody", Role.IO, None, None, ADMIN)
    await enrolment.end_role(database, "ravi", Role.SP, ADMIN)
    assert await roles(database, "ravi") == set()
    assert await database.fetchval("SELECT count(*) FROM officer_role WHERE until_at > now() + interval '3 days'") == 0
    with pytest.raises(RoleNotGiven):
        await enrolment.end_role(database, "ravi", Role.SP, ADMIN)


async def test_what_was_given_stays_written(database: Pool, subtests: pytest.Subtests) -> None:
    await enrolment.add_officer(database, RAVI, ADMIN)
    for change in (
        "UPDATE officer_role SET role = 'sp'",
        "UPDATE officer_role SET from_at = now()",
        "DELETE FROM officer_role",
        "UPDATE officer SET officer_id = 'asha'",
        "DELETE FROM officer",
        "UPDATE officer_district SET district = 'x'",
        "DELETE FROM officer_district",
        "UPDATE officer_event SET actor = 'x'",
        "DELETE FROM officer_event",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(change)


async def test_an_unknown_officer_is_named(database: Pool) -> None:
    for act in (enrolment.disable_officer, enrolment.enable_officer, enrolment.reset_officer):
        with pytest.raises(OfficerNotFound, match="nobody"):
            await act(database, "nobody", ADMIN)
    with pytest.raises(OfficerNotFound, match="nobody"):
        await enrolment.write_absences(database, "nobody", [], ADMIN)


async def test_absences_replace_the_known_ones(database: Pool) -> None:
    await enrol(database, ["ravi"])
    for day in (1, 5):
        absence = Absence(first_day=date(2026, 12, day), last_day=date(2026, 12, day + 2))
        await enrolment.write_absences(database, "ravi", [absence], ADMIN)
    rows = await database.fetch("SELECT first_day FROM officer_absence")
    assert [one["first_day"] for one in rows] == [date(2026, 12, 5)]


async def test_a_team_has_one_name_and_known_officers(database: Pool) -> None:
    await enrol(database, ["ravi", "asha"])
    night = TeamShift(day_no=1, starts_minute=0, ends_minute=480)
    team = TeamEntry(name="Night", lead="ravi", districts=("LUCKNOW",), members=("Asha", "ravi"), shifts=(night,))
    await enrolment.add_team(database, team, ADMIN)
    with pytest.raises(TeamExists):
        await enrolment.add_team(database, TeamEntry(name="NIGHT"), ADMIN)
    with pytest.raises(OfficerNotFound, match="nobody"):
        await enrolment.add_team(database, TeamEntry(name="Day", lead="nobody"), ADMIN)
    overlap = (night, TeamShift(day_no=1, starts_minute=400, ends_minute=500))
    with pytest.raises(TeamShiftsOverlap):
        await enrolment.add_team(database, TeamEntry(name="Day", shifts=overlap), ADMIN)
    assert (await row(database, "asha")).teams == ("Night",)
    async with database.acquire() as connection:
        seen = await teams.named(connection, "Night")
        of_team = NamedFilter(name="Ours", filter=TaskFilter(team="night"))
        await notice_settings.save(connection, "asha", 1, of_team, datetime.now(UTC))
    late = TeamEntry(name="Late", members=("ravi",), shifts=(night,))
    await enrolment.change_team(database, "night", late, seen, ADMIN)
    async with database.acquire() as connection:
        assert [one.filter.team for one in (await notice_settings.listed(connection, "asha")).items] == ["Late"]
    with pytest.raises(TeamNotFound):
        await enrolment.change_team(database, "night", seen, None, ADMIN)
    with pytest.raises(TeamChangedSince):
        await enrolment.change_team(database, "late", seen, seen, ADMIN)
    with pytest.raises(TeamShiftsOverlap):
        await enrolment.change_team(database, "late", TeamEntry(name="Late", shifts=overlap), None, ADMIN)
    await enrolment.add_team(database, TeamEntry(name="Day"), ADMIN)
    with pytest.raises(TeamExists):
        await enrolment.change_team(database, "late", TeamEntry(name="DAY"), None, ADMIN)
    assert (await row(database, "asha")).teams == ()
    await enrolment.change_team(database, "Late", team, None, ADMIN)
    await enrolment.end_team(database, "day", ADMIN)
    await enrolment.end_team(database, "night", ADMIN)
    with pytest.raises(TeamNotFound):
        await enrolment.end_team(database, "night", ADMIN)
    await enrolment.add_team(database, TeamEntry(name="Night"), ADMIN)
    told = [one for one in await events(database) if one.kind.startswith("team")]
    added, changed = (changes_of_event(one.kind, one.data) for one in told[:2])
    assert {one.field: one.after for one in added} == {
        "name": "Night",
        "lead": "ravi",
        "districts": "LUCKNOW",
        "members": "asha, ravi",
        "shifts": "day 1 00:00-08:00",
    }
    assert {one.field: (one.before, one.after) for one in changed} == {
        "name": ("Night", "Late"),
        "lead": ("ravi", None),
        "districts": ("LUCKNOW", None),
        "members": ("asha, ravi", "ravi"),
    }
    assert [one.kind for one in told] == [
        *("team_added", "team_changed", "team_added", "team_changed"),
        *("team_ended", "team_ended", "team_added"),
    ]


async def test_changes_of_teams_at_once_wait_for_each_other(database: Pool) -> None:
    await enrol(database, ["ravi", "asha"], [Role.DESK])
    day, night = TeamEntry(name="Day", members=("asha",)), TeamEntry(name="Night", members=("ravi",))
    for team in (day, night):
        await enrolment.add_team(database, team, ADMIN)
    now = datetime.now(UTC)

    async def moves(officer_id: str, from_team: str, to_team: str) -> None:
        async with database.acquire() as connection, connection.transaction():
            await changes.move_member(connection, officer_id, from_team, to_team, now, ADMIN)

    async with database.acquire() as first:
        async with first.transaction():
            await teams.locked(first, "day")
            back = asyncio.create_task(moves("ravi", "Night", "Day"))
            await until(lambda: database.fetchval(WAITING))
            # The other move waits for the first team, and has no lock of the second one meanwhile.
            await changes.move_member(first, "asha", "Day", "Night", now, ADMIN)
        await back
        assert ((await teams.named(first, "day")).members, (await teams.named(first, "night")).members) == (
            ("ravi",),
            ("asha",),
        )
        seen = await teams.named(first, "night")
        async with first.transaction():
            await teams.locked(first, "night")
            both = [
                asyncio.create_task(enrolment.change_team(database, "night", wanted, seen, ADMIN))
                for wanted in (TeamEntry(name="Night", districts=(one,)) for one in ("AGRA", "LUCKNOW"))
            ]
            await until(lambda: database.fetchval(f"{WAITING} HAVING count(*) = 2"))
    refused = [one for one in await asyncio.gather(*both, return_exceptions=True) if one is not None]
    assert [type(one) for one in refused] == [TeamChangedSince]


# -- tokens of scripts -------------------------------------------------------------------------------------------------


async def issued(pool: Pool) -> tuple[int, str]:
    return await script_tokens.issue(pool, NewScriptToken(name="Helpline", roles=(Role.INTAKE,), days=90), ADMIN)


async def test_of_a_scripts_token_only_the_digest_is_kept(database: Pool) -> None:
    token_id, token = await issued(database)
    assert token.startswith("ghs_")
    assert len(token) == 47
    rows = await database.fetch("SELECT t::text AS all FROM script_token t")
    assert token[4:] not in rows[0]["all"]
    async with database.acquire() as connection:
        script = await callers.script(connection, script_tokens.digest_of(token))
        assert script is not None
        assert (script.token_id, script.name, script.roles) == (token_id, "helpline", frozenset({Role.INTAKE}))
        assert await callers.script(connection, script_tokens.digest_of(token + "x")) is None


async def test_a_revoked_or_ended_token_is_none_and_both_are_events(database: Pool) -> None:
    token_id, token = await issued(database)
    await script_tokens.revoke(database, token_id, ADMIN)
    await script_tokens.revoke(database, token_id, "command:another")
    with pytest.raises(ScriptTokenNotFound):
        await script_tokens.revoke(database, token_id + 1, ADMIN)
    async with database.acquire() as connection:
        assert await callers.script(connection, script_tokens.digest_of(token)) is None
        (listed,) = await token_rows.listed(connection)
    assert (listed.state, listed.revoked_by) == ("revoked", ADMIN)
    assert [one.kind for one in await events(database)] == ["token_issued", "token_revoked"]
    await database.execute(
        "INSERT INTO script_token (name, token_digest, roles, issued_by, issued_at, ends_at)"
        " VALUES ('old', sha256('t'), '{intake}', 'x', now() - interval '2 days', now() - interval '1 day')"
    )
    async with database.acquire() as connection:
        assert await callers.script(connection, script_tokens.digest_of("t")) is None


@each(
    ("changes", "rule"),
    [
        ({"roles": ["intake", "sp"]}, "no_second_officer"),
        ({"roles": []}, "no_second_officer"),
        ({"name": "officer:ravi"}, "name_is_plain"),
        ({"days": 367}, "at_most_a_year"),
        ({"days": 0}, "at_most_a_year"),
    ],
)
async def test_postgresql_refuses_a_token_that_is_too_much(
    database: Pool, changes: dict[str, object], rule: str
) -> None:
    told: dict[str, object] = {"name": "s", "roles": ["intake"], "days": 1, **changes}
    with pytest.raises(asyncpg.CheckViolationError, match=rule):
        await database.execute(
            "INSERT INTO script_token (name, token_digest, roles, issued_by, issued_at, ends_at)"
            " VALUES ($1, sha256('s'), $2, 'x', now(), now() + make_interval(hours => 24 * $3::int))",
            told["name"],
            told["roles"],
            told["days"],
        )


async def test_an_issued_token_gets_no_more_rights_and_no_second_life(
    database: Pool, subtests: pytest.Subtests
) -> None:
    token_id, _ = await issued(database)
    await script_tokens.revoke(database, token_id, ADMIN)
    for change in (
        "UPDATE script_token SET roles = '{auditor}'",
        "UPDATE script_token SET ends_at = ends_at + interval '1 day'",
        "UPDATE script_token SET revoked_at = NULL, revoked_by = NULL",
        "DELETE FROM script_token",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(change)


# -- two people --------------------------------------------------------------------------------------------------------


@each(
    ("one", "other", "same"),
    [
        ("ravi", "Ravi", True),
        ("officer:ravi", "ravi", True),
        ("import:Ravi", "officer:ravi", True),
        ("ravi", "ravi@x", False),
        ("bank:sbin", "officer:sbin", False),
        ("script:ravi", "officer:ravi", False),
        (None, "ravi", None),
    ],
)
async def test_c2_postgresql_compares_people(database: Pool, one: str | None, other: str, same: bool | None) -> None:
    assert await database.fetchval("SELECT person_of($1) = person_of($2)", one, other) is same


@each(
    ("second", "first", "passes"),
    [
        ("officer:asha", "ravi", True),
        ("Ravi", "officer:ravi", False),
        ("import:ravi", "ravi", False),
        ("script:helpline", "ravi", False),
        ("bank:sbin", "ravi", False),
        ("command:root", "ravi", False),
        (None, "ravi", None),
        ("asha", None, None),
    ],
)
async def test_c2_a_second_officer_is_another_person_and_no_script(
    database: Pool, second: str | None, first: str | None, passes: bool | None
) -> None:
    assert await database.fetchval("SELECT is_second_officer($1, $2)", second, first) is passes


async def test_c2_every_rule_of_four_eyes_compares_people(database: Pool) -> None:
    """A later rule that compares names alone fails here."""
    rules = await database.fetch(
        "SELECT c.conname, pg_get_constraintdef(c.oid) || coalesce(pg_get_triggerdef(t.oid), '') AS text"
        " FROM pg_constraint c LEFT JOIN pg_trigger t ON t.tgrelid = c.conrelid AND t.tgname = c.conname"
        " WHERE c.conname LIKE '%four_eyes%'"
    )
    assert len(rules) >= 8
    compares = ("is_second_officer", "person_of")
    assert [rule["conname"] for rule in rules if not any(name in rule["text"] for name in compares)] == []


async def test_c2_no_later_change_of_the_first_officer_makes_one_person_two(database: Pool) -> None:
    """A rule is looked at again whenever a column that it reads is written, or the table takes no change."""
    triggers = await database.fetch(
        "SELECT t.tgname, pg_get_triggerdef(t.oid) AS text, t.tgtype::int & 16 > 0 AS on_update,"
        " ARRAY(SELECT a.attname::text FROM unnest(t.tgattr) AS n JOIN pg_attribute a"
        "  ON a.attrelid = t.tgrelid AND a.attnum = n) AS watched,"
        " EXISTS (SELECT FROM pg_trigger o WHERE o.tgrelid = t.tgrelid AND o.tgname LIKE '%append_only') AS append_only"
        " FROM pg_trigger t WHERE t.tgname LIKE '%four_eyes%'"
    )
    assert len(triggers) >= 8
    unwatched = {
        one["tgname"]: missing
        for one in triggers
        if not one["append_only"]
        and (missing := set(re.findall(r"new\.(\w+)", one["text"].partition(" WHEN ")[2])) - set(one["watched"]))
    }
    assert unwatched == {}
