"""What every hand needs to do its work."""

from dataclasses import dataclass
from functools import cached_property

from activities.channel_health import ChannelHealth
from activities.directory import DirectoryCache
from db.pool import Pool
from domain.policy import Policy
from schemas.work import CasePolicy


@dataclass(frozen=True)
class Hands:
    """The database, the directory and the policy of this process."""

    pool: Pool
    directory: DirectoryCache
    policy: Policy
    clock_factor: float = 1.0
    """divides every wait of the policy; 1 outside a demo"""

    @cached_property
    def case_policy(self) -> CasePolicy:
        """What a case that is opened now is promised."""
        return self.policy.case_policy(self.clock_factor)

    @cached_property
    def health(self) -> ChannelHealth:
        """How the channels to the banks do."""
        return ChannelHealth(self.pool, self.policy.channels.breaker(self.clock_factor))
