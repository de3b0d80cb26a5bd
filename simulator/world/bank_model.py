"""Model of a bank at a ticket: finds the transfer, holds, traces, and answers with delays and mistakes.

Pure: it uses the current state of a `World`. The same model serves the real run (through HTTP) and the perfect engine
that measures the true figures, so both have the same banks with the same behaviour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from simulator.clock import chance, lognormal, unit
from simulator.config import DAY_SECONDS, MINUTE_SECONDS, SimulatorConfig
from simulator.institutions import Institution
from simulator.world.world import Account, AccountKey, Credit, Debit, MoveKind, Outcome, World

OK, NOT_FOUND, INVALID_RRN, NO_SUCH_ACCOUNT = "00", "01", "02", "20"
UNEXPLAINED = ("99", "77")
NOT_YET_THERE = "statement not yet available"
DEALT_WITH = "transfer already dealt with under another acknowledgement number"
CONTRADICTION_MEDIAN_SECONDS = 20 * MINUTE_SECONDS
REPEAT_MEDIAN_SECONDS = 2 * MINUTE_SECONDS
LATE_FACTOR = 10.0
"""a late answer comes after this many additional median delays of the class"""
SECOND_PART_FACTOR = 1.0
WRONG_BY_PAISE = 1_00
PAYER_HOURS_SECONDS = 7200.0
"""a victim's bank names transfers as near as this to the one that it is asked about"""


class RowKind(IntEnum):
    """`txn_type_id` of a row."""

    HOLD = 1
    TRANSFER = 3
    ATM = 5
    AEPS = 6
    POS = 11
    CHEQUE = 14


_LEAVES = {
    MoveKind.TRANSFER: RowKind.TRANSFER,
    MoveKind.ATM: RowKind.ATM,
    MoveKind.AEPS: RowKind.AEPS,
    MoveKind.POS: RowKind.POS,
    MoveKind.CHEQUE: RowKind.CHEQUE,
}


@dataclass(frozen=True, slots=True)
class Incident:
    """One hop of a ticket."""

    rrn: str
    amount_paise: int
    disputed_paise: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an answer before encoding. `at` is simulated time. `false` marks a deliberate mistake."""

    kind: RowKind
    root_rrn: str
    root_account: AccountKey | None
    amount_paise: int
    disputed_paise: int
    at: float
    rrn: str = ""
    payee: AccountKey | None = None
    status: str = OK
    remarks: str = ""
    balance_paise: int = 0
    false: bool = False
    zero_padded: bool = False
    odd_time: bool = False
    wrong_bank_name: bool = False
    lagging: bool = False
    """the bank will find the transfer when it is asked again"""
    old: bool = False
    """dated more than six months back, by the real calendar"""


@dataclass(frozen=True, slots=True)
class Finding:
    """The bank's answer about one incident: the first rows, and later rows that contradict them."""

    rows: tuple[Row, ...]
    contradicting_rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One status update: `after` seconds of simulated time after the ticket was handled."""

    after: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Outage:
    """A period in which a bank's systems do not answer; `manner` is reset, unavailable or hang."""

    start: float
    end: float
    manner: str


class BankModel:
    """Staff and systems of the banks in one world."""

    def __init__(self, world: World, config: SimulatorConfig, institutions: Iterable[Institution]) -> None:
        self._world = world
        self._seed = config.seed
        self._knobs = config.knobs
        self._delays = config.delays
        self._found: dict[tuple[str, str, str, int], Finding] = {}
        self._last: dict[tuple[str, str, str], Finding] = {}
        self._not_found_once: set[tuple[str, str, str]] = set()
        self._outages = {bank.code: plan_outages(config, bank.code) for bank in institutions}

    def outage(self, bank: str, at: float) -> Outage | None:
        """Return the outage of a bank at that time, if any."""
        return next((o for o in self._outages[bank] if o.start <= at < o.end), None)

    def plan_outage(self, bank: str, outage: Outage) -> None:
        """Add an outage of a bank to its own ones."""
        self._outages[bank] = (outage, *self._outages[bank])

    def delay(self, bank: Institution, rrn: str, *, by_hand: bool = False) -> float:
        """Return the seconds from receipt of a ticket to the handling of this incident.

        `by_hand`: the ticket came by letter, which no system reads. API banks then need as long as control-room banks.
        """
        quick = by_hand and bank.answer_class == "api"
        return self._delays.of("seat" if quick else bank.answer_class).drawn(self._seed, "delay", bank.code, rrn)

    def early(self, bank: Institution, rrns: Sequence[str]) -> bool:
        """Return whether this ticket is answered before it gets its job id."""
        return chance(self._seed, self._knobs.early_answer, "early answer", bank.code, min(rrns))

    def loses_reply(self, bank: Institution, rrns: Sequence[str]) -> bool:
        """Return whether the connection drops after this ticket was accepted and before the police get the reply."""
        return chance(self._seed, self._knobs.lost_reply, "lost reply", bank.code, min(rrns))

    def silent(self, bank: Institution, rrns: Sequence[str]) -> bool:
        """Return whether this ticket is not handled until a reminder comes."""
        rate: float = getattr(self._knobs, f"silent_{bank.answer_class}")
        return chance(self._seed, rate, "silent", bank.code, min(rrns))

    def work(self, bank: Institution, ack_no: str, incident: Incident) -> Finding:
        """Handle one incident in the current state of the world. The same request gets the same answer again."""
        if self._lags(bank, ack_no, incident):
            refusal = self._refusal(incident, None, NOT_FOUND, NOT_YET_THERE)
            return Finding((replace(refusal, lagging=True),))
        asked = (bank.code, ack_no, incident.rrn, incident.disputed_paise)
        finding = self._found.get(asked)
        if finding is None:
            finding = self._work(bank, ack_no, incident)
            self._found[asked] = self._last[asked[:3]] = finding
        return finding

    def posts(self, bank: Institution, ack_no: str, findings: Sequence[Finding]) -> list[Post]:
        """Return the status updates of a fully handled ticket, in the order in which they leave the bank."""
        rows = [row for finding in findings for row in finding.rows]
        key = (bank.code, min((row.root_rrn for row in rows), default=""))
        knobs, seed, median = self._knobs, self._seed, self._delays.of(bank.answer_class).median
        rows += [row for row in rows if chance(seed, knobs.duplicate_row, "duplicate row", *key, row.rrn)]
        rows += self._unrelated_rows(bank, rows, key)
        start = LATE_FACTOR * median if chance(seed, self._late_rate(rows), "late answer", *key) else 0.0
        posts = [Post(start, tuple(rows))]
        if len(rows) > 1 and chance(seed, knobs.partial_answer, "partial answer", *key):
            parts = [tuple(rows[: len(rows) // 2]), tuple(rows[len(rows) // 2 :])]
            if chance(seed, knobs.reversed_parts, "reversed parts", *key):
                parts.reverse()
            posts = [Post(start, parts[0]), Post(start + SECOND_PART_FACTOR * median, parts[1])]
        if chance(seed, knobs.duplicate_post, "duplicate post", *key):
            posts.append(replace(posts[0], after=start + self._later(REPEAT_MEDIAN_SECONDS, "repeat", *key)))
        second = tuple(row for finding in findings for row in finding.contradicting_rows)
        if second:
            posts.append(Post(start + self._later(CONTRADICTION_MEDIAN_SECONDS, "second thoughts", *key), second))
        return sorted(posts, key=lambda post: post.after)

    def _late_rate(self, rows: Sequence[Row]) -> float:
        """Return how often such an answer is late. An answer about debits has a rate of its own."""
        is_of_debits = any(row.root_account and row.rrn == row.root_rrn for row in rows)
        return self._knobs.payer_bank_late if is_of_debits else self._knobs.late_answer

    def _later(self, median: float, *labels: str) -> float:
        return lognormal(self._seed, median, 0.7, *labels)

    def _lags(self, bank: Institution, ack_no: str, incident: Incident) -> bool:
        """Return whether the bank does not find a victim's transfer yet; it says so once."""
        if not chance(self._seed, self._knobs.not_found_first, "not found first", bank.code, incident.rrn):
            return False
        asked = (bank.code, ack_no, incident.rrn)
        credit = self._world.find(incident.rrn, bank.code)
        if credit is None or credit.debit.move.layer != 1 or asked in self._not_found_once:
            return False
        self._not_found_once.add(asked)
        return True

    def _work(self, bank: Institution, ack_no: str, incident: Incident) -> Finding:
        credit = self._world.find(incident.rrn, bank.code)
        if (account := self._debited(bank, incident)) is not None:
            return self._of_debits(bank, incident, account)
        if credit is None or credit.debit.amount_paise != incident.amount_paise:
            return Finding((self._refusal(incident, None, INVALID_RRN, "RRN, amount and date do not match"),))
        key = credit.account.plan.key
        code = self._refusal_code(bank, credit)
        if code is not None:
            return Finding((self._refusal(incident, key, code, ""),))
        if credit.worked_paise >= credit.debit.amount_paise:
            last_finding = self._last.get((bank.code, ack_no, incident.rrn))
            return last_finding or Finding((self._refusal(incident, key, NOT_FOUND, DEALT_WITH),))
        outcome = self._world.hold_and_trace(credit, incident.disputed_paise)
        return self._told(bank, incident, outcome)

    def _debited(self, bank: Institution, incident: Incident) -> Account | None:
        """Return the victim's account at this bank that the transfer left, if the bank answers for it."""
        credit = self._world.credits.get(incident.rrn)
        if credit is None or credit.debit.move.layer != 1 or credit.account.plan.key.bank == bank.code:
            return None
        source, matches = credit.debit.move.source, credit.debit.amount_paise == incident.amount_paise
        answers = chance(self._seed, self._knobs.payer_bank_answers, "payer's bank", bank.code, incident.rrn)
        return self._world.accounts[source] if source.bank == bank.code and matches and answers else None

    def _of_debits(self, bank: Institution, incident: Incident, account: Account) -> Finding:
        """Return the transfers that left a victim's account in the hours around the transfer, that one first."""
        stated = self._world.credits[incident.rrn].debit
        near = [
            debit
            for debit in account.debits
            if debit.move.kind is MoveKind.TRANSFER
            and debit is not stated
            and abs(debit.move.at - stated.move.at) <= PAYER_HOURS_SECONDS
        ]
        wrong = chance(self._seed, self._knobs.payer_bank_wrong, "payer's bank is wrong", bank.code, incident.rrn)
        first, *others = (self._debit_row(incident, account.plan.key, debit) for debit in (stated, *near))
        if wrong:
            paise = first.amount_paise + WRONG_BY_PAISE
            first = replace(first, amount_paise=paise, disputed_paise=paise, false=True)
        return Finding((first, *others))

    def _debit_row(self, incident: Incident, source: AccountKey, debit: Debit) -> Row:
        move = debit.move
        return Row(
            kind=RowKind.TRANSFER,
            root_rrn=incident.rrn,
            root_account=source,
            amount_paise=debit.amount_paise,
            disputed_paise=debit.amount_paise,
            at=move.at,
            rrn=move.rrn,
            payee=move.target,
        )

    def _refusal_code(self, bank: Institution, credit: Credit) -> str | None:
        """Return the code of a bank that does not or cannot report on the transfer, or None."""
        rrn, seed = credit.debit.move.rrn, self._seed
        if credit.debit.move.layer > 1 and chance(seed, self._knobs.denied_transfer, "denied", bank.code, rrn):
            return NO_SUCH_ACCOUNT if chance(seed, 0.5, "denied how", bank.code, rrn) else NOT_FOUND
        if chance(seed, self._knobs.unknown_status, "unknown status", bank.code, rrn):
            return UNEXPLAINED[int(unit(seed, "which status", bank.code, rrn) * len(UNEXPLAINED))]
        return None

    def _told(self, bank: Institution, incident: Incident, outcome: Outcome) -> Finding:
        key, seed, knobs = (bank.code, incident.rrn), self._seed, self._knobs
        rows = []
        if outcome.hold_paise:
            rows.append(self._hold_row(incident, outcome, outcome.hold_paise))
        traced, missing = self._traced_rows(incident, outcome), outcome.unreconciled_paise
        if traced and chance(seed, knobs.statement_unavailable, "no statement", *key):
            missing += sum(row.disputed_paise for row in traced)
            traced = []
        rows += traced
        if missing:
            lost = self._refusal(incident, outcome.account.plan.key, NOT_FOUND, "statement unavailable, under review")
            rows.append(replace(lost, amount_paise=missing, disputed_paise=missing))
        if traced and not outcome.hold_paise and chance(seed, knobs.hold_after_emptied, "emptied", *key):
            boast = self._hold_row(incident, outcome, incident.disputed_paise)
            return Finding((replace(boast, false=True),), tuple(rows))
        if chance(seed, knobs.contradictory_answer, "contradiction", *key):
            return Finding(tuple(rows), self._contradiction(incident, outcome))
        return Finding(tuple(rows))

    def _hold_row(self, incident: Incident, outcome: Outcome, paise: int) -> Row:
        return Row(
            kind=RowKind.HOLD,
            root_rrn=incident.rrn,
            root_account=outcome.account.plan.key,
            amount_paise=paise,
            disputed_paise=paise,
            at=self._world.now,
            balance_paise=outcome.balance_paise,
            odd_time=chance(self._seed, self._knobs.odd_time, "odd time", incident.rrn),
        )

    def _traced_rows(self, incident: Incident, outcome: Outcome) -> list[Row]:
        seed, knobs, account = self._seed, self._knobs, outcome.account.plan.key
        rows = []
        for traced in outcome.traced:
            move, key = traced.debit.move, (account.bank, traced.debit.move.rrn)
            rows.append(
                Row(
                    kind=_LEAVES[move.kind],
                    root_rrn=incident.rrn,
                    root_account=account,
                    amount_paise=traced.debit.amount_paise,
                    disputed_paise=traced.tainted_paise,
                    at=move.at,
                    rrn=move.rrn,
                    payee=move.target,
                    balance_paise=outcome.balance_paise,
                    zero_padded=chance(seed, knobs.zero_padded_account, "zero padded", *key),
                    odd_time=chance(seed, knobs.odd_time, "odd time", *key),
                    wrong_bank_name=chance(seed, knobs.bank_name_contradicts_ifsc, "bank name", *key),
                )
            )
        return rows

    def _contradiction(self, incident: Incident, outcome: Outcome) -> tuple[Row, ...]:
        """Return rows that contradict the answer: a withdrawal of held money, or a hold on money that has gone."""
        if not outcome.hold_paise:
            return (replace(self._hold_row(incident, outcome, incident.disputed_paise), false=True),)
        hold = self._hold_row(incident, outcome, outcome.hold_paise)
        number = f"{int(unit(self._seed, 'false withdrawal', incident.rrn) * 10**12):012d}"
        return (replace(hold, kind=RowKind.ATM, rrn=number, false=True),)

    def _refusal(self, incident: Incident, account: AccountKey | None, code: str, remarks: str) -> Row:
        return Row(
            kind=RowKind.HOLD,
            root_rrn=incident.rrn,
            root_account=account,
            amount_paise=incident.disputed_paise,
            disputed_paise=incident.disputed_paise,
            at=self._world.now,
            status=code,
            remarks=remarks,
        )

    def _unrelated_rows(self, bank: Institution, rows: Sequence[Row], key: tuple[str, str]) -> list[Row]:
        """Return rows that do not belong to the answer: an old debit, or a hop outside the request."""
        seed, knobs, strays = self._seed, self._knobs, []
        model = next((row for row in rows if row.status == OK and row.kind is not RowKind.HOLD), None)
        if model is not None and chance(seed, knobs.old_row, "old row", *key):
            number = f"{int(unit(seed, 'old row number', *key) * 10**12):012d}"
            strays.append(replace(model, kind=RowKind.ATM, rrn=number, payee=None, old=True, false=True))
        held = next((row for row in rows if row.status == OK), None)
        if held is not None and chance(seed, knobs.unasked_hop, "unasked hop", *key):
            number = f"{int(unit(seed, 'unasked number', *key) * 10**12):012d}"
            strays.append(replace(held, root_rrn=number, false=True))
        return strays


def plan_outages(config: SimulatorConfig, bank: str) -> tuple[Outage, ...]:
    """Return a bank's outages over two simulated days, in order of time."""
    seed, knobs = config.seed, config.knobs
    expected = knobs.outages_per_day * 2
    outages = []
    for number in range(int(expected) + 1):
        if not chance(seed, min(1.0, expected - number), "outage", bank, number):
            continue
        start = unit(seed, "outage start", bank, number) * 2 * DAY_SECONDS
        length = lognormal(seed, knobs.outage_median_seconds, 0.8, "outage length", bank, number)
        manner = ("reset", "unavailable", "hang")[int(unit(seed, "outage manner", bank, number) * 3)]
        outages.append(Outage(start, start + length, manner))
    return tuple(sorted(outages, key=lambda outage: outage.start))
