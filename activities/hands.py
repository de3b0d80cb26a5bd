"""What every hand needs to do its work."""

from dataclasses import dataclass

from activities.directory import DirectoryCache
from db.pool import Pool
from domain.policy import Policy


@dataclass(frozen=True)
class Hands:
    """The database, the directory and the policy of this process."""

    pool: Pool
    directory: DirectoryCache
    policy: Policy
    clock_factor: float = 1.0
    """divides every wait of the policy; 1 outside a demo"""
