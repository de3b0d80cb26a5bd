"""The dependencies of the routes. The process builds them once at start and passes them to `api.server`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Protocol

from fastapi import Depends, Request

from activities.context import Context
from activities.secrets import SecretBox
from schemas.outbox.case import FollowUp


class WorkflowNotifier(Protocol):
    """Notifies the workflows of committed changes."""

    def soon(self, follow_up: FollowUp) -> None:
        """Send the notification in the background. Never raises, because the outbox sweep sends lost ones again."""
        ...


@dataclass(frozen=True)
class Parts:
    """The dependencies that all routes share."""

    ctx: Context
    notifier: WorkflowNotifier
    secret_box: SecretBox
    temporal_answers: Callable[[], Awaitable[bool]]
    """whether the Temporal server can be reached now"""
    metrics_urls: tuple[str, ...] = ()
    """metrics pages of other processes and of the Temporal SDK, which are joined to ours"""
    public_url: str | None = None
    """the address at which banks reach the API, or None if it is not configured"""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """networks of proxies whose `X-Forwarded-For` is trusted"""


async def _parts(request: Request) -> Parts:
    # This is a coroutine because FastAPI runs a plain function in a thread, which costs more than this lookup.
    parts: Parts = request.app.state.parts
    return parts


TheParts = Annotated[Parts, Depends(_parts)]
