"""What every hand needs to do its work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from activities.channel_health import ChannelHealth
from activities.directory import DirectoryCache
from db.pool import Pool
from domain.policy.model import Policy
from schemas.outbox.case import CasePolicy


def wall_clock() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """The database, the directory and the policy of this process."""

    pool: Pool
    directory: DirectoryCache
    policy: Policy
    clock_factor: float = 1.0
    """divides every wait of the policy; 1 outside a demo"""
    procedure_clock_factor: float = 1.0
    """the same for the way home, whose waits are days and months"""
    clock: Callable[[], datetime] = wall_clock
    """what `now` reads"""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self.clock()

    @cached_property
    def case_policy(self) -> CasePolicy:
        """What a case that is opened now is promised."""
        return self.policy.case_policy(self.clock_factor)

    @cached_property
    def health(self) -> ChannelHealth:
        """How the channels to the banks do."""
        return ChannelHealth(self.pool, self.policy.channels.breaker(self.clock_factor))
