"""The context that activities share: pool, directory, policy and clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from activities.banks.bodies import BankSealers, BodyOpener
from activities.banks.channel_health import ChannelHealth
from activities.banks.directory import DirectoryCache
from activities.case.case_locks import CaseLocks
from activities.privacy.person_keys import PersonKeys
from adapters.clock import wall_clock
from db.pool import Pool
from db.privacy.body_keys import OpensBody
from domain.policy.model import Policy
from schemas.case.hold_requests import RequestStages
from schemas.procedures import CasePolicy


class NoPersonKeys(Exception):
    """The program has no key for the personal data of victims: give it GOLDENHOUR_SECRET_KEY."""


@dataclass(eq=False)
class Context:
    """Database pool, directory and policy of this process. Only the policy changes while it runs, by `take_policy`."""

    pool: Pool
    directory: DirectoryCache
    policy: Policy
    clock_factor: float = 1.0
    """divides every wait of the policy; 1 outside a demo"""
    procedure_clock_factor: float = 1.0
    """the same divisor for restorations, whose waits are days and months"""
    bank_callers: int = 1
    """processes that call banks; they share a bank's limits"""
    my_case_page: str = ""
    """address of the page on which a victim reads the own complaint; empty without a public address"""
    clock: Callable[[], datetime] = wall_clock
    """the clock that `now` reads"""
    trace: Callable[[RequestStages], None] | None = None
    """sends the stages of a delivered request to the receiver of traces; None without a receiver"""
    person_keys: PersonKeys | None = None
    """keys for the personal data of victims; None for a program that reads and writes none"""

    def take_policy(self, policy: Policy) -> None:
        """Go by another policy from now on. A case keeps the values with which it began."""
        self.policy = policy
        for name in ("case_policy", "stored_case_policy"):
            self.__dict__.pop(name, None)
        self.health.rules = policy.channels.breaker(self.clock_factor)

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return self.clock()

    @property
    def persons(self) -> PersonKeys:
        """Return the keys for the personal data of victims. Raises `NoPersonKeys`."""
        if self.person_keys is None:
            raise NoPersonKeys(NoPersonKeys.__doc__)
        return self.person_keys

    @property
    def opens(self) -> OpensBody:
        """Return a function that opens bodies and documents. It raises `CannotOpen`. Raises `NoPersonKeys`."""
        return BodyOpener(self.persons).open_or_erased

    @cached_property
    def case_policy(self) -> CasePolicy:
        """Frozen policy for a case that is opened now."""
        return self.policy.case_policy(self.clock_factor)

    @cached_property
    def stored_case_policy(self) -> dict[str, Any]:
        """The same policy as the database has it."""
        return self.case_policy.model_dump(mode="json")

    @cached_property
    def case_locks(self) -> CaseLocks:
        """Locks of this process's transactions on cases."""
        return CaseLocks()

    @cached_property
    def bank_sealers(self) -> BankSealers:
        """Sealers of bodies of no single case, by bank."""
        return BankSealers()

    @cached_property
    def health(self) -> ChannelHealth:
        """Health of the channels to the banks."""
        return ChannelHealth(self.pool, self.policy.channels.breaker(self.clock_factor))
