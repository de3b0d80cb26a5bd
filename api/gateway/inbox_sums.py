"""Sums of one transfer on a form: what is told so far, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from activities.case.answer_links import AskedTransfer
from adapters.banks.i4c.money import AmountError, parse_rupees
from api.gateway.answer_pages import ROWS
from domain.rupees import in_proportion

_WIDTH: Final = 1_000
"""width of the whole bar"""


@dataclass(frozen=True, slots=True)
class BarPart:
    """A part of the bar: its class in the style sheet, and where it stands."""

    look: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Told:
    """Sums that a form tells about one transfer."""

    asked_paise: int
    held_paise: int
    moved_paise: int
    withdrawn_paise: int

    @property
    def told_paise(self) -> int:
        """Return the amount that the form tells of."""
        return self.held_paise + self.moved_paise + self.withdrawn_paise

    @property
    def missing_paise(self) -> int:
        """Return the asked amount that the form does not tell of."""
        return max(self.asked_paise - self.told_paise, 0)

    @property
    def excess_paise(self) -> int:
        """Return what the form tells above the asked amount."""
        return max(self.told_paise - self.asked_paise, 0)

    @property
    def parts(self) -> list[BarPart]:
        """Return the parts of the bar from left to right."""
        sums = {
            "b-held": self.held_paise,
            "b-in_play": self.moved_paise,
            "b-withdrawn": self.withdrawn_paise,
            "gap": self.missing_paise,
        }
        found, x = [], 0
        for look, width in zip(sums, in_proportion(_WIDTH, list(sums.values())), strict=True):
            if width:
                found.append(BarPart(look, x, width))
            x += width
        return found


def told_of(fields: Mapping[str, str], transfer: AskedTransfer) -> Told:
    """Return the sums in the fields of a form about one transfer.

    A sum that cannot be read counts as none.
    """
    prefix = f"t{transfer.no}."
    return Told(
        asked_paise=transfer.disputed_paise,
        held_paise=_paise(fields, f"{prefix}held"),
        moved_paise=sum(_paise(fields, f"{prefix}m{row}.amount") for row in ROWS),
        withdrawn_paise=sum(_paise(fields, f"{prefix}o{row}.amount") for row in ROWS),
    )


def _paise(fields: Mapping[str, str], name: str) -> int:
    try:
        return parse_rupees(fields.get(name, "").removeprefix("₹").strip() or "0")
    except AmountError:
        return 0
