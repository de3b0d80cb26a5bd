"""The small rules: policy file, priority, acknowledgement numbers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.banks.channel_choice import priority_key
from domain.case.complaints import OUR_FIRST_SERIAL, SERIALS_A_DAY, first_digits, make_ack_no
from domain.errors import InvalidPolicy
from domain.policy.model import PACKAGED_POLICY, CodeMeaning, load_policy
from schemas.enums import AnswerClass, Channel, EscalationLevel
from tests.each import each

POLICY = load_policy()


def test_the_packaged_policy_names_a_source_for_every_value() -> None:
    assert all(code.source for code in POLICY.trail.status_codes.values())
    assert all(rule.source for rule in POLICY.ladder.values())


@each(
    ("code", "meaning"),
    [
        ("00", CodeMeaning.OK),
        ("01", CodeMeaning.REFUSED),
        ("02", CodeMeaning.CORRECTION),
        ("20", CodeMeaning.REFUSED),
        ("99", CodeMeaning.REVIEW),
        ("ZZ", CodeMeaning.REVIEW),
        ("", CodeMeaning.REVIEW),
    ],
)
def test_an_unknown_code_is_for_a_person(code: str, meaning: CodeMeaning) -> None:
    assert POLICY.trail.meaning(code) is meaning


def test_a_case_is_promised_every_level_in_order_divided_by_the_clock_factor() -> None:
    slow, fast = POLICY.case_policy(1), POLICY.case_policy(100)
    for answer_class in AnswerClass:
        assert [step.level for step in slow.ladders[answer_class]] == list(EscalationLevel)
        for real, short in zip(slow.ladders[answer_class], fast.ladders[answer_class], strict=True):
            assert real.after_seconds == POLICY.ladder[real.level].after_seconds(answer_class)
            assert short.after_seconds == pytest.approx(real.after_seconds / 100)
    assert fast.retry_for_seconds == pytest.approx(slow.retry_for_seconds / 100)
    assert fast.priority.fresh_seconds == pytest.approx(slow.priority.fresh_seconds / 100)
    assert fast.priority.large_paise == slow.priority.large_paise, "money is not compressed"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("min_chase_paise = 50000", "min_chase_paise = -1", "trail.min_chase_paise"),
        ("max_layers = 12", "max_layer = 12", "trail.max_layers"),
        ("call_timeout_seconds = 10", "call_timeout_seconds = 0", "delivery.call_timeout_seconds"),
        ('meaning = "ok"', 'meaning = "fine"', "trail.status_codes.00.meaning"),
        ("[ladder.give_up]", "[ladder.gave_up]", "ladder"),
        ("remind_after_seconds = 3600", "remind_after_seconds = 7776000", "write_off_after_seconds must be more"),
        ("keep_told_seconds = 604800", "keep_told_seconds = 0", "outbox.keep_told_seconds"),
        ("[trail]", "[trail", "policy.toml"),
    ],
)
def test_a_policy_file_that_is_not_valid_is_refused_with_the_field(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = PACKAGED_POLICY.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "policy.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidPolicy) as refused:
        load_policy(file)
    assert named in str(refused.value)


def test_a_policy_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match=r"absent\.toml"):
        load_policy(tmp_path / "absent.toml")


def test_fresh_goes_before_old_and_large_before_small() -> None:
    rules, now = POLICY.case_policy(1).priority, datetime(2026, 11, 24, tzinfo=UTC)
    ages = [timedelta(minutes=5), timedelta(hours=5), timedelta(days=5)]
    keys = [[priority_key(rules, now - age, paise, now) for paise in (10**8, 100)] for age in ages]
    assert keys == [[1, 2], [3, 4], [4, 5]]
    assert priority_key(rules, now + timedelta(hours=1), 100, now) == 2, "a clock that is ahead makes it no older"


def test_a_number_carries_channel_day_in_india_and_serial() -> None:
    late_evening = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    assert make_ack_no(Channel.HELPLINE_1930, late_evening, 5_000_042) == "32511265000042"
    assert make_ack_no(Channel.PORTAL, late_evening, SERIALS_A_DAY - 1) == "22511269999999"
    assert first_digits() == {"2", "3"}
    for serial in (-1, OUR_FIRST_SERIAL - 1, SERIALS_A_DAY):
        with pytest.raises(ValueError, match="serial"):
            make_ack_no(Channel.IMPORT, late_evening, serial)
