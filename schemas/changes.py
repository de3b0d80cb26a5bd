"""One value before and after a change."""

from schemas.base import FrozenModel


class Change(FrozenModel):
    """One value before and after. None: there is none."""

    field: str
    before: str | None
    after: str | None
