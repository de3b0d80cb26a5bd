"""Places of requests: how many are served at once, of each kind of caller and of one caller."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from domain.policy import callers
from domain.policy.callers import DoorName

_PLACE: Final = "goldenhour.place"


@dataclass(frozen=True, slots=True)
class Counted:
    """Caller by whom a request is counted: the kind, and its name within the kind."""

    door: DoorName
    name: str


class Place:
    """Place of one request."""

    def __init__(self, places: "Places", caller: Counted) -> None:
        self._places = places
        self._caller = caller
        self._is_taken = True

    def leave(self) -> None:
        """Free the place for another request. A second call changes nothing."""
        if self._is_taken:
            self._is_taken = False
            self._places.free(self._caller)


class Places:
    """The places of one process."""

    def __init__(self, limits: Callable[[], Mapping[DoorName, callers.Places]]) -> None:
        """`limits` returns those of the policy that is in force."""
        self._limits = limits
        self._taken: Counter[DoorName] = Counter()
        self._of_one: Counter[Counted] = Counter()

    def take(self, scope: Scope, caller: Counted) -> Place | None:
        """Take a place for a request. Return None if its caller, or its door, has no more."""
        limit = self._limits()[caller.door]
        taken = self._taken[caller.door]
        of_one = limit.of_one_crowded if taken * 2 >= limit.requests else limit.of_one
        if taken >= limit.requests or self._of_one[caller] >= of_one:
            return None
        self._taken[caller.door] += 1
        self._of_one[caller] += 1
        place = scope[_PLACE] = Place(self, caller)
        return place

    def free(self, caller: Counted) -> None:
        """Free one place of a caller."""
        self._taken[caller.door] -= 1
        self._of_one[caller] -= 1
        if not self._of_one[caller]:
            del self._of_one[caller]


def leave_place(scope: Scope) -> None:
    """Free the place of a request that goes on as a stream or a waiting call.

    Those have limits of their own.
    """
    place: Place | None = scope.get(_PLACE)
    if place is not None:
        place.leave()
