"""Every deliberate mistake can be set, has its effect, and never makes the world inconsistent."""

from dataclasses import dataclass, replace

import pytest

from simulator.clock import Clock
from simulator.config import DAY_SECONDS, Knobs, SimulatorConfig
from simulator.institutions import Institution, build_institutions
from simulator.wires.i4c import RowWriter, paise
from simulator.world.bank_model import BankModel, Finding, Incident, Post, Row, RowKind
from simulator.world.cases import CasePlan, plan_cases
from simulator.world.truth import build_world
from simulator.world.world import MoveKind, World

ACK = "32411260000001"
CHECK_EVERY = 10
"""after how many findings the whole world is checked; it also is at the end"""
Pair = tuple[Incident, Finding]


@dataclass
class Answered:
    """A world in which every bank was asked about every transfer at the end of the second day."""

    config: SimulatorConfig
    plans: tuple[CasePlan, ...]
    institutions: dict[str, Institution]
    world: World
    desk: BankModel
    pairs: list[tuple[Institution, Incident, Finding]]

    @property
    def rows(self) -> list[Row]:
        return [row for _, _, finding in self.pairs for row in finding.rows]

    def posts(self) -> list[list[Post]]:
        """Return the posts of a ticket for each transfer."""
        return [self.desk.posts(bank, ACK, [finding]) for bank, _, finding in self.pairs]

    def written(self, bank: Institution, row: Row) -> dict[str, object]:
        """Return a row in the format of the wire."""
        scribe = RowWriter(self.config.seed, Clock(1.0), self.institutions, self.world.accounts)
        return scribe.row(bank, row)


def day(complaints: int = 40, **knobs: float) -> Answered:
    """Return a day with only these mistakes."""
    config = SimulatorConfig(
        seed=9, complaints=complaints, knobs=Knobs.none().model_copy(update=knobs), day_seconds=DAY_SECONDS
    )
    institutions = build_institutions(config)
    plans = plan_cases(config, institutions)
    world = build_world(plans)
    world.advance(2 * DAY_SECONDS)
    desk = BankModel(world, config, institutions)
    by_code = {bank.code: bank for bank in institutions}
    pairs = []
    for plan in plans:
        for move in plan.moves:
            credit = world.credits.get(move.rrn)
            if credit is None or move.layer == 0 or credit.account.plan.key.bank not in by_code:
                continue
            bank, paid = by_code[credit.account.plan.key.bank], credit.debit.amount_paise
            incident = Incident(move.rrn, paid, paid)
            pairs.append((bank, incident, desk.work(bank, ACK, incident)))
            if len(pairs) % CHECK_EVERY == 0:
                world.check()
    world.check()
    return Answered(config, plans, by_code, world, desk, pairs)


@pytest.fixture(scope="module")
def quiet() -> Answered:
    """A long day without traps, which tests only look at."""
    return day(complaints=150)


def test_without_traps_every_answer_adds_up(quiet: Answered) -> None:
    asked = quiet
    for _, incident, finding in asked.pairs:
        assert sum(row.disputed_paise for row in finding.rows) == incident.disputed_paise
        assert all(row.root_rrn == incident.rrn for row in finding.rows)
        assert {row.status for row in finding.rows} <= {"00", "01"}
        assert finding.contradicting_rows == ()
    assert not any(row.false for row in asked.rows)
    assert {row.kind for row in asked.rows} == set(RowKind)
    assert [len(posts) for posts in asked.posts()] == [1] * len(asked.pairs)
    held = sum(row.disputed_paise for row in asked.rows if row.kind is RowKind.HOLD and row.status == "00")
    assert held == asked.world.held_paise


def test_asked_again_a_bank_says_the_same() -> None:
    asked = day(complaints=10)
    held = asked.world.held_paise
    for bank, incident, finding in asked.pairs:
        assert asked.desk.work(bank, ACK, incident) is finding
    assert asked.world.held_paise == held


def test_another_number_does_not_hold_the_money_again() -> None:
    asked = day(complaints=10)
    for bank, incident, _ in asked.pairs:
        [row] = asked.desk.work(bank, "32411260009999", incident).rows
        assert row.status == "01"
    asked.world.check()


def test_a_wrong_amount_is_an_invalid_rrn() -> None:
    asked = day(complaints=2)
    bank, incident, _ = asked.pairs[0]
    [row] = asked.desk.work(bank, "32411260009999", replace(incident, amount_paise=incident.amount_paise + 1)).rows
    assert row.status == "02"


def test_unexplained_money_is_under_review() -> None:
    asked = day()
    review = [row for row in asked.rows if row.status == "01"]
    assert review
    assert {row.remarks for row in review} == {"statement unavailable, under review"}
    assert sum(row.disputed_paise for row in review) <= asked.world.left_paise[MoveKind.OTHER]


def test_a_bank_without_a_statement_holds_what_is_there() -> None:
    asked = day(statement_unavailable=1.0)
    assert {row.kind for row in asked.rows} == {RowKind.HOLD}
    assert asked.world.held_paise > 0
    for _, incident, finding in asked.pairs:
        assert sum(row.disputed_paise for row in finding.rows) == incident.disputed_paise


def test_a_bank_that_lags_finds_a_victims_transfer_when_it_is_asked_again() -> None:
    asked = day(complaints=10, not_found_first=1.0)
    layers = {incident.rrn: asked.world.credits[incident.rrn].debit.move.layer for _, incident, _ in asked.pairs}
    for bank, incident, finding in asked.pairs:
        lags = [row.lagging for row in finding.rows] == [True]
        assert lags == (layers[incident.rrn] == 1)
        again = asked.desk.work(bank, ACK, incident)
        assert not any(row.lagging for row in again.rows)
        assert sum(row.disputed_paise for row in again.rows) == incident.disputed_paise
    asked.world.check()


def _asked_as_victims_bank(asked: Answered) -> list[tuple[Incident, str, Finding]]:
    """Ask the bank that debited each victim's transfer into another bank about it; the account, and what it says."""
    found = []
    for plan in asked.plans:
        for move in plan.moves:
            credit = asked.world.credits.get(move.rrn)
            if move.layer != 1 or credit is None or credit.account.plan.key.bank == move.source.bank:
                continue
            incident = Incident(move.rrn, credit.debit.amount_paise, credit.debit.amount_paise)
            finding = asked.desk.work(asked.institutions[move.source.bank], ACK, incident)
            found.append((incident, move.source.number, finding))
    assert found
    return found


def test_a_victims_bank_does_not_know_a_debit_unless_it_answers_for_its_customer() -> None:
    for _, _, finding in _asked_as_victims_bank(day(complaints=20)):
        assert [row.status for row in finding.rows] == ["02"]


def test_a_victims_bank_names_the_debit_and_what_else_left_the_account() -> None:
    asked = day(complaints=20, payer_bank_answers=1.0)
    held_paise = asked.world.held_paise
    for incident, account, finding in _asked_as_victims_bank(asked):
        first, *others = finding.rows
        assert (first.rrn, first.root_rrn, first.amount_paise) == (incident.rrn, incident.rrn, incident.amount_paise)
        assert {row.root_account.number for row in finding.rows if row.root_account} == {account}
        assert all(row.kind is RowKind.TRANSFER and row.rrn != incident.rrn for row in others)
    assert asked.world.held_paise == held_paise, "no money is held by such an answer"
    asked.world.check()


def test_a_victims_bank_is_wrong_and_late() -> None:
    asked = day(complaints=20, payer_bank_answers=1.0, payer_bank_wrong=1.0, payer_bank_late=1.0)
    for incident, _, finding in _asked_as_victims_bank(asked):
        assert finding.rows[0].amount_paise != incident.amount_paise
        (post, *_) = asked.desk.posts(next(iter(asked.institutions.values())), ACK, [finding])
        assert post.after > 0


def test_a_receiving_bank_denies_what_the_sender_swears_to() -> None:
    asked = day(denied_transfer=1.0)
    deep = [f for _, i, f in asked.pairs if asked.world.credits[i.rrn].debit.move.layer > 1]
    assert deep
    assert {row.status for finding in deep for row in finding.rows} == {"20", "01"}
    assert any(row.status == "00" for row in asked.rows), "the first layer is not denied"


def test_unexplained_status_codes() -> None:
    asked = day(unknown_status=1.0)
    assert {row.status for row in asked.rows} == {"99", "77"}
    assert asked.world.held_paise == 0


def test_a_hold_on_an_empty_account_holds_nothing() -> None:
    asked = day(hold_after_emptied=1.0)
    false = [(i, f) for _, i, f in asked.pairs if any(row.false for row in f.rows)]
    assert false
    for incident, finding in false:
        [row] = finding.rows
        assert (row.kind, row.disputed_paise) == (RowKind.HOLD, incident.disputed_paise)
        assert sum(r.disputed_paise for r in finding.contradicting_rows) == incident.disputed_paise
    held = sum(r.disputed_paise for r in asked.rows if r.kind is RowKind.HOLD and r.status == "00" and not r.false)
    assert held == asked.world.held_paise


def test_two_answers_that_contradict_each_other() -> None:
    asked = day(contradictory_answer=1.0)
    for (_, _, finding), posts in zip(asked.pairs, asked.posts(), strict=True):
        assert finding.contradicting_rows
        assert len(posts) == 2
        assert posts[1].after > posts[0].after
        assert all(row.false for row in posts[1].rows)


def test_a_row_twice_an_old_row_and_one_not_asked_for() -> None:
    asked = day(duplicate_row=1.0, old_row=1.0, unasked_hop=1.0)
    seen = {"twice": 0, "old": 0, "stray": 0}
    for (bank, incident, _), [post] in zip(asked.pairs, asked.posts(), strict=True):
        true = [row for row in post.rows if not row.false]
        seen["twice"] += all(true.count(row) % 2 == 0 for row in true)
        seen["stray"] += any(row.root_rrn != incident.rrn for row in post.rows)
        for row in post.rows:
            if row.old:
                seen["old"] += 1
                written = str(asked.written(bank, row)["transaction_datetime"])
                assert written < str(asked.written(bank, replace(row, old=False))["transaction_datetime"])
    assert seen["twice"] == len(asked.pairs)
    assert seen["old"] > 0
    assert seen["stray"] > 0


def test_an_answer_in_parts_is_the_same_answer() -> None:
    whole, parts = day(), day(partial_answer=1.0, reversed_parts=0.5)
    split = 0
    for one, several in zip(whole.posts(), parts.posts(), strict=True):
        assert sorted(map(repr, one[0].rows)) == sorted(repr(row) for post in several for row in post.rows)
        split += len(several) == 2
    assert split > 0


def test_late_and_repeated_posts() -> None:
    asked = day(late_answer=1.0, duplicate_post=1.0)
    for posts in asked.posts():
        assert posts[0].rows == posts[1].rows
        assert 0 < posts[0].after < posts[1].after


def test_the_same_account_zero_padded_two_ways() -> None:
    asked = day(zero_padded_account=1.0)
    for bank, _, finding in asked.pairs:
        for row in finding.rows:
            if row.kind is RowKind.TRANSFER and row.payee is not None:
                told = str(asked.written(bank, row)["payee_account_number"])
                assert told != row.payee.number
                assert told.lstrip("0") == row.payee.number.lstrip("0")


def test_a_time_that_is_none() -> None:
    asked = day(odd_time=1.0)
    bank, _, finding = asked.pairs[0]
    assert str(asked.written(bank, finding.rows[0])["transaction_datetime"]).endswith(":PM")


def test_a_bank_name_that_contradicts_the_ifsc() -> None:
    asked = day(bank_name_contradicts_ifsc=1.0)
    names = {code: bank.name for code, bank in asked.institutions.items()}
    told = [
        (asked.written(bank, row), row.payee.bank)
        for bank, _, finding in asked.pairs
        for row in finding.rows
        if row.kind is RowKind.TRANSFER and row.payee is not None
    ]
    assert told
    for written, code in told:
        assert written["payee_bank_code"] == code
        assert written["payee_bank"] != names[code]


def test_money_into_a_bank_no_directory_lists() -> None:
    asked = day(unlisted_bank=0.3)
    told = [row for row in asked.rows if row.payee is not None and row.payee.bank not in asked.institutions]
    assert told
    written = asked.written(asked.pairs[0][0], told[0])
    assert written["payee_bank"] == "Sahyog Urban Co-operative Bank"


@pytest.mark.parametrize("kind", list(RowKind))
def test_every_kind_of_row_has_its_fields(quiet: Answered, kind: RowKind) -> None:
    fields: dict[RowKind, set[str]] = {
        RowKind.HOLD: set(),
        RowKind.TRANSFER: {"payee_bank", "payee_bank_code", "payee_account_number"},
        RowKind.ATM: {"atm_id", "place_of_atm", "atm_of_bank"},
        RowKind.AEPS: {"rrn"},
        RowKind.POS: {"mid", "tid", "approval_code", "merchant_name", "pos_transaction_id"},
        RowKind.CHEQUE: {"cheque_no", "withdrawal_date", "location", "managername", "managernumber"},
    }
    bank, row = next((b, r) for b, _, f in quiet.pairs for r in f.rows if r.kind is kind and r.status == "00")
    written = quiet.written(bank, row)
    common = {"txn_type", "txn_type_id", "amount", "disputed_amount", "root_account_number", "pan_number", "email"}
    assert common | fields[kind] <= set(written)
    assert paise(written["disputed_amount"]) <= paise(written["amount"])


def test_outages_come_as_often_as_asked() -> None:
    asked = day(complaints=0, outages_per_day=3.0, outage_median_seconds=600.0)
    for code in asked.institutions:
        spans = [o for o in (asked.desk.outage(code, float(at)) for at in range(0, 172_800, 60)) if o]
        assert 1 <= len({outage.start for outage in spans}) <= 6
    calm = day(complaints=0)
    assert all(calm.desk.outage(code, 1_000.0) is None for code in calm.institutions)
