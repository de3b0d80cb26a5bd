"""Rate limits of banks: the headers on each response, and the refusal above the limit.

`RateLimit-Policy` and `RateLimit` are the headers of draft-ietf-httpapi-ratelimit-headers. A policy has its calls (`q`)
and window (`w`). Its bucket has the calls left (`r`) and the seconds until it is full again (`t`).
"""

import math
from typing import Final

from starlette.responses import Response

from activities.context import Context
from api.problems import Kind, Refused
from db import rate_limits
from db.rate_limits import Level
from domain.policy.callers import LimitName, RateLimit
from schemas.gateway.bank_gateway import Policies, PolicyState

RATE_LIMITED: Final = Kind("rate-limited", 429, "A rate policy grants no more calls now")

_TEXT: Final = {"required": True, "schema": {"type": "string"}}
COUNTED: Final = {
    "headers": {
        "RateLimit-Policy": {"description": "The policy: its calls and its window in seconds.", **_TEXT},
        "RateLimit": {"description": "The calls left, and the seconds until all of them are available again.", **_TEXT},
    }
}
"""Description of a response that a bucket has counted."""


async def take(ctx: Context, institution: str, name: LimitName, response: Response) -> None:
    """Take one call from the bank's bucket, and set the headers of `response`. Raises `Refused` if it is empty."""
    limit = ctx.policy.bank_limits.policies[name]
    async with ctx.pool.acquire() as connection:
        level = await rate_limits.take(connection, institution, name.value, limit)
    headers = _headers(name, limit, level)
    if not level.taken:
        wait_seconds = rate_limits.wait_seconds(level, limit)
        detail = f"{name.value}: {limit.calls} calls at once, refilled in {limit.seconds:g} seconds"
        raise Refused(RATE_LIMITED, detail, headers={**headers, "Retry-After": str(math.ceil(wait_seconds) or 1)})
    response.headers.update(headers)


async def policies_of(ctx: Context, institution: str) -> Policies:
    """Return every policy, and the calls that the bank has left of it."""
    async with ctx.pool.acquire() as connection:
        levels = await rate_limits.levels_of(connection, institution)
    limits = ctx.policy.bank_limits
    return Policies(
        waiting_at_once=limits.waiting_at_once,
        policies=tuple(
            _state(name, limit, levels.get(name.value, 0.0)) for name, limit in sorted(limits.policies.items())
        ),
    )


def _headers(name: LimitName, limit: RateLimit, level: Level) -> dict[str, str]:
    left = _left(limit, level.full_in_seconds) if level.taken else 0
    return {
        "RateLimit-Policy": f'"{name.value}";q={limit.calls};w={math.ceil(limit.seconds)}',
        "RateLimit": f'"{name.value}";r={left};t={math.ceil(level.full_in_seconds)}',
    }


def _state(name: LimitName, limit: RateLimit, full_in_seconds: float) -> PolicyState:
    return PolicyState(
        name=name.value,
        calls=limit.calls,
        seconds=limit.seconds,
        left=_left(limit, full_in_seconds),
        full_in_seconds=round(full_in_seconds, 3),
    )


def _left(limit: RateLimit, full_in_seconds: float) -> int:
    left = limit.calls * (1 - full_in_seconds / limit.seconds)
    # After a call the bucket holds a whole number of calls. The small addition makes up for float rounding.
    return min(max(math.floor(left + 1e-3), 0), limit.calls)
