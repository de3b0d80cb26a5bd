"""Answers to many hold requests by one table or one file in a bank's inbox.

Reads a table of answers to many hold requests, with the same rules as the form about one. Each row of the table says of
one sum what became of it. Rows become the fields of that form, so a mistake gets the same text. This module does no
input and output.

Answers to many hold requests by one file in a bank's inbox. Each row is shown as it will be booked, and then sent.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.case.answer_links import AnswerForm, AnswerView, AskedTransfer
from activities.case.reply_links import ReplyNotTaken
from activities.gateway import inbox
from adapters.banks.i4c.values import AmountError, parse_rupees
from adapters.banks.stated import WAYS_OUT
from api.forms import tidy, typed
from api.gateway.answer_pages import NOT_FOUND, ROWS, read_form
from api.gateway.inbox_pages import TheVisit, Visit, keep_posted
from api.gateway.inbox_second_person import ask_second
from api.officers.sessions import refuse_other_sites
from api.problems import COME_BACK, INBOX_PATH, RETRY_AFTER_SECONDS
from api.public_pages import exact_rupees
from db.banks.bank_reply_checks import ReplyKind
from documents.spreadsheet import BYTE_ORDER_MARK
from domain.errors import BusinessError
from domain.errors.banks import UploadReaderDied, UploadReadersTaken, UploadTooLarge
from schemas.enums import Language
from schemas.identifiers import reference_key

COLUMNS: Final = ("request", "rrn", "what", "rupees", "reference", "bank", "account", "ifsc", "when", "where")
FACTS: Final = ("credited_account", "credited_at", "case")
"""further columns of the list to fill in; they are shown, and not read"""
HELD: Final = "held"
MOVED: Final = "moved"
WHAT: Final = (HELD, MOVED, *WAYS_OUT, *NOT_FOUND)
"""what a row may say: on hold, moved on, withdrawn in one of these ways, or the code of a reason why it is not found"""
LINES_MAX: Final = 500
TABLE_MAX_CHARS: Final = 200_000
_SEPARATORS: Final = (",", ";", "\t")


@dataclass(slots=True)
class TableLine:
    """One row, as it would be booked."""

    no: int
    """number in the table, the header is 1"""
    cells: Mapping[str, str] = field(repr=False)
    request_id: UUID | None = None
    problem: str = ""
    """why the row cannot be taken"""
    doubt: str = ""
    """what the police will ask about, although the row is taken"""
    booked_as: str = ""
    """what is booked for the row"""
    account: str = field(default="", repr=False)
    """the account that was credited, as the police know it"""
    case_no: str = ""


@dataclass(slots=True)
class TableReading:
    """Rows of a table, and a form for each request all of whose rows are good."""

    lines: list[TableLine]
    forms: dict[UUID, AnswerForm] = field(default_factory=dict, repr=False)
    problem: str = ""
    """why the table as a whole cannot be read"""


def rows_of(text: str, say: Mapping[str, str]) -> TableReading:
    """Return the rows of a table with a header, none of them read yet.

    `say` has the texts of the inbox.
    """
    if len(text) > TABLE_MAX_CHARS:
        return TableReading([], problem=say["table_too_long"].format(most=TABLE_MAX_CHARS))
    # The CSV of the inbox begins with a byte order mark, and a person may paste it whole.
    text = text.removeprefix(BYTE_ORDER_MARK)
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        return TableReading([], problem=say["table_unreadable"])
    names = [tidy(name).lower() for name in records[0]] if records else []
    if not names:
        return TableReading([], problem=say["table_none"])
    if missing := [name for name in COLUMNS[:4] if name not in names]:
        return TableReading([], problem=say["table_header"].format(columns=", ".join(missing)))
    lines = [
        TableLine(no, dict(zip(names, map(tidy, row), strict=False)))
        for no, row in enumerate(records[1:], start=2)
        if any(cell.strip() for cell in row)
    ]
    if len(lines) > LINES_MAX:
        return TableReading([], problem=say["table_rows"].format(most=LINES_MAX))
    for line in lines:
        line.request_id = _request_id(line.cells.get("request", ""))
    return TableReading(lines)


def _request_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads rows against what is open now. `who` are the fields of the officer who answers."""

    views: Mapping[UUID, AnswerView]
    accounts: Mapping[UUID, Mapping[int, str]] = field(repr=False)
    """credited account, by request and number of the transfer"""
    who: Mapping[str, str]
    made: str
    now: datetime
    language: Language
    say: Mapping[str, str] = field(repr=False)
    changed: frozenset[UUID] = frozenset()
    """requests of which the bank has told something since the table waits for its second person"""

    def read(self, reading: TableReading) -> None:
        """Note each mistake, and make the forms of the requests without one. A row that states nothing is left out."""
        by_request: dict[UUID, list[TableLine]] = {}
        for line in reading.lines:
            if line.request_id is None or line.request_id not in self.views:
                line.problem = self.say["line_no_request"]
            elif line.request_id in self.changed and line.cells.get("what"):
                line.problem = self.say["line_told_since"]
            elif line.cells.get("what"):
                by_request.setdefault(line.request_id, []).append(line)
        for request_id, lines in by_request.items():
            form = _Request(self, self.views[request_id], lines).read()
            if form is not None:
                reading.forms[request_id] = form


class _Request:
    """The rows about one request, as the fields of the form about it."""

    def __init__(self, reader: TableReader, view: AnswerView, lines: list[TableLine]) -> None:
        self._reader = reader
        self._say = reader.say
        self._view = view
        self._lines = lines
        self._fields: dict[str, str] = {}
        self._from: dict[str, TableLine] = {}
        """the row of each field, by the beginning of the field's name"""
        self._rows: Counter[str] = Counter()

    def read(self) -> AnswerForm | None:
        """Return the form, or None if a row has a mistake."""
        reader = self._reader
        for line in self._lines:
            self._take(line)
        if any(line.problem for line in self._lines):
            return None
        for transfer in self._view.items.values():
            if any(name.startswith(f"t{transfer.no}.") for name in self._fields):
                self._fields[f"t{transfer.no}.seen"] = str(transfer.disputed_paise)
        typed = {**self._fields, **reader.who, "made": reader.made}
        reading = read_form(typed, self._view.items, reader.now, reader.language)
        for name, problem in reading.errors.items():
            self._line_of(name).problem = problem
        for no, excess_paise in reading.excesses.items():
            self._line_of(f"t{no}.").doubt = self._say["line_excess"].format(amount=exact_rupees(excess_paise))
        return reading.form

    def _line_of(self, name: str) -> TableLine:
        """Return the row of a field; the first one for a mistake of all rows together."""
        return next((line for start, line in self._from.items() if name.startswith(start)), self._lines[0])

    def _take(self, line: TableLine) -> None:
        cells, what = line.cells, line.cells["what"].lower()
        asked = self._asked(cells.get("rrn", ""))
        if asked is not None:
            line.account = self._reader.accounts[self._view.subject_id].get(asked.no, "")
            line.case_no = self._view.case_no
        if asked is None:
            line.problem = self._say["line_no_rrn"]
        elif what not in WHAT:
            line.problem = self._say["line_what"].format(choices=", ".join(WHAT))
        elif what in NOT_FOUND:
            line.booked_as = self._say[f"no_{what}"]
            self._put(line, f"t{asked.no}.no", {"": what})
        elif what == HELD:
            if f"t{asked.no}.held" in self._fields:
                line.problem = self._say["line_held_twice"]
            else:
                line.booked_as = self._say["line_held"].format(amount=_shown(cells))
                self._put(line, f"t{asked.no}.held", {"": cells.get("rupees", "")})
        else:
            self._take_row(line, asked, what)

    def _take_row(self, line: TableLine, asked: AskedTransfer, what: str) -> None:
        kind = "m" if what == MOVED else "o"
        beginning = f"t{asked.no}.{kind}"
        self._rows[beginning] += 1
        if self._rows[beginning] not in ROWS:
            line.problem = self._say["line_too_many"].format(most=ROWS[-1])
            return
        cells = line.cells
        both = {"amount": cells.get("rupees", ""), "when": cells.get("when", "")}
        if kind == "m":
            onward = {name: cells.get(name, "") for name in ("bank", "account", "ifsc")}
            more = onward | {"rrn": cells.get("reference", "")}
            line.booked_as = self._say["line_moved"].format(amount=_shown(cells), **onward)
        else:
            line.booked_as = self._say["line_withdrawn"].format(amount=_shown(cells), how=self._say[f"how_{what}"])
            more = {"how": what, "place": cells.get("where", "")}
        self._put(line, f"{beginning}{self._rows[beginning]}.", both | more)

    def _put(self, line: TableLine, beginning: str, values: Mapping[str, str]) -> None:
        self._from[beginning] = line
        self._fields |= {f"{beginning}{name}": value for name, value in values.items() if value}

    def _asked(self, rrn: str) -> AskedTransfer | None:
        # A table of ours may have a sign before a reference, so that no spreadsheet reads it as a formula.
        key = reference_key(rrn.removeprefix("'"))
        return next((transfer for transfer in self._view.items.values() if reference_key(transfer.rrn) == key), None)


def _shown(cells: Mapping[str, str]) -> str:
    """Return the sum of a row as it is booked, or as it was typed if it cannot be read."""
    typed = cells.get("rupees", "")
    try:
        return exact_rupees(parse_rupees(typed.removeprefix("₹").strip()))
    except AmountError:
        return typed


router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)


@router.post("/table")
async def take_table(request: Request, visit: TheVisit) -> Response:
    """Take a table of answers.

    Each row is first shown as it would be booked. Then the good ones are sent.
    """
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    content_type, body = request.headers.get("content-type", ""), await request.body()
    try:
        uploaded = await visit.services.uploads.read(visit.code, content_type, body)
    except (UploadTooLarge, UploadReaderDied, UploadReadersTaken) as error:
        return _unread(visit, error)
    return await reply(request, visit, await typed(request) if uploaded is None else {"table": uploaded})


def _unread(visit: Visit, error: BusinessError) -> Response:
    """Return the page about a file that was not read. Its text is that of the error's code."""
    status = 503 if isinstance(error, UploadReadersTaken) else 422
    reading = TableReading([], problem=visit.say[f"table_{error.code}"])
    response = _table_page(visit, status, reading=reading)
    if status in COME_BACK:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _table_page(visit: Visit, status: int, **values: Any) -> Response:
    blank = {"table": "", "made": "", "fields": {}, "lacks_who": False, "booked": {}, "is_any_taken": False}
    return visit.page("table", status, **blank | values)


async def reply(request: Request, visit: Visit, sent: Mapping[str, str]) -> Response:
    """Return the page that follows a table, of the person who sent it or of the colleague who checks it."""
    text = sent.get("table", "")
    who = visit.by_person({name: tidy(sent.get(name, "")) for name in ("name", "designation")})
    is_to_send = sent.get("step") == "send"
    reading, made = await read(visit, text, who, sent.get("made", ""))
    booked: Mapping[UUID, str] = {}
    is_any_taken = False
    if is_to_send and visit.needs_second and reading.forms:
        return await ask_second(request, visit, ReplyKind.TABLE, None)
    if is_to_send and all(who.values()) and reading.forms:
        # The table is of many cases, so it is sealed under the bank's key and belongs to none of them.
        await keep_posted(request, visit)
        booked, is_any_taken = await _book(visit, reading)
    return _table_page(
        visit,
        409 if booked and not is_any_taken else 200 if reading.forms else 422,
        reading=reading,
        table=text,
        made=made,
        fields=who,
        lacks_who=is_to_send and not all(who.values()),
        booked=booked,
        is_any_taken=is_any_taken,
    )


async def read(visit: Visit, text: str, who: Mapping[str, str], made: str) -> tuple[TableReading, str]:
    """Return the rows of a table as they would be booked now, and when the table was first read."""
    now = visit.services.ctx.now()
    made = made or now.isoformat(timespec="milliseconds")
    reading = rows_of(text, visit.say)
    # Until an officer is named, the rows are read as if one was, so that every other mistake is shown.
    named = {name: value or "–" for name, value in who.items()}
    views = await _views(visit, reading)
    accounts = {request_id: await inbox.accounts_of(visit.services.ctx, request_id) for request_id in views}
    changed = await _changed(visit, views)
    TableReader(views, accounts, named, made, now, visit.look.language, visit.say, changed).read(reading)
    return reading, made


async def _changed(visit: Visit, request_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return the requests of which the bank has told something since the first person sent the table."""
    check = visit.checks
    if check is None:
        return frozenset()
    ctx = visit.services.ctx
    return frozenset(
        [request_id for request_id in request_ids if await inbox.told_since(ctx, visit.code, request_id, check.made_at)]
    )


async def _views(visit: Visit, reading: TableReading) -> dict[UUID, AnswerView]:
    views: dict[UUID, AnswerView] = {}
    for request_id in {line.request_id for line in reading.lines if line.request_id is not None}:
        view = await inbox.look(visit.services.ctx, visit.code, request_id)
        if view is not None and view.items:
            views[request_id] = view
    return views


async def _book(visit: Visit, reading: TableReading) -> tuple[Mapping[UUID, str], bool]:
    """Book the forms of a table, one request after the other.

    Return what became of each, and whether any was taken.
    """
    booked: dict[UUID, str] = {}
    is_any_taken = False
    for request_id, form in reading.forms.items():
        taken = await inbox.answer(visit.services.ctx, visit.code, request_id, visit.signed(form))
        if isinstance(taken, ReplyNotTaken):
            booked[request_id] = visit.say["table_changed"]
            continue
        is_any_taken, written = True, taken.written
        if written is not None and written.follow_up is not None:
            visit.services.notifier.soon(written.follow_up)
        odd = written.discrepancies if written else 0
        booked[request_id] = visit.say["table_taken_odd"].format(count=odd) if odd else visit.say["table_taken"]
    return booked, is_any_taken
