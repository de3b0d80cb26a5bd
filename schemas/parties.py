"""Parties to a transfer: account, name and virtual payment address."""

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from schemas.base import FrozenModel, Storable
from schemas.text import Identifier, Line

Vpa = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320), Storable]


class Party(FrozenModel):
    """One end of a transfer: an institution and exactly one of account, VPA or wallet."""

    institution: Line
    account: Identifier | None = None
    vpa: Vpa | None = None
    wallet: Identifier | None = None
    ifsc: Identifier | None = None

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        given = [name for name in ("account", "vpa", "wallet") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of account, vpa or wallet (given: {', '.join(given) or 'none'})")
        return self

    @property
    def holder(self) -> str:
        """Return the account, VPA or wallet that was given."""
        return self.account or self.vpa or self.wallet or ""
