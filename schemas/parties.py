"""Parties to a transfer: account, name and virtual payment address."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from schemas.base import FrozenModel, Storable
from schemas.text import Identifier, Line

Vpa = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320), Storable]


class Party(FrozenModel):
    """One end of a transfer: an institution and one of account, VPA or wallet.

    A VPA may stand beside an account.
    """

    institution: Line
    account: Identifier | None = None
    vpa: Vpa | None = None
    wallet: Identifier | None = None
    ifsc: Identifier | None = None

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if self._given not in _ENDS:
            given = ", ".join(self._given) or "none"
            raise ValueError(f"give one of account, vpa or wallet, or account and vpa (given: {given})")
        return self

    @property
    def _given(self) -> tuple[str, ...]:
        return tuple(name for name in ("account", "vpa", "wallet") if getattr(self, name) is not None)

    @property
    def holder(self) -> str:
        """Return the account, VPA or wallet by which the end is known. A VPA beside an account is not used."""
        return self.account or self.vpa or self.wallet or ""

    @property
    def vpa_beside(self) -> str | None:
        """Return the VPA that is stated beside the account."""
        return self.vpa if self.account else None


_ENDS: Final = {("account",), ("vpa",), ("wallet",), ("account", "vpa")}


def _alone(party: Party) -> Party:
    if party.vpa_beside:
        raise ValueError("give exactly one of account, vpa or wallet: a hop keeps one")
    return party


PartyOfHop = Annotated[Party, AfterValidator(_alone)]
"""one end of a hop, which is known by one of account, VPA or wallet"""
