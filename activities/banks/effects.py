"""Effects of the changes that admins propose. Each calls the functions that the command calls."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from activities.banks import changes as bank_changes
from activities.banks import key_changes, people
from activities.banks.directory import DirectoryRefused, facts_of
from activities.banks.people import make_login_link
from activities.context import Context
from activities.officers import changes
from activities.officers import changes as officer_changes
from activities.officers.enrolment import SignInLink, make_link
from db.officers import officer_lines, officers, teams
from db.pool import Connection
from domain.banks.directory import PrefixOverlap, SponsorRefused
from domain.errors.banks import DirectoryChangeRefused
from domain.errors.officers import ChangeBackdated, OfficerNotFound, TeamNotFound
from domain.facts import Facts
from domain.officers.officers import officer_facts, policy_facts, team_facts
from schemas.banks.administration import (
    POLICY_SUBJECT,
    Asked,
    BankKeyAdded,
    BankKeyEnded,
    BankKeyRequestDecided,
    BankLoginReplaced,
    BankPeopleConfirmed,
    InstitutionChanged,
    KeyRequestAnswer,
    MemberMoved,
    NodalOfficersChanged,
    OfficerAdded,
    OfficerChanged,
    OfficerDisabled,
    OfficerEnabled,
    OfficerReset,
    PolicyChanged,
    RoleEnded,
    RoleGiven,
    TeamAdded,
    TeamChanged,
)
from schemas.banks.keys import BankKey
from schemas.base import Change

BACKDATED_MOST: Final = timedelta(days=1)
"""so that a form may begin a change today"""
NO_PROPOSAL: Final = 0
SEEN_ONCE: Final = "new, shown once"


@dataclass(frozen=True, slots=True)
class Work:
    """The transaction in which a change takes effect, or is rehearsed."""

    ctx: Context
    connection: Connection
    now: datetime
    actor: str
    reason: str
    proposal_id: int | None
    """None in a rehearsal"""


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """A link for the deciding admin to pass on. It is shown once, and never logged.

    It opens nothing without the code that the proposing admin was shown.
    """

    sign_in_link: SignInLink | None = field(default=None, repr=False)
    """of an officer"""
    bank_login_link: SignInLink | None = field(default=None, repr=False)


NOTHING: Final = ShownOnce()


def officer_of(asked: Asked) -> str | None:
    """Return the officer whom a change is about, or None."""
    match asked:
        case OfficerAdded() | OfficerChanged():
            return asked.officer.officer_id
        case RoleGiven() | RoleEnded() | OfficerEnabled() | OfficerDisabled() | OfficerReset() | MemberMoved():
            return asked.officer_id
        case _:
            return None


def subject_of(asked: Asked) -> str:
    """Return what a change is about: id of the officer, name of the team, code of the institution, or `policy`."""
    match asked:
        case TeamAdded():
            return asked.team.name
        case TeamChanged():
            return asked.name
        case PolicyChanged():
            return POLICY_SUBJECT
        case InstitutionChanged() | NodalOfficersChanged() | BankLoginReplaced():
            return asked.code
        case BankKeyAdded() | BankKeyEnded() | BankKeyRequestDecided() | BankPeopleConfirmed():
            return asked.code
        case _:
            officer_id = officer_of(asked)
            assert officer_id is not None, "every other change is about an officer"
            return officer_id


async def facts(ctx: Context, connection: Connection, asked: Asked, now: datetime) -> Facts:
    """Return the facts that a change may alter; none of what is not there."""
    subject = subject_of(asked)
    match asked:
        case TeamAdded() | TeamChanged():
            # After the change the team may have another name.
            return await _facts_of_team(connection, subject) or await _facts_of_team(connection, asked.team.name)
        case PolicyChanged():
            return policy_facts(await changes.in_force(connection, ctx.policy))
        case BankKeyRequestDecided():
            of_bank = (await facts_of(connection, [subject], now)).get(subject, {})
            return {**of_bank, **await key_changes.request_facts(connection, subject, asked.change_id)}
        case BankPeopleConfirmed():
            return await people.facts(connection, subject, (*asked.confirmed, *asked.taken_back), now)
        case InstitutionChanged() | NodalOfficersChanged() | BankLoginReplaced() | BankKeyAdded() | BankKeyEnded():
            return (await facts_of(connection, [subject], now)).get(subject, {})
        case _:
            return await _facts_of_officer(connection, subject, now)


async def lock_subject(connection: Connection, asked: Asked) -> None:
    """Lock what has other writers too, so that it does not change between the comparison and the change.

    Raises `TeamNotFound` and `InstitutionNotFound`.
    """
    match asked:
        case TeamChanged():
            await teams.locked(connection, asked.name)
        case InstitutionChanged() | NodalOfficersChanged():
            await bank_changes.lock_known(connection, asked.code)
        case _:
            pass


async def take_effect(work: Work, asked: Asked) -> ShownOnce:
    """Do what is asked for. Raises what the command would refuse it with."""
    try:
        return await _DOES[type(asked)](work, asked)
    except (DirectoryRefused, PrefixOverlap, SponsorRefused) as error:
        raise DirectoryChangeRefused(str(error)) from None


def new_secrets(asked: Asked) -> tuple[Change, ...]:
    """Return the lines about new secrets that are shown once, which the facts do not show."""
    match asked:
        case OfficerAdded() | OfficerReset():
            return (Change(field="sign_in_link", before=None, after=SEEN_ONCE),)
        case BankLoginReplaced():
            return (Change(field="login_link", before=None, after=SEEN_ONCE),)
        case _:
            return ()


def settled(asked: Asked, now: datetime) -> Asked:
    """Return what is asked for with the times that the day of the agreement must not move.

    Raises `ChangeBackdated`, because a time before the proposal would be shown as the present.
    """
    for name in ("from_at", "not_before", "not_after"):
        at = getattr(asked, name, None)
        if at is not None and at < now - BACKDATED_MOST:
            raise ChangeBackdated(name)
    if isinstance(asked, BankKeyAdded | BankKeyRequestDecided) and asked.not_before is None:
        return asked.model_copy(update={"not_before": now})
    return asked


async def _facts_of_officer(connection: Connection, officer_id: str, now: datetime) -> Facts:
    try:
        officer = await officer_lines.details(connection, officer_id)
    except OfficerNotFound:
        return {}
    return officer_facts(officer, await officers.has_credentials(connection, officer_id), now)


async def _facts_of_team(connection: Connection, name: str) -> Facts:
    try:
        return team_facts(await teams.named(connection, name))
    except TeamNotFound:
        return {}


# -- officers and teams ------------------------------------------------------------------------------------------------


async def _add_officer(work: Work, asked: OfficerAdded) -> ShownOnce:
    await officer_changes.add_officer(work.connection, asked.officer, work.now, work.actor)
    return await _with_link(work, asked.officer.officer_id)


async def _change_officer(work: Work, asked: OfficerChanged) -> ShownOnce:
    await officer_changes.change_officer(work.connection, asked.officer, work.now, work.actor)
    return NOTHING


async def _give_role(work: Work, asked: RoleGiven) -> ShownOnce:
    times = asked.from_at, asked.until_at
    await officer_changes.give_role(work.connection, asked.officer_id, asked.role, *times, work.now, work.actor)
    return NOTHING


async def _end_role(work: Work, asked: RoleEnded) -> ShownOnce:
    await officer_changes.end_role(work.connection, asked.officer_id, asked.role, work.now, work.actor)
    return NOTHING


async def _enable(work: Work, asked: OfficerEnabled) -> ShownOnce:
    await officer_changes.enable_officer(work.connection, asked.officer_id, work.now, work.actor)
    return NOTHING


async def _disable(work: Work, asked: OfficerDisabled) -> ShownOnce:
    await officer_changes.disable_officer(work.connection, asked.officer_id, work.now, work.actor)
    return NOTHING


async def _reset(work: Work, asked: OfficerReset) -> ShownOnce:
    await officer_changes.reset_officer(work.connection, asked.officer_id, work.now, work.actor)
    return await _with_link(work, asked.officer_id)


async def _with_link(work: Work, officer_id: str) -> ShownOnce:
    if work.proposal_id is None:
        return NOTHING
    life = timedelta(seconds=work.ctx.policy.sessions.link_seconds)
    return ShownOnce(sign_in_link=await make_link(work.connection, officer_id, work.actor, life, work.proposal_id))


async def _add_team(work: Work, asked: TeamAdded) -> ShownOnce:
    await officer_changes.add_team(work.connection, asked.team, work.now, work.actor)
    return NOTHING


async def _change_team(work: Work, asked: TeamChanged) -> ShownOnce:
    # A team that has changed since the proposal makes it stale.
    await officer_changes.change_team(work.connection, asked.name, asked.team, None, work.now, work.actor)
    return NOTHING


async def _move_member(work: Work, asked: MemberMoved) -> ShownOnce:
    named = asked.officer_id, asked.from_team, asked.to_team
    await officer_changes.move_member(work.connection, *named, work.now, work.actor)
    return NOTHING


# -- the directory -----------------------------------------------------------------------------------------------------


async def _change_institution(work: Work, asked: InstitutionChanged) -> ShownOnce:
    await bank_changes.change_institution(work.connection, asked.code, asked.fields(), work.now, work.actor)
    return NOTHING


async def _write_nodal_officers(work: Work, asked: NodalOfficersChanged) -> ShownOnce:
    await bank_changes.write_officers(work.connection, asked.code, asked.nodal_officers, work.now, work.actor)
    return NOTHING


async def _replace_login(work: Work, asked: BankLoginReplaced) -> ShownOnce:
    login = asked.code, asked.email
    if work.proposal_id is None:
        await bank_changes.write_login(work.connection, *login, None, work.now, work.actor)
        return NOTHING
    life = timedelta(seconds=work.ctx.policy.sessions.bank_link_seconds)
    done = await make_login_link(work.connection, *login, work.actor, work.now, life, work.proposal_id)
    return ShownOnce(bank_login_link=done)


async def _add_key(work: Work, asked: BankKeyAdded) -> ShownOnce:
    key = BankKey(
        key_id=asked.key_id,
        institution=asked.code,
        public_key=b64decode(asked.public_key),
        not_before=asked.not_before or work.now,
        not_after=asked.not_after,
    )
    rules = work.ctx.policy.signatures
    await bank_changes.register_key(work.connection, rules, key, work.now, work.actor)
    return NOTHING


async def _end_key(work: Work, asked: BankKeyEnded) -> ShownOnce:
    ends = asked.not_after or work.now
    await bank_changes.end_key(work.connection, asked.code, asked.key_id, ends, work.now, work.actor)
    return NOTHING


async def _decide_key_request(work: Work, asked: BankKeyRequestDecided) -> ShownOnce:
    named = asked.code, asked.change_id, work.actor
    if asked.answer is KeyRequestAnswer.CONFIRMED:
        rules = work.ctx.policy.signatures
        await key_changes.confirm_in(work.connection, rules, *named, work.now, asked.not_before or work.now)
    else:
        await key_changes.refuse_in(work.connection, *named, work.now, work.reason)
    return NOTHING


async def _confirm_people(work: Work, asked: BankPeopleConfirmed) -> ShownOnce:
    # No proposal has this number. A rehearsal is undone before the database looks for it.
    of_proposal = work.proposal_id or NO_PROPOSAL
    await people.confirm(work.connection, asked.code, asked.confirmed, asked.taken_back, of_proposal, work.now)
    return NOTHING


# -- the policy --------------------------------------------------------------------------------------------------------


async def _change_policy(work: Work, asked: PolicyChanged) -> ShownOnce:
    values = {value.name: value.value for value in asked.values}
    source = f"two admins: {work.reason}"
    # No proposal has this number. A rehearsal is undone before the database looks for it.
    number = work.proposal_id or NO_PROPOSAL
    await changes.write_version(work.connection, work.ctx.policy, values, source, number, work.now)
    return NOTHING


_DOES: Final[Mapping[type[Any], Callable[[Work, Any], Awaitable[ShownOnce]]]] = {
    OfficerAdded: _add_officer,
    OfficerChanged: _change_officer,
    RoleGiven: _give_role,
    RoleEnded: _end_role,
    OfficerEnabled: _enable,
    OfficerDisabled: _disable,
    OfficerReset: _reset,
    TeamAdded: _add_team,
    TeamChanged: _change_team,
    MemberMoved: _move_member,
    InstitutionChanged: _change_institution,
    NodalOfficersChanged: _write_nodal_officers,
    BankLoginReplaced: _replace_login,
    BankKeyAdded: _add_key,
    BankKeyEnded: _end_key,
    BankKeyRequestDecided: _decide_key_request,
    BankPeopleConfirmed: _confirm_people,
    PolicyChanged: _change_policy,
}
