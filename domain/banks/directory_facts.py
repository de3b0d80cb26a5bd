"""Facts about an institution of the directory, without a secret."""

from collections.abc import Iterable
from datetime import datetime

from domain.facts import IS_SET, present, span
from schemas.banks.institutions import Institution
from schemas.banks.keys import BankKey
from schemas.banks.rosters import NodalOfficer
from schemas.enums import ChannelKind


def institution_facts(one: Institution) -> dict[str, str]:
    """Return what the directory says of an institution."""
    values: dict[str, object] = {
        "name": one.name,
        "kind": one.kind,
        "answer_class": one.answer_class,
        "desk_email": one.desk_email,
        "sponsor": one.sponsor,
        "ifsc_prefixes": one.ifsc_prefixes,
        "vpa_handles": one.vpa_handles,
        "aliases": one.aliases,
        "account_prefixes": one.account_prefixes,
        "channels": one.channels,
        "calls_at_once": one.calls_at_once,
        "calls_a_second": one.calls_a_second,
        "signature_only_from": one.signature_only_from,
        "answers_by_two": one.answers_by_two or None,
    }
    officers = {f"nodal_officer.{place}": _officer(found) for place, found in enumerate(one.nodal_officers, 1)}
    return present(values | officers)


def secret_facts(login_email: str | None, has_password: bool, channels: Iterable[ChannelKind]) -> dict[str, str]:
    """Return which secrets there are, and never a secret."""
    values: dict[str, object] = {"login_email": login_email, "login_password": IS_SET if has_password else None}
    return present(values | {f"credentials.{channel}": IS_SET for channel in channels})


def key_facts(keys: Iterable[BankKey], now: datetime) -> dict[str, str]:
    """Return when each key is valid, with the fingerprint that two persons compare by telephone."""
    return {f"key.{key.key_id}": f"{span(key.not_before, key.not_after, now)}; {key.fingerprint}" for key in keys}


def _officer(officer: NodalOfficer) -> str:
    """Return an officer in one line: person, contact, shifts and leave."""
    shifts = [f"{'/'.join(shift.days)} {shift.starts}-{shift.ends}" for shift in officer.shifts]
    leaves = [f"away {leave.first_day} to {leave.last_day}" for leave in officer.leaves]
    holidays = ["works on holidays"] if officer.works_on_holidays else []
    contact = (officer.name, officer.role, officer.email, officer.mobile)
    return " · ".join(part for part in (*contact, *shifts, *holidays, *leaves) if part)
