"""Templates and headers of all pages of a bank's inbox, and the storage of posted forms."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Query, Request
from starlette.responses import RedirectResponse, Response

from activities.banks.received import keep_statement
from api.bank_gateway.auth import lines_of
from api.forms import VALUE_MAX_CHARS
from api.pages import TEMPLATES, Pages
from api.params import INT32_MAX
from api.problems import INBOX_PATH
from api.reply_pages import moment
from api.services import Services
from api.tracing.answer_forms import NOT_FOUND, ROWS, is_filled
from api.tracing.answer_pages import CHANNEL_NAMES
from domain.rupees import rupees
from schemas.restoration_enums import OrderKind

INBOX_BODY_MAX_BYTES: Final = 512 * 1024
SEE_OTHER: Final = 303
SubjectId = Annotated[UUID, Path()]
After = Annotated[int, Query(ge=0, le=INT32_MAX)]
"""the number of the last item on the previous page"""

PAGES: Final = Pages(
    TEMPLATES,
    styles=[TEMPLATES],
    filters={"rupees": partial(rupees, exact=True), "moment": moment},
    names={
        "max_chars": VALUE_MAX_CHARS,
        "rows": ROWS,
        "not_found": NOT_FOUND,
        "channel_names": {channel.value: name for channel, name in CHANNEL_NAMES.items()},
        "is_filled": lambda fields, errors, prefix: is_filled(fields, prefix) or is_filled(errors, prefix),
        "inbox": INBOX_PATH,
        "restore_kind": OrderKind.RESTORE,
    },
)
# A browser names the origin of a form only if it may also send a referrer there. Other sites still get none.
PAGES.headers["Referrer-Policy"] = "same-origin"
PAGES.headers["Cache-Control"] = "no-store"


def page(name: str, status: int = 200, **values: Any) -> Response:
    """Return a page of the inbox."""
    return PAGES.page(f"inbox/{name}", status, **values)


def to(path: str) -> Response:
    """Return the way to another page."""
    return RedirectResponse(path, SEE_OTHER, PAGES.headers)


def closed(notice: str = "", status: int = 200, email: str = "") -> Response:
    """Return the form to sign in."""
    return page("sign_in", status, notice=notice, email=email)


def signed_out() -> Response:
    """Return the form to sign in, for what was posted after the end of a session."""
    return closed("Your session is over. Please sign in again. Nothing was recorded.", 401)


async def keep_posted(request: Request, services: Services, code: str, about: UUID | None = None) -> None:
    """Store what a bank has posted, byte for byte, before it is processed."""
    await keep_statement(
        services.ctx,
        code,
        request.method,
        request.scope["raw_path"].decode("latin-1"),
        lines_of(request),
        await request.body(),
        about=about,
    )
