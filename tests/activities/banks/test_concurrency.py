"""A concurrency limit for each bank; callers without a place come back at spread times."""

from contextlib import ExitStack

import pytest

from activities.banks.channel_health import (
    AT_ONCE_IN_ALL,
    AT_ONCE_OF_A_BANK,
    LEAST_WAIT_SECONDS,
    MOST_WAIT_SECONDS,
    NO_LIMITS,
    SLOW_CALL_SECONDS,
    SLOW_FOR_SECONDS,
    CallLimits,
    ConcurrencyLimits,
)
from adapters.banks.protocol import BankBusy
from schemas.banks.institutions import Institution
from schemas.enums import AnswerClass, InstitutionKind

AT_ONCE = 16
WAITING = 184


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> ConcurrencyLimits:
    return ConcurrencyLimits(AT_ONCE, clock)


def turned_away(limits: ConcurrencyLimits, bank: str = "HDFC") -> float:
    """The wait of one for whom there is no place."""
    with pytest.raises(BankBusy) as busy, limits.place(bank):
        pass
    assert busy.value.retry_after_seconds is not None
    return busy.value.retry_after_seconds


def fill(limits: ConcurrencyLimits, stack: ExitStack) -> None:
    for _ in range(AT_ONCE):
        stack.enter_context(limits.place("HDFC"))


def test_a_bank_has_so_many_turns_and_other_banks_have_theirs(limits: ConcurrencyLimits) -> None:
    with ExitStack() as stack:
        fill(limits, stack)
        turned_away(limits)
        with limits.place("ICIC"):
            pass
    with limits.place("HDFC"):
        pass


def looks_in_ten_seconds(limits: ConcurrencyLimits, clock: Clock) -> int:
    """How often those who wait look again while a bank hangs for ten seconds."""
    back_at = [clock.now + turned_away(limits) for _ in range(WAITING)]
    end, looks = clock.now + 10, 0
    while min(back_at) < end:
        back_at.sort()
        clock.now = back_at.pop(0)
        looks += 1
        back_at.append(clock.now + turned_away(limits))
    return looks


def test_those_who_wait_for_a_bank_that_hangs_seldom_look_again(limits: ConcurrencyLimits, clock: Clock) -> None:
    with ExitStack() as stack:
        fill(limits, stack)
        assert looks_in_ten_seconds(limits, clock) < 2 * WAITING, "every two seconds would be five times each"


def test_a_bank_that_was_slow_is_known_to_be_slow(limits: ConcurrencyLimits, clock: Clock) -> None:
    for _ in range(AT_ONCE):
        with limits.place("HDFC"):
            clock.now += 10
    with ExitStack() as stack:
        fill(limits, stack)
        assert looks_in_ten_seconds(limits, clock) < WAITING / 2


def test_a_quick_bank_is_quickly_asked_again(limits: ConcurrencyLimits, clock: Clock) -> None:
    for _ in range(4 * AT_ONCE):
        with limits.place("HDFC"):
            clock.now += 0.05
    with ExitStack() as stack:
        fill(limits, stack)
        waits = [turned_away(limits) for _ in range(50)]
    assert waits == sorted(waits)
    assert LEAST_WAIT_SECONDS < waits[0] < 1
    assert waits[-1] < 2


def test_no_call_waits_longer_than_the_line_may_be(limits: ConcurrencyLimits, clock: Clock) -> None:
    with ExitStack() as stack:
        fill(limits, stack)
        clock.now += 60
        waits = [turned_away(limits) for _ in range(1000)]
    assert max(waits) <= LEAST_WAIT_SECONDS + MOST_WAIT_SECONDS
    assert sum(wait > MOST_WAIT_SECONDS / 2 for wait in waits) > 900


def test_those_who_wait_for_a_dropped_bank_come_back_after_its_time_and_one_by_one(limits: ConcurrencyLimits) -> None:
    waits = [limits.after("HDFC", 30.0) for _ in range(100)]
    assert min(waits) > 30
    assert max(waits) <= 30 + MOST_WAIT_SECONDS
    by_second = [sum(second <= wait < second + 1 for wait in waits) for second in range(30, 46)]
    assert max(by_second) <= 11


def test_a_bank_that_was_never_called_may_be_called_at_once(limits: ConcurrencyLimits) -> None:
    assert limits.may_call_at_once("HDFC")


def test_a_bank_has_few_calls_at_once(limits: ConcurrencyLimits) -> None:
    with ExitStack() as stack:
        for _ in range(AT_ONCE_OF_A_BANK):
            assert limits.may_call_at_once("HDFC")
            stack.enter_context(limits.place("HDFC"))
        assert not limits.may_call_at_once("HDFC")
        assert limits.may_call_at_once("ICIC")
        with limits.place("HDFC"):
            """The queue still has places."""
    assert limits.may_call_at_once("HDFC")


def test_all_banks_together_have_so_many_calls_at_once(limits: ConcurrencyLimits) -> None:
    """Calls by the queue count too, because they load the same process."""
    with ExitStack() as stack:
        for number in range(AT_ONCE_IN_ALL):
            assert limits.may_call_at_once("HDFC")
            stack.enter_context(limits.place(f"BANK{number}"))
        assert not limits.may_call_at_once("HDFC")
    assert limits.may_call_at_once("HDFC")


def test_a_slow_bank_may_be_called_at_once_again_after_a_while(limits: ConcurrencyLimits, clock: Clock) -> None:
    for _ in range(AT_ONCE):
        with limits.place("HDFC"):
            clock.now += SLOW_CALL_SECONDS + 0.1
    assert not limits.may_call_at_once("HDFC")
    assert limits.may_call_at_once("ICIC")
    clock.now += SLOW_FOR_SECONDS - 0.1
    assert not limits.may_call_at_once("HDFC")
    clock.now += 0.2
    assert limits.may_call_at_once("HDFC")


def test_a_bank_that_is_fast_again_may_be_called_at_once(limits: ConcurrencyLimits, clock: Clock) -> None:
    with limits.place("HDFC"):
        clock.now += 10
    assert not limits.may_call_at_once("HDFC")
    for _ in range(AT_ONCE):
        with limits.place("HDFC"):
            clock.now += 0.05
    assert limits.may_call_at_once("HDFC")


def test_one_call_that_is_a_little_slow_does_not_make_a_bank_slow(limits: ConcurrencyLimits, clock: Clock) -> None:
    with limits.place("HDFC"):
        clock.now += 2 * SLOW_CALL_SECONDS
    assert limits.may_call_at_once("HDFC")


# -- limits of the directory -------------------------------------------------------------------------------------------


def bank(calls_at_once: int | None = None, calls_a_second: float | None = None) -> Institution:
    return Institution(
        code="HDFC",
        name="HDFC Bank",
        kind=InstitutionKind.BANK,
        ifsc_prefixes=(),
        vpa_handles=(),
        aliases=(),
        answer_class=AnswerClass.API,
        channels=(),
        desk_email="",
        calls_at_once=calls_at_once,
        calls_a_second=calls_a_second,
    )


def test_processes_share_the_limits_of_a_bank() -> None:
    assert CallLimits.part_of(bank(5, 3.0), 2) == CallLimits(2, 1.5)
    assert CallLimits.part_of(bank(1), 2) == CallLimits(1, None), "a process may make one call"
    assert CallLimits.part_of(None, 2) == CallLimits.part_of(bank(), 2) == NO_LIMITS


def test_a_bank_has_as_many_calls_at_once_as_its_directory_allows(limits: ConcurrencyLimits) -> None:
    two = CallLimits(at_once=2)
    with limits.place("HDFC", two), limits.place("HDFC", two):
        assert not limits.may_call_at_once("HDFC", two)
        with pytest.raises(BankBusy), limits.place("HDFC", two):
            pass
    assert limits.may_call_at_once("HDFC", two)


def test_a_bank_has_as_many_calls_a_second_as_its_directory_allows(limits: ConcurrencyLimits, clock: Clock) -> None:
    slow = CallLimits(a_second=2.0)
    for _ in range(2):
        with limits.place("HDFC", slow):
            pass
    assert not limits.may_call_at_once("HDFC", slow)
    with pytest.raises(BankBusy) as busy, limits.place("HDFC", slow):
        pass
    assert busy.value.retry_after_seconds is not None
    assert 0.5 <= busy.value.retry_after_seconds <= 1.0
    clock.now += 0.5
    with limits.place("HDFC", slow):
        pass
    with pytest.raises(BankBusy), limits.place("HDFC", slow):
        pass


def test_a_bank_may_be_called_once_in_several_seconds(limits: ConcurrencyLimits, clock: Clock) -> None:
    rare = CallLimits(a_second=0.1)
    called = []
    for second in range(60):
        clock.now = 2000.0 + second
        if limits.may_call_at_once("HDFC", rare):
            with limits.place("HDFC", rare):
                called.append(second)
    assert called == [0, 10, 20, 30, 40, 50]
