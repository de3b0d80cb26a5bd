"""The directory of institutions: how it is loaded, and how the engine sees it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from schemas.base import Noun
from schemas.enums import AnswerClass, InstitutionKind
from schemas.webhooks import check_secret

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{2,20}$")]
EnvelopeKind = Literal["aes_cbc", "aes_gcm", "none"]


class WireEntry(Noun):
    """How to reach an institution over the I4C wire. Keys are base64 of 32 bytes."""

    kind: Literal["i4c"] = "i4c"
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=300)]
    email: str
    password: SecretStr
    envelope: EnvelopeKind = "aes_cbc"
    aes_key: SecretStr | None = None
    hmac_key: SecretStr | None = None


class PushEntry(Noun):
    """How to reach an institution by its webhook. Secrets are `whsec_…`, the newest first; two while they change."""

    kind: Literal["push"] = "push"
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=300)]
    secrets: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(check_secret)], ...], Field(min_length=1, max_length=2)
    ]


class InboundEntry(Noun):
    """The institution's own login at our door."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    password: SecretStr


class NodalOfficer(Noun):
    """The institution's person for police requests."""

    name: str = ""
    email: str = ""
    mobile: str = ""


class InstitutionEntry(Noun):
    """One institution as it stands in a directory file."""

    code: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    kind: InstitutionKind = InstitutionKind.BANK
    ifsc_prefixes: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    vpa_handles: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    aliases: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    answer_class: AnswerClass = AnswerClass.MAIL
    wire: WireEntry | None = None
    inbound: InboundEntry | None = None
    desk_email: str = ""
    nodal_officer: NodalOfficer = NodalOfficer()


class Institution(Noun):
    """An institution as the engine sees it: no secrets."""

    code: str
    name: str
    kind: InstitutionKind
    ifsc_prefixes: tuple[str, ...]
    vpa_handles: tuple[str, ...]
    aliases: tuple[str, ...]
    answer_class: AnswerClass
    has_wire: bool
    desk_email: str
    nodal_officer: NodalOfficer
