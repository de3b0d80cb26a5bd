"""The contact of an account holder in a line of a bank's answer."""

from collections.abc import Mapping
from typing import Any, Final

from schemas.privacy.personal_data import ContactData

_PHONES: Final = ("phone_number", "holder_phone")
_EMAILS: Final = ("email", "holder_email")
"""names of the fields on the I4C wire and in our API"""


def stated_contact(raw: Mapping[str, Any]) -> ContactData:
    """Return the contact that a line states; a field is empty if the line has it not."""
    return ContactData(phone=_first(raw, _PHONES), email=_first(raw, _EMAILS))


def _first(raw: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((told for name in names if isinstance(told := raw.get(name), str) and told), "")
