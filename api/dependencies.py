"""What the routes work with, put together once at start (`api.server`) and found on the application."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Protocol

from fastapi import Depends, Request

from activities.context import Context
from activities.secrets import SecretBox
from schemas.outbox.case import FollowUp


class WorkflowNotifier(Protocol):
    """Tells the workflows what was committed."""

    def soon(self, follow_up: FollowUp) -> None:
        """Tell it in the background; never raises, and what is lost is told again by the sweep."""
        ...


@dataclass(frozen=True)
class Parts:
    """The engine's parts behind the doors."""

    ctx: Context
    notifier: WorkflowNotifier
    secret_box: SecretBox
    temporal_answers: Callable[[], Awaitable[bool]]
    """whether the Temporal server can be reached now"""
    metrics_urls: tuple[str, ...] = ()
    """pages of other processes, and of the Temporal SDK, that are joined to ours"""
    public_url: str | None = None
    """the address under which banks reach the API, where that is set"""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """whose word is taken for the address that a request comes from"""


async def _parts(request: Request) -> Parts:
    # Not a plain function: those run in a thread, which costs more than what this does.
    parts: Parts = request.app.state.parts
    return parts


TheParts = Annotated[Parts, Depends(_parts)]
