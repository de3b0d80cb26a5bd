"""What the simulator tells of its world, as far as we ask (`GET /sim/state`): only its JSON is shared, no code."""

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ComplaintsTold(_Told):
    """How the day's complaints are doing."""

    planned: int
    sent: int
    accepted: int
    joined: int
    refused: int
    done: bool


class TicketsTold(_Told):
    """What the banks have received; `open_by_class` is not worked yet."""

    received: int
    incidents: int
    repeats: int
    open_by_class: dict[str, int]


class PostsTold(_Told):
    """The banks' answers on their way."""

    made: int
    accepted: int
    gave_up: int
    failed_attempts: int


class TruthTold(_Told):
    """What was caught, and what a perfect engine would have caught; paise by class of bank, shares in [0, 1]."""

    caught_paise: dict[str, int]
    catchable_paise: dict[str, int]
    catchable_so_far_paise: dict[str, int]
    caught_of_catchable: float | None
    caught_of_catchable_so_far: float | None
    caught_of_catchable_all_classes: float | None


class OrdersTold(_Told):
    """The orders that banks have, and what they say that they have done of them (paise, by kind)."""

    received: int
    open: int
    said_paise: dict[str, int]


class WayHomeTold(_Told):
    """What the police's people have done on the way home; `under_way` are open restorations whose victim applies."""

    under_way: int
    done: dict[str, int]


class WorldState(_Told):
    """The world now; `world_seconds` since its midnight."""

    world_seconds: float
    complaints: ComplaintsTold
    tickets: TicketsTold
    posts: PostsTold
    asked_twice: int
    orders: OrdersTold
    way_home: WayHomeTold | None
    truth: TruthTold
    latency_ms: dict[str, dict[str, float]]
