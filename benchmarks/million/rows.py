"""Invented rows of cases, as text for COPY.

A block is a hundred cases. Its rows are written once, with marks where the number of the block, its group and its day
stand, and each further block is the same text with other numbers. So millions of rows cost little to write.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

import orjson

CASES_A_BLOCK: Final = 100
BLOCKS_A_GROUP: Final = 10
"""blocks that share accounts and references"""
BLOCKS_A_LARGE_GROUP: Final = 1_000
"""blocks that share one account, with a case of each"""
BLOCK_MARK: Final = b"@@@@@"
GROUP_MARK: Final = b"@@G@@"
LARGE_GROUP_MARK: Final = b"@@L@@"
DAY_MARK: Final = b"@@D@@"
DAYS: Final = 730
OPEN_SHARE: Final = 0.01
"""share of cases that are open; they are the newest"""
BANKS: Final = tuple(f"BK{number:02d}" for number in range(40))
BANKS_OF_CASE: Final = 5
SHARED_SHARE: Final = 0.4
"""share of cases with a hop at an account of about twenty cases"""
REUSED_SHARE: Final = 0.01
"""share of hops whose reference another case has too"""
JOINED_SHARE: Final = 0.2
"""share of cases with a second complaint"""
ANSWERED_SHARE: Final = 0.5
"""share of hops without onward transfers whose bank says where the money is; the others were given up"""
WAITING_SHARE: Final = 0.1
"""share of settled cases whose holds or duties still wait"""
FEW_SHARE: Final = 0.05
"""share of hops that the desk corrects, or that the bank is asked about again"""
TERMS_OF_VICTIM: Final = 4
LATER: Final = "2099-01-01 00:00:00+00"
HOPS_BY_LAYER: Final = {1: 2, 2: 4, 3: 6}
NULL: Final = r"\N"
DIGEST: Final = rf"\\x{sha256(b'').hexdigest()}"
SEALED: Final = rf"\\x7001{'00' * 28}"
"""the least that a column of sealed values takes"""

COLUMNS: Final = {
    "case_file": "case_no state opened_at settled_at workflow_started_at policy first_sent_at first_delivered_at"
    " first_answered_at first_held_at last_hop_no last_batch_no",
    "person_key": "person_id made_at destroyed_at destroyed_for case_no",
    "victim": "victim_id district woman child senior person_id sealed terms terms_key",
    "complaint": "ack_no case_no channel category victim_id received_at taken_by idempotency_key body_digest joined"
    " flags marked",
    "complaint_transfer": "ack_no row_no payer_institution payer_kind payer_holder payee_institution payee_kind"
    " payee_holder rrn mode amount_paise transferred_at time_missing case_no hop_no differing",
    "disputed_transfer": "transfer_key case_no hop_no reference_key",
    "hop": "case_no hop_no parent_hop_no layer source state institution payer_institution_as_told payer_holder"
    " payee_institution_as_told payee_holder account_key reference reference_key mode amount_paise disputed_paise"
    " transferred_at opened_at opened_by_answer ack_no waiting_since looked_up_at",
    "hold_request": "request_id case_no batch_no institution state job_id planned_at sent_at delivered_at"
    " first_answered_at closed_at channel",
    "request_hop": "request_id case_no hop_no revision live",
    "request_job": "institution job_id request_id",
    "bank_exchange": "about request_id channel at head size_bytes digest masked reply_cut failure"
    " person_id sealed_body body_digest",
    "status_update": "update_id institution case_no job_id body_digest received_at reply",
    "answer": "answer_id update_id line_no case_no institution natural_key hop_nos kind disposition status_code"
    " amount_paise claim_paise applied_paise remarks flags received_at reference_key root_reference_key"
    " balance_paise within_paise person_id sealed_raw",
    "ledger_balance": "case_no hop_no bucket balance_paise",
    "held_hop": "case_no hop_no held_at hold_opened_at reported_paise",
    "ledger_transaction": "transaction_id case_no kind idempotency_key payload_digest at",
    "ledger_entry": "transaction_id line_no case_no hop_no bucket amount_paise",
    "account_hold": "hold_id case_no institution account_key reference state first_held_at lapses_at policy ended_at",
    "hop_retry": "case_no hop_no retries due_at",
    "desk_task": "task_id case_no hop_no kind state opened_at closed_at closed_by reason subject_kind subject_id cause",
    "procedure": "workflow_id kind subject case_no created_at started_at ended_at due_at",
    "case_news": "news_id case_no body created_at signalled_at",
}
"""the tables that are filled, with their columns in the order of the rows"""


@dataclass(frozen=True)
class Block:
    """The rows of a hundred cases, all open or all settled, with marks for what differs between blocks."""

    rows: dict[str, bytes]

    def numbered(self, table: str, block_no: int, day: date) -> bytes:
        """Return the rows of a table in one block."""
        text = self.rows.get(table, b"")
        return (
            text.replace(BLOCK_MARK, b"%05d" % block_no)
            .replace(GROUP_MARK, b"%05d" % (block_no // BLOCKS_A_GROUP))
            .replace(LARGE_GROUP_MARK, b"%05d" % (block_no // BLOCKS_A_LARGE_GROUP))
            .replace(DAY_MARK, day.isoformat().encode())
        )


def day_of(block_no: int, blocks: int, today: date) -> date:
    """Return the day of a block; the blocks lie evenly over the two years before `today`."""
    return today - timedelta(days=1 + DAYS * (blocks - 1 - block_no) // blocks)


def write_block(seed: int, policy: dict[str, object], *, is_open: bool) -> Block:
    """Return a block of invented cases with this policy."""
    writer = _Writer(random.Random(seed), orjson.dumps(policy).decode().replace("\\", "\\\\"), is_open)
    for place in range(CASES_A_BLOCK):
        writer.write_case(place)
    return Block({table: "".join(f"{row}\n" for row in rows).encode() for table, rows in writer.rows.items()})


@dataclass
class _Hop:
    number: int
    layer: int
    parent: "_Hop | None"
    bank: str
    account: str
    reference: str
    paise: int
    answer_id: str = NULL
    request_id: str = ""


@dataclass
class _Writer:
    """Writes the cases of one block."""

    draw: random.Random
    policy: str
    is_open: bool
    rows: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _held: list[_Hop] = field(default_factory=list)
    """hops of the case being written whose money is on hold"""
    _numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def write_case(self, place: int) -> None:
        """Write one case with its complaints, hops, requests, answers and what follows."""
        case_no = f"3000000@@@@@{place:02d}"
        start = self.draw.randrange(20 * 3600)
        hops, self._held = self._hops(place), []
        self._case(case_no, start, len(hops))
        self._complaints(case_no, start, [hop for hop in hops if hop.layer == 1], place)
        for layer in HOPS_BY_LAYER:
            self._layer(case_no, start + layer * 120, layer, hops)
        for hop in hops:
            self._hop(case_no, start, hop)
        self._procedures(case_no, start)
        self._task(case_no, start, hops)

    def _row(self, table: str, *values: object) -> None:
        self.rows[table].append("\t".join(map(str, values)))

    def _number(self, name: str) -> str:
        """Return the next number of a kind in this block; the block's own number stands before it."""
        self._numbers[name] += 1
        return f"@@@@@{self._numbers[name]:04d}"

    def _hops(self, place: int) -> list[_Hop]:
        banks = self.draw.sample(BANKS, BANKS_OF_CASE)
        shared = self.draw.randrange(3, 13) if place == 0 or self.draw.random() < SHARED_SHARE else 0
        hops: list[_Hop] = []
        for layer, count in HOPS_BY_LAYER.items():
            parents = [hop for hop in hops if hop.layer == layer - 1]
            for _ in range(count):
                number = len(hops) + 1
                bank, account = self.draw.choice(banks), f"5@@@@@{place:02d}{number:03d}"
                if number == shared:
                    bank = BANKS[place % len(BANKS)]
                    account = f"7@@G@@{place % 20:05d}" if place else "6@@L@@00000"
                is_reused = layer > 1 and self.draw.random() < REUSED_SHARE
                reference = f"4{'@@G@@' if is_reused else '@@@@@'}{place:02d}{number:02d}{layer:02d}"
                parent = self.draw.choice(parents) if parents else None
                paise = parent.paise // 3 if parent else 100 * self.draw.randrange(5_000, 200_000)
                hops.append(_Hop(number, layer, parent, bank, account, reference, paise))
        return hops

    def _case(self, case_no: str, start: int, hops: int) -> None:
        first = _at(start + 2)
        self._row("person_key", _key_of(case_no), _at(start), _at(start), "invented", case_no)
        self._row(
            "case_file",
            *(case_no, "open" if self.is_open else "settled", _at(start), NULL if self.is_open else _at(start + 3_000)),
            *(
                first,
                self.policy if self.is_open else "{}",
                first,
                first,
                _at(start + 60),
                _at(start + 400),
                hops,
                len(HOPS_BY_LAYER),
            ),
        )

    def _complaints(self, case_no: str, start: int, roots: list[_Hop], place: int) -> None:
        self._complaint(case_no, case_no, start, roots)
        for hop in roots:
            self._row("disputed_transfer", f"{hop.reference}|{hop.bank}", case_no, hop.number, hop.reference)
        if self.draw.random() < JOINED_SHARE:
            self._complaint(f"2000000@@@@@{place:02d}", case_no, start + 900, roots[:1])

    def _complaint(self, ack_no: str, case_no: str, start: int, hops: list[_Hop]) -> None:
        victim = self._number("victim")
        # The key is destroyed, because a row that stands for many blocks cannot be sealed under a key of its own.
        person_id = f"00000000-0000-4000-8000-{victim}000"
        terms = ",".join(rf'"\\\\x{self.draw.getrandbits(128):032x}"' for _ in range(TERMS_OF_VICTIM))
        self._row("person_key", person_id, _at(start), _at(start), "invented", NULL)
        self._row("victim", victim, "LUCKNOW", "f", "f", "f", person_id, SEALED, f"{{{terms}}}", r"\\x00")
        self._row(
            "complaint",
            *(ack_no, case_no, "helpline_1930", "upi_fraud", victim, _at(start), "officer:helpline"),
            *(f"key-{ack_no}", _digest(self.draw), "ft"[ack_no != case_no], "[]", "f"),
        )
        for row_no, hop in enumerate(hops, 1):
            self._row(
                "complaint_transfer",
                *(ack_no, row_no, "BK00", "account", "30000000001", hop.bank, "account", hop.account),
                *(hop.reference, "imps", hop.paise, _at(start - 600), "f", case_no, hop.number, "{}"),
            )

    def _layer(self, case_no: str, start: int, layer: int, hops: list[_Hop]) -> None:
        """Write the requests about the hops of a layer, and their answers."""
        by_bank: dict[str, list[_Hop]] = defaultdict(list)
        for hop in hops:
            if hop.layer == layer:
                by_bank[hop.bank].append(hop)
        is_live = self.is_open and layer == max(HOPS_BY_LAYER)
        for bank, asked in by_bank.items():
            number = self._number("request")
            request_id, job_id = f"00000000-0000-4000-8000-000{number}", f"J{number}"
            answered = NULL if is_live else _at(start + 45)
            self._row(
                "hold_request",
                *(request_id, case_no, layer, bank, "delivered" if is_live else "answered", job_id),
                *(_at(start), _at(start), _at(start + 1), answered, answered, "i4c"),
            )
            if self.is_open:
                self._row("request_job", bank, job_id, request_id)
            if is_live:
                self._row(
                    "bank_exchange",
                    *("hold_request", request_id, "i4c", _at(start), "POST", 0, DIGEST, "f", "f", ""),
                    *(_key_of(case_no), SEALED, DIGEST),
                )
            for hop in asked:
                hop.request_id = request_id
                self._row("request_hop", request_id, case_no, hop.number, 0, "t" if is_live else "f")
            if not is_live:
                self._answers(case_no, start + 45, bank, job_id, asked, hops)
                self._news(case_no, start + 45)

    def _answers(self, case_no: str, at: int, bank: str, job_id: str, asked: list[_Hop], hops: list[_Hop]) -> None:
        update = self._number("update")
        reply = '{"accepted": 2, "duplicates": 0, "contradictions": 0}'
        if self.is_open:
            self._row("status_update", update, bank, case_no, job_id, _digest(self.draw), _at(at), reply)
        line_no = 0
        for hop in asked:
            children = [child for child in hops if child.parent is hop]
            for child in children:
                line_no += 1
                child.answer_id = self._answer(case_no, at, (update, line_no, bank, hop), "moved", child)
            if not children and self.draw.random() < ANSWERED_SHARE:
                line_no += 1
                kind = self.draw.choice(("held", "held", "withdrawn", "spent"))
                self._answer(case_no, at, (update, line_no, bank, hop), kind, hop)
                self._row("ledger_balance", case_no, hop.number, kind, hop.paise)
                if kind == "held":
                    self._held.append(hop)
                    self._row("held_hop", case_no, hop.number, _at(at), _at(at + 60), hop.paise)

    def _answer(self, case_no: str, at: int, place: tuple[str, int, str, _Hop], kind: str, to: _Hop) -> str:
        update, line_no, bank, hop = place
        answer_id = self._number("answer")
        reference = "" if kind == "held" else to.reference if to is not hop else f"8{hop.reference[1:]}"
        balance = self.draw.randrange(10**7) if kind == "held" else NULL
        self._row(
            "answer",
            *(answer_id, update, line_no, case_no, bank, f"{kind}|{to.reference}|{to.number}"),
            *(f"{{{hop.number}}}", kind, "applied", "00", to.paise, to.paise, to.paise, "", "[]"),
            *(_at(at), reference, hop.reference, balance, to.paise, _key_of(case_no), SEALED),
        )
        return answer_id

    def _hop(self, case_no: str, start: int, hop: _Hop) -> None:
        is_asked = self.is_open and hop.layer == max(HOPS_BY_LAYER)
        is_parked = is_asked and self.draw.random() < FEW_SHARE
        at = _at(start + 120 * hop.layer)
        payer_bank = hop.parent.bank if hop.parent else "BK00"
        holder = hop.parent.account if hop.parent else "30000000001"
        self._row(
            "hop",
            *(case_no, hop.number, hop.parent.number if hop.parent else NULL, hop.layer),
            *(
                "answer" if hop.parent else "complaint",
                "correction" if is_parked else "asked" if is_asked else "closed",
            ),
            *(hop.bank, payer_bank, holder, hop.bank, hop.account, hop.account, hop.reference, hop.reference, "imps"),
            *(hop.paise, hop.paise, _at(start - 600 + hop.layer * 60), at, hop.answer_id, case_no),
            *((at, "-infinity") if is_parked else (NULL, NULL)),
        )
        self._row("ledger_balance", case_no, hop.number, "in_play", hop.paise if is_asked else 0)
        self._posting(case_no, hop, at)
        if hop.layer == 1:
            self._row("ledger_balance", case_no, hop.number, "lost", -hop.paise)
        if hop.layer == 1 and self.draw.random() < FEW_SHARE:
            self._row("hop_retry", case_no, hop.number, 1, _at(start + 3_600) if self.is_open else NULL)

    def _posting(self, case_no: str, hop: _Hop, at: str) -> None:
        """Write the posting that opened a hop of an open case; only those fit into the limit of size."""
        if self.is_open:
            number, source = self._number("posting"), hop.parent or hop
            self._row(
                "ledger_transaction", number, case_no, "hop", f"hop|{case_no}|{hop.number}", _digest(self.draw), at
            )
            bucket = "in_play" if hop.parent else "lost"
            self._row("ledger_entry", number, 1, case_no, source.number, bucket, -hop.paise)
            self._row("ledger_entry", number, 2, case_no, hop.number, "in_play", hop.paise)

    def _procedures(self, case_no: str, start: int) -> None:
        """Write the clocks of a case: most money goes home, and some of it waits for months."""
        self._procedure("duties", case_no, case_no, start)
        for hop in self._held[:1]:
            number, at = self._number("hold"), _at(start + 500)
            hold_id = f"00000000-0000-4000-9000-000{number}"
            ended = self._procedure("hold", hold_id, case_no, start)
            state = "held" if ended == NULL else "ended"
            self._row(
                "account_hold",
                *(hold_id, case_no, hop.bank, hop.account, f"H{number}", state, at, LATER, "{}", ended),
            )

    def _procedure(self, kind: str, subject: str, case_no: str, start: int) -> str:
        ended = NULL if self.is_open or self.draw.random() < WAITING_SHARE else _at(start + 3_000)
        at = _at(start + 500)
        self._row(
            "procedure",
            *(f"{kind}-{subject}", kind, subject, case_no, at, at, ended, LATER if ended == NULL else NULL),
        )
        return ended

    def _task(self, case_no: str, start: int, hops: list[_Hop]) -> None:
        hop, task = self.draw.choice(hops), self._number("task")
        closed = (NULL, NULL, NULL) if self.is_open else (_at(start + 2_000), "officer:desk", "done")
        state = "open" if self.is_open else "closed"
        kind, cause = self.draw.choice(
            (("correct_reference", "reference_refused"), ("name_institution", "institution_unknown"))
        )
        self._row(
            "desk_task",
            *(task, case_no, hop.number, kind, state, _at(start + 1_000), *closed, "hop", hop.number, cause),
        )

    def _news(self, case_no: str, at: int) -> None:
        """Write a notification that the case's workflow has received; those of settled cases were deleted."""
        if self.is_open:
            self._row("case_news", self._number("news"), case_no, "{}", _at(at), _at(at))


def _key_of(case_no: str) -> str:
    """Return the id of the key of a case, which is destroyed as those of victims are."""
    return f"00000000-0000-4000-9000-{case_no[7:]}00000"


def _at(seconds: int) -> str:
    """Return a moment of the block's day; what comes before the day begins is at its beginning."""
    whole = max(0, min(seconds, 86_399))
    return f"@@D@@ {whole // 3_600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}+00"


def _digest(draw: random.Random) -> str:
    """Return a digest; the block's number makes it another one in each block."""
    return rf"\\x{draw.getrandbits(208):052x}0@@@@@{draw.getrandbits(24):06x}"
