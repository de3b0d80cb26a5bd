"""The simulator's state as the demo reads it (`GET /sim/state`): only the JSON is shared, no code."""

from pydantic import BaseModel, ConfigDict


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ComplaintsState(_State):
    """Progress of the day's complaints."""

    planned: int
    sent: int
    accepted: int
    joined: int
    refused: int
    done: bool


class TicketsState(_State):
    """Tickets that banks have received; `open_by_class` counts those not handled yet."""

    received: int
    incidents: int
    repeats: int
    open_by_class: dict[str, int]


class PostsState(_State):
    """Banks' answers and their delivery."""

    made: int
    accepted: int
    gave_up: int
    failed_attempts: int


class TruthState(_State):
    """Amounts caught, and amounts that a perfect engine would have caught. Paise by class of bank, shares in [0, 1]."""

    caught_paise: dict[str, int]
    catchable_paise: dict[str, int]
    catchable_so_far_paise: dict[str, int]
    caught_of_catchable: float | None
    caught_of_catchable_so_far: float | None
    caught_of_catchable_all_classes: float | None


class OrdersState(_State):
    """Orders that banks have received, and the amounts they report as executed (paise, by kind)."""

    received: int
    open: int
    said_paise: dict[str, int]


class RestorationActions(_State):
    """Actions of the simulated officers and victims; `under_way` counts open restorations whose victim applies."""

    under_way: int
    done: dict[str, int]


class RepeatedRequest(_State):
    """Two requests about the same money of one transfer at one bank, each still open when the last one came."""

    ack_no: str
    rrn: str
    bank: str
    keys: list[str]
    """ids of the requests, oldest first"""


class WorldState(_State):
    """State of the simulated world now; `world_seconds` counts from its midnight."""

    world_seconds: float
    complaints: ComplaintsState
    tickets: TicketsState
    posts: PostsState
    repeated_requests: int
    repeated_requests_of: list[RepeatedRequest]
    """the first ones of them"""
    orders: OrdersState
    restoration: RestorationActions | None
    truth: TruthState
    latency_ms: dict[str, dict[str, float]]
