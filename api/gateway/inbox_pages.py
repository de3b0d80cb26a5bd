"""Templates, texts and headers of all pages of a bank's inbox, and the storage of posted forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from activities.case.answers import keep_statement
from activities.case.reply_links import ReplyForm
from adapters.banks.stated import WAYS_OUT, Answerer, way_of
from api.forms import VALUE_MAX_CHARS, chosen, typed
from api.gateway.answer_pages import NOT_FOUND, ROWS, is_filled
from api.gateway.auth import lines_of
from api.gateway.inbox_sessions import MaybeSession
from api.pages import TEMPLATES, Pages
from api.params import INT32_MAX
from api.problems import INBOX_PATH
from api.public_pages import PUBLIC, Look, TheLook, exact_rupees, texts_of
from api.services import Services, TheServices
from db.banks.bank_logins import BankSession
from db.banks.bank_reply_checks import ReplyCheck
from schemas.identifiers import account_end
from schemas.restoration_enums import OrderKind
from schemas.text import IST

INBOX_BODY_MAX_BYTES: Final = 512 * 1024
SEE_OTHER: Final = 303
KEPT: Final = "kept-"
"""before the names of the fields of a form that was sent after the end of its session"""
AnyForm = TypeVar("AnyForm", bound=ReplyForm[Any])
SubjectId = Annotated[UUID, Path()]
After = Annotated[int, Query(ge=0, le=INT32_MAX)]
"""the number of the last item on the previous page"""

INBOX: Final = TEMPLATES / "inbox"
TEXTS: Final = texts_of(INBOX)
SOON: Final = timedelta(minutes=5)
"""time before a deadline from which a clock is marked"""
_MINUTES_UP_TO: Final = timedelta(hours=2)
_HOURS_UP_TO: Final = timedelta(days=2)
_WHO: Final = ("name", "designation")
_ABOUT_NOW: Final = frozenset({"form", "answered_request", "order_form", "order_cancelled", "gone"})
"""pages that follow a form which cannot be booked as it is"""
_TABS: Final = {
    INBOX_PATH: "tab_holds",
    f"{INBOX_PATH}/orders": "tab_orders",
    f"{INBOX_PATH}/answered": "tab_answered",
    f"{INBOX_PATH}/checks": "tab_checks",
    f"{INBOX_PATH}/keys": "tab_keys",
    f"{INBOX_PATH}/test": "tab_test",
    f"{INBOX_PATH}/people": "tab_people",
}


@dataclass(frozen=True, slots=True)
class Clock:
    """Text of a clock, and whether its time is nearly over."""

    text: str
    is_soon: bool


def clock(by: datetime, now: datetime, say: Mapping[str, str]) -> Clock:
    """Return how long is left until a deadline, or how late it is."""
    left, late = by - now, "late" if by < now else "left"
    size = abs(left)
    if size < timedelta(minutes=1):
        text = say[f"{late}_now"]
    elif size < _MINUTES_UP_TO:
        text = say[f"{late}_minutes"].format(count=size // timedelta(minutes=1))
    elif size < _HOURS_UP_TO:
        text = say[f"{late}_hours"].format(count=size // timedelta(hours=1))
    else:
        text = say[f"{late}_days"].format(count=size // timedelta(days=1))
    return Clock(text, timedelta() <= left < SOON)


def date(at: datetime, say: Mapping[str, str]) -> str:
    """Return the day in Indian time, with the name of the month."""
    here = at.astimezone(IST)
    return f"{here.day} {say['months'].split()[here.month - 1]} {here.year}"


def moment(at: datetime, say: Mapping[str, str]) -> str:
    """Return a moment in Indian time."""
    return f"{date(at, say)}, {at.astimezone(IST):%H:%M:%S} IST"


PAGES: Final = Pages(
    TEMPLATES,
    styles=[PUBLIC, INBOX],
    filters={
        "rupees": exact_rupees,
        "moment": moment,
        "date": date,
        "time": lambda at: f"{at.astimezone(IST):%H:%M}",
        "clock": clock,
        "ending": account_end,
    },
    names={
        "max_chars": VALUE_MAX_CHARS,
        "rows": ROWS,
        "way_of": way_of,
        "is_filled": lambda fields, errors, prefix: is_filled(fields, prefix) or is_filled(errors, prefix),
        "inbox": INBOX_PATH,
        "restore_kind": OrderKind.RESTORE,
        "leaves": False,
    },
)
# A browser names the origin of a form only if it may also send a referrer there. Other sites still get none.
PAGES.headers["Referrer-Policy"] = "same-origin"
PAGES.headers["Cache-Control"] = "no-store"


@dataclass(frozen=True)
class Visit:
    """A request to the inbox: the services, how its reader reads, and the session if any."""

    services: Services
    look: Look
    maybe_session: BankSession | None
    tab: str
    """path of the page's entry in the menu"""
    checks: ReplyCheck | None = None
    """the reply of a colleague that is checked now"""
    note: str = field(default="", repr=False)
    """what is typed to be said to that colleague"""

    @property
    def say(self) -> Mapping[str, str]:
        """Return the texts in the officer's language."""
        return TEXTS[self.look.language]

    @property
    def session(self) -> BankSession:
        """Return the session. The route has checked that there is one."""
        assert self.maybe_session is not None, "the route has checked it"
        return self.maybe_session

    @property
    def code(self) -> str:
        """Return the bank that is signed in."""
        return self.session.institution

    def by_person(self, fields: dict[str, str]) -> dict[str, str]:
        """Return the fields of a form with the name and designation of the person who answers."""
        who = self.checks or self.session
        if self.checks is None and self.session.person_id is None:
            return fields
        return {**fields, "name": who.name, "designation": who.designation}

    def signed(self, form: AnyForm) -> AnyForm:
        """Return a form with the login of the person who sends it, if one is signed in."""
        session = self.session
        if session.person_id is None:
            return form
        person = replace(form.answerer, person_id=str(self.checks.made_by if self.checks else session.person_id))
        if self.checks is not None:
            second = Answerer(session.name, session.designation, str(session.person_id))
            person = replace(person, checker=second)
        return replace(form, answerer=person)

    @property
    def needs_second(self) -> bool:
        """Return whether a reply is not sent before another person of the bank has checked it."""
        known = self.services.ctx.directory.current.get(self.code)
        return self.checks is None and known is not None and known.answers_by_two

    def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """Return a page of the inbox. `errors` has the faults of its form by field, `fields` what was typed."""
        say = self.say
        if self.checks is not None and name in _ABOUT_NOW:
            # The colleague who checks a reply fills in none, but gives it back.
            name, status = "check_over", 409
        page_values: dict[str, Any] = {
            "errors": {},
            "fields": {},
            "notice": "",
            "kept": {},
            "typed_step": "",
            "told_since": (),
            "waits": None,
            "holds_money": False,
            "is_further": False,
            "answered_id": None,
            "now": self.services.ctx.now(),
            "today": f"{self.services.ctx.now().astimezone(IST):%Y-%m-%d}",
            "tabs": [(path, say[key]) for path, key in _TABS.items() if key != "tab_checks" or self.is_by_two],
            "by_two": self.is_by_two,
            "checks": self.checks,
            "checks_note": self.note,
            "needs_second": self.maybe_session is not None and self.needs_second,
            "tab": self.tab,
            "hows": [(way, say[f"how_{way}"]) for way in WAYS_OUT],
            "reasons": [(code, say[f"no_{code}"]) for code in NOT_FOUND],
            "bank": self._bank_name(),
            "person": self.maybe_session if self.maybe_session and self.maybe_session.person_id else None,
        }
        page_values |= values
        # The fields of who answers stand last on a reply, and so do their faults.
        page_values["errors"] = dict(sorted(page_values["errors"].items(), key=lambda fault: fault[0] in _WHO))
        return PAGES.page(f"inbox/{name}", status, look=self.look, say=say, **page_values)

    @property
    def is_by_two(self) -> bool:
        """Return whether replies of the bank that is signed in need two people."""
        known = self.services.ctx.directory.current.get(self.code) if self.maybe_session else None
        return known is not None and known.answers_by_two

    def _bank_name(self) -> str:
        if self.maybe_session is None:
            return ""
        known = self.services.ctx.directory.current.get(self.code)
        return known.name if known else self.code

    def to(self, path: str) -> Response:
        """Return the way to another page."""
        return RedirectResponse(self.look.to(path), SEE_OTHER, PAGES.headers)

    def closed(
        self, refusal: str = "", status: int = 200, email: str = "", kept: Mapping[str, str] | None = None
    ) -> Response:
        """Return the form to sign in. `kept` are fields of another form, which the page keeps."""
        return self.page("sign_in", status, refusal=refusal, email=email, kept=kept or {})

    def signed_out(self) -> Response:
        """Return the form to sign in, for what was posted after the end of a session."""
        return self.closed(self.say["session_over"], 401)

    async def signed_out_while_typing(self, request: Request, names: re.Pattern[str]) -> Response:
        """Return the same for a form whose fields match `names`. What was typed stays."""
        fields = chosen(await typed(request), names)
        kept = {f"{KEPT}{name}": text for name, text in (fields | {"path": request.url.path}).items()}
        return self.closed(self.say["session_over_kept"], 401, kept=kept)


def _visit(request: Request, services: TheServices, look: TheLook, session: MaybeSession) -> Visit:
    beginning = "/".join(request.url.path.split("/")[:3])
    return Visit(services, look, session, beginning if beginning in _TABS else INBOX_PATH)


TheVisit = Annotated[Visit, Depends(_visit)]
"""The dependency of a page of the inbox."""


async def keep_posted(request: Request, visit: Visit, about: UUID | None = None) -> int:
    """Store what a bank has posted, byte for byte, before it is processed; return its number."""
    return await keep_statement(
        visit.services.ctx,
        visit.code,
        request.method,
        request.scope["raw_path"].decode("latin-1"),
        lines_of(request),
        await request.body(),
        about=about,
        bank_person_id=visit.session.person_id,
    )
