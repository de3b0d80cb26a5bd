"""Logins and keys that an institution lacks to answer us, by its channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.banks.institution_views import Lack
from schemas.banks.institutions import Institution
from schemas.enums import ChannelKind


@dataclass(frozen=True, slots=True)
class Credentials:
    """Login and key of an institution at our API."""

    has_login: bool = False
    has_key: bool = False
    """whether a key is registered that has not ended"""


_API_CHANNELS: Final = frozenset({ChannelKind.PUSH, ChannelKind.PULL})


def lacks_of(institution: Institution, known: Mapping[str, Credentials]) -> tuple[Lack, ...]:
    """Return what the institution lacks for its channels.

    Without a channel it is asked by telephone or through its sponsor, and lacks nothing.
    """
    own = known.get(institution.code, Credentials())
    channels = frozenset(institution.channels)
    found = []
    if ChannelKind.I4C in channels and not own.has_login:
        found.append(Lack.LOGIN)
    elif channels & _API_CHANNELS and not (own.has_login or own.has_key):
        found.append(Lack.LOGIN_OR_KEY)
    addresses = (institution.desk_email, *(officer.email for officer in institution.nodal_officers))
    if channels and not any(addresses):
        found.append(Lack.EMAIL)
    return tuple(found)
