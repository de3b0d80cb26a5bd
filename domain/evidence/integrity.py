"""Checks of what is stored, and their nightly runs.

Rules that hold for every case at every instant, recomputed from its rows. Derived values in the database are not
trusted. Buckets are computed from the ledger entries and hashes from the log's events, and log and ledger must agree.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from domain.case.ledger import CONTRA_BUCKETS, bucket_sums, unaccounted_paise
from domain.evidence_binding import GENESIS, body_bound_by, bound_by, document_by, event_hash, sent_by
from domain.policy.figures import NightlyRules
from schemas.enums import Bucket, CaseState, HopSource, HopState
from schemas.events import EventKind
from schemas.nightly_runs import NightlyRun, NightlyWork, RunOutcome
from schemas.text import IST

MAX_BREAKS = 1_000
"""most violations kept as text; further ones are only counted"""
Place = tuple[int, Bucket]
"""place of money: hop number and bucket"""


class Check(StrEnum):
    """Rules that are checked."""

    UNBALANCED = "unbalanced"
    """a ledger transaction has entries, and they sum to zero"""
    POSTING_CHANGED = "posting_changed"
    """a ledger transaction has the entries it was posted with"""
    BUCKET = "bucket"
    """a bucket equals the sum of its entries"""
    NEGATIVE = "negative"
    """no bucket is negative"""
    LOST = "lost"
    """the loss equals the sum of all buckets"""
    LOSS = "loss"
    """the ledger amount of a hop equals the amount in the complaint or answer"""
    LOG_GAP = "log_gap"
    """the events are numbered without gaps"""
    LOG_CHANGED = "log_changed"
    """each event's hash fits its content and the previous event"""
    LOG_HEAD = "log_head"
    """the case's row has the last event"""
    WORDS_CHANGED = "words_changed"
    """stored messages to and from banks and documents have the digests in the log; none is erased unless it says so"""
    UNOPENED = "unopened"
    """every stored message to or from a bank, and document, opens with the secret key, if the program has it"""
    PERSON_KEY = "person_key"
    """the data of every victim and account holder open under the stored key; none is erased unless the log says so"""
    PLACED = "placed"
    """the amounts in the log add up to the ledger"""
    HOP_STATE = "hop_state"
    """a hop is closed exactly if it has nothing in play"""
    HOP_NUMBER = "hop_number"
    """hops are numbered up to the case's last number"""
    TWO_REQUESTS = "two_requests"
    """at most one live request covers a hop"""
    NOT_ASKED = "not_asked"
    """a requested hop has a live request, and a live request covers only requested hops"""
    CASE_STATE = "case_state"
    """a settled case has nothing in play"""
    STRAY = "stray"
    """every row belongs to a case, and every case to a complaint"""


@dataclass(frozen=True)
class Break:
    """Violation of a rule in a case."""

    case_no: str
    check: Check
    detail: str


@dataclass(frozen=True)
class HopRecord:
    """Stored fields of a hop that the rules use."""

    hop_no: int
    state: HopState
    source: HopSource
    disputed_paise: int


@dataclass(frozen=True)
class PostingRecord:
    """Ledger transaction with its entries in order."""

    transaction_id: int
    kind: str
    digest: bytes
    entries: Sequence[tuple[int, Bucket, int]]
    """(hop_no, bucket, amount_paise)"""


@dataclass(frozen=True)
class EventRecord:
    """Stored event; `data_text` is as the database writes jsonb."""

    seq: int
    kind: str
    at: datetime
    actor: str
    data_text: str
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True)
class AskedRecord:
    """Link between a request and a hop, live or ended."""

    request_id: str
    hop_no: int
    live: bool
    request_closed: bool


class PersonState(StrEnum):
    """Whether the data of a victim or an account holder open under the stored key."""

    OPENS = "opens"
    ERASED = "erased"
    """the key is destroyed, and the log says so"""
    ERASED_UNLOGGED = "erased_unlogged"
    UNKNOWN_KEY = "unknown_key"
    """the key opens under no key of the program: it was changed, or the program does not have the secret key"""
    CHANGED = "changed"
    """the key opens, and the data do not open under it"""


@dataclass(frozen=True)
class PersonRecord:
    """Key of a victim or an account holder, tried on what it seals."""

    name: str
    """whose it is, by the number of the complaint or of the hold"""
    state: PersonState


@dataclass(frozen=True)
class CaseRecord:
    """All data of one case that the rules use."""

    case_no: str
    state: CaseState
    last_hop_no: int
    event_seq: int
    event_hash: bytes
    complaints: int
    hops: Sequence[HopRecord]
    balances: Mapping[Place, int]
    postings: Sequence[PostingRecord]
    events: Sequence[EventRecord]
    asked: Sequence[AskedRecord]
    statements: Mapping[str, str]
    """SHA-256 of what the log binds outside itself, by file name in the evidence pack"""
    erased: frozenset[str] = frozenset()
    """names whose content cannot be read, because the key of the case is destroyed"""
    unopened: frozenset[str] = frozenset()
    """names whose content cannot be read, because the program has no key that opens them"""
    persons: Sequence[PersonRecord] = ()
    """keys of victims and account holders"""


def examine(case: CaseRecord) -> list[Break]:
    """Return every violation in `case`; an empty list for a correct one."""
    from_entries = _sums(entry for posting in case.postings for entry in posting.entries)
    findings = [
        *_postings(case),
        *_buckets(case, from_entries),
        *_losses(case),
        *_log(case),
        *_words(case),
        *_persons(case),
        *_placed(case, from_entries),
        *_hops(case, from_entries),
        *_requests(case),
        *_state(case, from_entries),
    ]
    return [Break(case.case_no, check, detail) for check, detail in findings]


@dataclass
class Verdict:
    """Result of a verification of many cases."""

    cases: int = 0
    hops: int = 0
    entries: int = 0
    events: int = 0
    erased: int = 0
    """messages and documents that cannot be read, because the key of their case is destroyed; the log says so"""
    unopened: int = 0
    """messages and documents that were not opened, because the program has no key that opens them"""
    has_key: bool = False
    """whether the program has the secret key, so that a message that it cannot open violates a rule"""
    owns_tables: bool = False
    """whether the verifying role owns the tables, and so could drop the triggers that refuse changes"""
    breaks: list[Break] = field(default_factory=list)
    breaks_total: int = 0

    @property
    def clean(self) -> bool:
        """Whether no rule is violated in any case."""
        return self.breaks_total == 0

    def examine(self, case: CaseRecord) -> None:
        """Check every rule of a case, and count what it has."""
        self.cases += 1
        self.hops += len(case.hops)
        self.entries += sum(len(posting.entries) for posting in case.postings)
        self.events += len(case.events)
        self.erased += len(case.erased)
        self.unopened += len(case.unopened)
        self.note(examine(case))
        if self.has_key and case.unopened:
            what = f"{len(case.unopened)} messages and documents open under no key, first {min(case.unopened)}"
            self.note([Break(case.case_no, Check.UNOPENED, what)])
        if self.has_key:
            unknown = [person.name for person in case.persons if person.state is PersonState.UNKNOWN_KEY]
            self.note([Break(case.case_no, Check.PERSON_KEY, f"{name}: its key opens no more") for name in unknown])

    def note(self, breaks: Sequence[Break]) -> None:
        """Add the violations found, within `MAX_BREAKS`."""
        self.breaks_total += len(breaks)
        self.breaks += breaks[: MAX_BREAKS - len(self.breaks)]

    def as_text(self) -> str:
        """Return `clean`, or the number of violations and cases."""
        if self.clean:
            return "clean"
        broken = Counter(violation.case_no for violation in self.breaks)
        return f"{self.breaks_total} breaks in {len(broken)} cases, first {self.breaks[0].case_no}"


Finding = tuple[Check, str]


def _sums(entries: Iterable[tuple[int, Bucket, int]]) -> dict[Place, int]:
    sums: dict[Place, int] = defaultdict(int)
    for hop_no, bucket, paise in entries:
        sums[hop_no, bucket] += paise
    return sums


def _postings(case: CaseRecord) -> Iterator[Finding]:
    for posting in case.postings:
        total = sum(paise for _, _, paise in posting.entries)
        if total or not posting.entries:
            what = f"is off by {total} paise" if posting.entries else "has no entries"
            yield Check.UNBALANCED, f"ledger transaction {posting.transaction_id} ({posting.kind}) {what}"
        if posting.digest != posting_digest(case.case_no, posting.kind, posting.entries):
            yield (
                Check.POSTING_CHANGED,
                f"ledger transaction {posting.transaction_id} ({posting.kind}) was changed after posting",
            )


def posting_digest(case_no: str, kind: str, entries: Sequence[tuple[int, Bucket, int]]) -> bytes:
    """Return the digest that the database stores for a posting (`ledger_post` in db/migrations)."""
    columns = (
        ",".join(str(hop_no) for hop_no, _, _ in entries),
        ",".join(bucket.value for _, bucket, _ in entries),
        ",".join(str(paise) for _, _, paise in entries),
    )
    text = "|".join((case_no, kind, *(f"{{{column}}}" for column in columns)))
    return hashlib.sha256(text.encode()).digest()


def _buckets(case: CaseRecord, from_entries: Mapping[Place, int]) -> Iterator[Finding]:
    for hop_no, bucket in sorted(from_entries.keys() | case.balances.keys()):
        stored, summed = case.balances.get((hop_no, bucket), 0), from_entries.get((hop_no, bucket), 0)
        if stored != summed:
            yield Check.BUCKET, f"hop {hop_no} {bucket}: stored as {stored} paise, the entries sum to {summed}"
        sign = -1 if bucket in CONTRA_BUCKETS else 1
        if summed * sign < 0 or stored * sign < 0:
            yield Check.NEGATIVE, f"hop {hop_no} {bucket}: {stored} paise stored, {summed} by the entries"
    missing = unaccounted_paise(bucket_sums((bucket, paise) for (_, bucket), paise in case.balances.items()))
    if missing:
        yield Check.LOST, f"the loss and the sum of the buckets differ by {missing} paise"


def _losses(case: CaseRecord) -> Iterator[Finding]:
    """Yield hops whose disputed amount differs from the amount that entered the ledger for them."""
    entered: dict[int, int] = defaultdict(int)
    own = {hop.hop_no for hop in case.hops if hop.source is HopSource.COMPLAINT}
    for posting in case.postings:
        if posting.kind in {"resolution", "withdrawal", "merge"}:
            # Money that an officer puts back in play entered the ledger before. A withdrawal leaves what was told, and
            # so does a merge, which counts a transfer in another case.
            continue
        for hop_no, bucket, paise in posting.entries:
            if hop_no in own and bucket in CONTRA_BUCKETS:
                entered[hop_no] -= paise
            elif hop_no not in own and bucket is Bucket.IN_PLAY and paise > 0:
                entered[hop_no] += paise
    for hop in case.hops:
        if entered[hop.hop_no] != hop.disputed_paise:
            yield (
                Check.LOSS,
                f"hop {hop.hop_no}: {hop.disputed_paise} paise are disputed, the ledger has {entered[hop.hop_no]}",
            )


def _log(case: CaseRecord) -> Iterator[Finding]:
    previous = GENESIS
    for expected_seq, event in enumerate(case.events, start=1):
        if event.seq != expected_seq:
            yield Check.LOG_GAP, f"event {expected_seq} is missing: {event.seq} is in its place"
            return
        expected = event_hash(
            event.previous_hash, case.case_no, event.seq, event.kind, event.at, event.actor, event.data_text
        )
        if event.previous_hash != previous:
            yield Check.LOG_CHANGED, f"event {event.seq} ({event.kind}) does not follow the event before it"
        if event.hash != expected:
            yield Check.LOG_CHANGED, f"event {event.seq} ({event.kind}) was changed"
        previous = event.hash
    if case.event_seq != len(case.events):
        yield Check.LOG_HEAD, f"the case counts {case.event_seq} events, the log has {len(case.events)}"
    elif case.event_hash != previous:
        yield Check.LOG_HEAD, "the case's row has another last event"


def _words(case: CaseRecord) -> Iterator[Finding]:
    """Yield content that differs from the log. Of what cannot be read, the digest beside it is compared."""
    if case.erased and not any(event.kind == EventKind.CASE_ERASED for event in case.events):
        what = f"{len(case.erased)} messages and documents"
        yield Check.WORDS_CHANGED, f"the key of {what} is destroyed, and the log does not say so"
    cannot_be_read = case.erased | case.unopened
    for event in case.events:
        bound = bound_by(event.data_text)
        if body := body_bound_by(event.data_text):
            bound[f"body-{body[0]}"] = body[1]
        bound |= {f"sent-{number}": digest for number, digest in sent_by(event.data_text).items()}
        bound |= document_by(event.kind, event.data_text)
        for name, digest in bound.items():
            if case.statements.get(name, digest if name in cannot_be_read else None) != digest:
                yield Check.WORDS_CHANGED, f"event {event.seq} ({event.kind}) binds another content of {name}"


def _persons(case: CaseRecord) -> Iterator[Finding]:
    for person in case.persons:
        if person.state is PersonState.CHANGED:
            yield Check.PERSON_KEY, f"{person.name}: the data do not open under the key"
        elif person.state is PersonState.ERASED_UNLOGGED:
            yield Check.PERSON_KEY, f"{person.name}: the key is destroyed, and the log does not say so"


def _placed(case: CaseRecord, from_entries: Mapping[Place, int]) -> Iterator[Finding]:
    logged = _sums(_placed_by(case.events))
    for hop_no, bucket in sorted(logged.keys() | from_entries.keys()):
        log, ledger = logged.get((hop_no, bucket), 0), from_entries.get((hop_no, bucket), 0)
        if log != ledger:
            yield Check.PLACED, f"hop {hop_no} {bucket}: {log} paise by the log, {ledger} by the ledger"


def _placed_by(events: Iterable[EventRecord]) -> Iterator[tuple[int, Bucket, int]]:
    for event in events:
        for hop_no, bucket, paise in json.loads(event.data_text).get("placed", ()):
            yield hop_no, Bucket(bucket), paise


def _hops(case: CaseRecord, from_entries: Mapping[Place, int]) -> Iterator[Finding]:
    for hop in case.hops:
        in_play = from_entries.get((hop.hop_no, Bucket.IN_PLAY), 0)
        if (hop.state is HopState.CLOSED) != (in_play == 0):
            yield Check.HOP_STATE, f"hop {hop.hop_no} is {hop.state} with {in_play} paise in play"
    numbers = [hop.hop_no for hop in case.hops]
    if numbers != list(range(1, case.last_hop_no + 1)):
        yield Check.HOP_NUMBER, f"the case has {len(numbers)} hops, but its last number is {case.last_hop_no}"


def _requests(case: CaseRecord) -> Iterator[Finding]:
    live = Counter(asked.hop_no for asked in case.asked if asked.live)
    states = {hop.hop_no: hop.state for hop in case.hops}
    for hop_no, count in sorted(live.items()):
        if count > 1:
            yield Check.TWO_REQUESTS, f"{count} live requests cover hop {hop_no}"
        if states.get(hop_no) is not HopState.ASKED:
            yield (
                Check.NOT_ASKED,
                f"hop {hop_no} is {states.get(hop_no, 'missing')}, but a live request covers it",
            )
    for hop_no, state in states.items():
        if state is HopState.ASKED and not live[hop_no]:
            yield Check.NOT_ASKED, f"hop {hop_no} waits for an answer, but no live request covers it"
    for asked in case.asked:
        if asked.live and asked.request_closed:
            yield Check.NOT_ASKED, f"hop {asked.hop_no} waits for request {asked.request_id}, which is closed"


def _state(case: CaseRecord, from_entries: Mapping[Place, int]) -> Iterator[Finding]:
    in_play = sum(paise for (_, bucket), paise in from_entries.items() if bucket is Bucket.IN_PLAY)
    if case.state is CaseState.SETTLED and in_play:
        yield Check.CASE_STATE, f"the case is settled with {in_play} paise in play"
    if not case.complaints:
        yield Check.STRAY, "no complaint belongs to the case"


_LIST: Final = re.compile(r"anchor-([0-9]{4}-[0-9]{2})(-[0-9]{2})-([0-9]{1,18})\.txt\.gz", re.ASCII)


def list_name(day: date, run_id: int) -> str:
    """Return the name of the file with the list of an anchor."""
    return f"anchor-{day}-{run_id}.txt.gz"


def lists_to_delete(rules: NightlyRules, names: Iterable[str], newest_clean: int) -> list[str]:
    """Return which of these files are lists that are not needed any more.

    The list of the newest clean run is kept, those of the newest days, and the first of each month. Days without a list
    do not count, so a month without runs deletes nothing more. Files with other names are never deleted.
    """
    lists = sorted(
        (matched[1], matched[2], int(matched[3]), name)
        for name in names
        if (matched := _LIST.fullmatch(name)) is not None
    )
    days = sorted({(month, day) for month, day, *_ in lists})[-rules.keep_anchor_days :]
    firsts = {month: name for month, _, _, name in reversed(lists)}
    kept = {*firsts.values(), *(name for _, _, run_id, name in lists if run_id == newest_clean)}
    return [name for month, day, _, name in lists if (month, day) not in days and name not in kept]


def newest_slot(at: time, now: datetime) -> datetime:
    """Return the newest moment, not later than `now`, at which the clock in IST showed `at`."""
    local = now.astimezone(IST)
    today = datetime.combine(local.date(), at, tzinfo=IST)
    return today if today <= local else today - timedelta(days=1)


def is_due(rules: NightlyRules, work: NightlyWork, newest: NightlyRun | None, now: datetime) -> bool:
    """Return whether a run begins now, given the newest one. The newest one has ended."""
    slot = newest_slot(rules.at(work), now)
    if now - slot >= timedelta(seconds=rules.window_seconds):
        return False
    if newest is None or newest.started_at < slot:
        return True
    # A violation stays one until a person has looked. An error may be over soon.
    came_to_its_end = newest.outcome in {RunOutcome.CLEAN, RunOutcome.BROKEN}
    since = newest.ended_at or newest.started_at
    return not came_to_its_end and now >= since + timedelta(seconds=rules.again_after_seconds)
