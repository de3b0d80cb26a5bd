"""The services that all routes share. A process builds them once at start and passes them to `api.server`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from activities.banks.received import origin_of
from activities.case.reply_links import REPLIES_AT_ONCE
from activities.context import Context
from activities.database_figures import DatabaseGauges
from activities.officers.enrolment import SignInLinks
from activities.reporting.outcomes import OutcomeWatch
from activities.reporting.scorecards import ScoreWatch
from activities.reporting.wall import AlertWatch
from activities.secrets import Keys
from adapters.form_files import UploadReaders
from adapters.officers.identity_provider import IdentityProvider, ProviderSettings
from api.addresses import LOOPBACK, Networks
from api.banks.logins import BankLogins
from api.caches import (
    EvidenceJobs,
    OutcomeCache,
    ScorecardCache,
    StageCache,
    StorageCache,
    TableJobs,
    TrailCache,
    WallCache,
)
from api.console_files import FILES, ConsoleFiles
from api.officers.caller_streams import CallerWatch
from api.officers.read_log import ReadLog
from api.officers.refusal_log import RefusalLog
from api.officers.scripts import Scripts
from api.officers.sessions import Sessions
from api.officers.sign_in import SignInDoor
from api.officers.tokens import Tokens
from api.reporting.officer_streams import OfficerStreams
from api.streams import CASE_EVENTS, EventHub, Listener
from api.throttle import AppealThrottle, FormThrottle, Throttle
from db.case.bank_feeds import CHANGED
from domain.policy.callers import TryName
from schemas.case.case_workflow import FollowUp


class WorkflowNotifier(Protocol):
    """Notifies the workflows of committed changes."""

    def soon(self, follow_up: FollowUp) -> None:
        """Send the notification in the background. Never raises, because the outbox sweep sends lost ones again."""
        ...


@dataclass(frozen=True)
class Services:
    """The services of one API process. Its own ones are created on first use."""

    ctx: Context
    notifier: WorkflowNotifier
    keys: Keys
    temporal_answers: Callable[[], Awaitable[bool]]
    """whether the Temporal server can be reached now"""
    metrics_urls: tuple[str, ...] = ()
    """metrics pages of other processes and of the Temporal SDK, which are joined to ours"""
    public_url: str | None = None
    """the address of the pages for citizens and banks, or None if it is not configured"""
    bank_url: str | None = None
    """the address at which banks reach the API; None means `public_url`"""
    desk_url: str | None = None
    """the address at which officers work, or None if it is not configured"""
    trusted_proxies: Networks = ()
    """networks of proxies whose `X-Forwarded-For` is trusted"""
    operators: Networks = LOOPBACK
    """networks whose direct requests see the pages for operators"""
    provider: ProviderSettings | None = None
    """the identity provider that officers may sign in with, or None without one"""
    shows_gauges: bool = True
    """whether the metrics page has the figures of the database too; one process of a stack shows them"""
    console_folder: Path = FILES
    """where the console was built"""
    run_file_is_there: Callable[[], bool] = lambda: True
    """whether other commands can find this stack; always true for a stack without a run file"""

    @property
    def signed_origin(self) -> str | None:
        """Return the origin of the address that banks may sign, or None if it is not configured."""
        return origin_of(self.bank_url or self.public_url)

    @cached_property
    def console(self) -> ConsoleFiles:
        """Files of the console."""
        return ConsoleFiles(self.console_folder)

    @cached_property
    def tokens(self) -> Tokens:
        """Bearer tokens of banks."""
        return Tokens(self.keys, self.ctx.now)

    @cached_property
    def scripts(self) -> Scripts:
        """Scripts that call, with their roles from the database."""
        return Scripts(self.ctx.pool)

    @cached_property
    def read_log(self) -> ReadLog:
        """Log of who read which case, account or person."""
        return ReadLog(self.ctx)

    @cached_property
    def refusal_log(self) -> RefusalLog:
        """Log of refused acts of officers, scripts and banks."""
        return RefusalLog(self.ctx)

    @cached_property
    def listener(self) -> Listener:
        """The connection that hears notifications of the database."""
        return Listener(self.ctx.pool)

    @cached_property
    def case_hub(self) -> EventHub:
        """Streams of the case log."""
        waiting = self.ctx.policy.doors.waiting
        return EventHub(self.listener, CASE_EVENTS, most=waiting.streams, most_of_one=waiting.streams_of_one)

    @cached_property
    def officer_streams(self) -> OfficerStreams:
        """Streams of officers."""
        return OfficerStreams(self.ctx, self.listener)

    @cached_property
    def bank_hub(self) -> EventHub:
        """Calls of banks that wait for a change of their feed."""
        policy = self.ctx.policy
        most_of_one = policy.bank_limits.waiting_at_once
        return EventHub(self.listener, CHANGED, most=policy.doors.waiting.bank_calls, most_of_one=most_of_one)

    @cached_property
    def uploads(self) -> UploadReaders:
        """Readers of files that people of banks send."""
        return UploadReaders()

    @cached_property
    def bank_logins(self) -> BankLogins:
        """Logins of banks."""
        return BankLogins(self.ctx, self.keys)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions of officers."""
        return Sessions(self.ctx, self.keys)

    @cached_property
    def caller_watch(self) -> CallerWatch:
        """End of the streams of callers who may not read them any more."""
        return CallerWatch(self.ctx, self.sessions)

    @cached_property
    def sign_in_door(self) -> SignInDoor:
        """Sign-in of officers."""
        return SignInDoor(self.ctx, self.keys)

    @cached_property
    def sign_in_links(self) -> SignInLinks:
        """Links by which officers set their credentials."""
        return SignInLinks(self.ctx, self.keys)

    @cached_property
    def identity_provider(self) -> IdentityProvider | None:
        """The identity provider of officers."""
        return IdentityProvider(self.provider) if self.provider else None

    @cached_property
    def sign_in_guesses(self) -> Throttle:
        """Limit on tries of links that do not exist."""
        return Throttle(self.ctx, self.keys, TryName.LINK_GUESSES)

    @cached_property
    def appeal_throttle(self) -> AppealThrottle:
        """Access of account holders to their holds."""
        return AppealThrottle(self.ctx, self.keys, self.trusted_proxies)

    @cached_property
    def form_throttle(self) -> FormThrottle:
        """Limits on complaints of the public page."""
        return FormThrottle(self.ctx, self.keys, self.trusted_proxies)

    @cached_property
    def inbox_checks(self) -> Throttle:
        """Limit on what banks have checked in their inbox, and on the changes of keys that they ask for."""
        return Throttle(self.ctx, self.keys, TryName.INBOX_CHECKS)

    @cached_property
    def replies_checked(self) -> asyncio.Semaphore:
        """Limit on replies by two that are sent at once.

        Each holds one connection while it waits for a second one.
        """
        return asyncio.Semaphore(REPLIES_AT_ONCE)

    @cached_property
    def inbox_events(self) -> Throttle:
        """Limit on the test events that banks ask for."""
        return Throttle(self.ctx, self.keys, TryName.INBOX_EVENTS)

    @cached_property
    def evidence_jobs(self) -> EvidenceJobs:
        """Evidence packs that are written now."""
        return EvidenceJobs()

    @cached_property
    def table_jobs(self) -> TableJobs:
        """Tables of cases that are written now."""
        return TableJobs()

    @cached_property
    def metrics_cache(self) -> DatabaseGauges:
        """Gauges that are read from the database."""
        return DatabaseGauges()

    @cached_property
    def storage_cache(self) -> StorageCache:
        """State of the database's storage."""
        return StorageCache()

    @cached_property
    def scorecard_cache(self) -> ScorecardCache:
        """Scorecards of banks, and the call list."""
        return ScorecardCache(self.ctx)

    @cached_property
    def score_watch(self) -> ScoreWatch:
        """Gauges of the scorecards."""
        return ScoreWatch(self.ctx)

    @cached_property
    def alert_watch(self) -> AlertWatch:
        """Gauges that alerts are made of."""
        return AlertWatch(self.ctx)

    @cached_property
    def outcome_cache(self) -> OutcomeCache:
        """Reports of the restoration procedure."""
        return OutcomeCache(self.ctx)

    @cached_property
    def trail_cache(self) -> TrailCache:
        """Layouts of money trails."""
        return TrailCache(self.ctx)

    @cached_property
    def wall_cache(self) -> WallCache:
        """Figures of the supervisor's wall."""
        return WallCache(self.ctx)

    @cached_property
    def stage_cache(self) -> StageCache:
        """Figures of stages over a period."""
        return StageCache()

    @cached_property
    def outcome_watch(self) -> OutcomeWatch:
        """Gauges of the restoration procedure."""
        return OutcomeWatch(self.ctx)

    async def end_streams(self) -> None:
        """End every stream and every waiting call, release their connections, and write what was counted."""
        self.case_hub.close()
        self.bank_hub.close()
        await asyncio.gather(self.officer_streams.close(), self.caller_watch.close())
        await self.listener.close()
        await self.refusal_log.close()
        if self.identity_provider is not None:
            await self.identity_provider.close()


async def _services(request: Request) -> Services:
    # This is a coroutine because FastAPI runs a plain function in a thread, which costs more than this lookup.
    services: Services = request.app.state.services
    return services


TheServices = Annotated[Services, Depends(_services)]
"""The dependency by which a route gets the services."""


async def _appeal_throttle(services: TheServices) -> AppealThrottle:
    return services.appeal_throttle


TheAppealThrottle = Annotated[AppealThrottle, Depends(_appeal_throttle)]
"""The dependency for access to holds. Its type lets `api.route_errors` find the errors of a route that names it."""
