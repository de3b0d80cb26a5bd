"""Figures of a day: a complaint counts from its planned moment, whenever it was sent."""

from dataclasses import replace

from simulator.banks.banks import Banks
from simulator.clock import NS_PER_SECOND, Clock
from simulator.config import Knobs, SimulatorConfig
from simulator.figures import first_request_ns, first_requests_missing, first_requests_waiting, taken_in_seconds
from simulator.institutions import build_institutions
from simulator.people.callers import ComplaintRecord
from simulator.people.sms_gateway import SmsGateway
from simulator.world.bank_model import Outage
from simulator.world.cases import plan_cases
from simulator.world.truth import build_world


def test_a_simulated_moment_has_its_place_on_the_real_clock() -> None:
    clock = Clock(320.0)
    clock.start()
    assert clock.monotonic_ns(640.0) - clock.monotonic_ns(0.0) == 2 * NS_PER_SECOND


def test_a_late_post_counts_from_its_planned_moment() -> None:
    config = SimulatorConfig(complaints=2, institutions=4)
    institutions = build_institutions(config)
    plans = plan_cases(config, institutions)
    banks = Banks(config, institutions, build_world(plans), Clock(1.0), SmsGateway("token"))
    on_time, waiting = (
        ComplaintRecord(plan.complaints[0], 1_000, 5_000, 6_000, ack_no=str(number), case_ack_no=str(number))
        for number, plan in enumerate(plans)
    )
    joined = replace(waiting, joined=True)
    banks.book.first_seen_ns["0"] = 7_000
    records = [on_time, waiting, joined]
    assert first_request_ns(records, banks) == [6_000]
    assert first_requests_missing(records, banks) == 1
    late = replace(waiting, answered_ns=3 * NS_PER_SECOND)
    assert taken_in_seconds([on_time, late], NS_PER_SECOND) == 2.0
    assert taken_in_seconds([], NS_PER_SECOND) == 0.0


def test_a_case_whose_banks_are_all_down_has_no_first_request_that_is_missing() -> None:
    config = SimulatorConfig(complaints=1, institutions=4, knobs=Knobs.none())
    institutions = build_institutions(config)
    (plan,) = plan_cases(config, institutions)
    complaint = plan.complaints[0]
    banks = Banks(config, institutions, build_world([plan]), Clock(1.0), SmsGateway("token"))
    records = [ComplaintRecord(complaint, 1_000, 5_000, 6_000, ack_no="1", case_ack_no="1")]
    assert (first_requests_missing(records, banks), first_requests_waiting(records, banks)) == (1, 0)
    over = Outage(complaint.at - 60.0, banks.clock.now(), "reset")
    for reported in complaint.transfers:
        banks.desk.plan_outage(reported.bank, over)
    assert first_requests_missing(records, banks) == 1, "the banks answer again"
    for reported in complaint.transfers:
        banks.desk.plan_outage(reported.bank, replace(over, end=max(complaint.at, banks.clock.now()) + 60.0))
    assert (first_requests_missing(records, banks), first_requests_waiting(records, banks)) == (0, 1)
    banks.book.first_seen_ns["1"] = 7_000
    assert (first_requests_missing(records, banks), first_requests_waiting(records, banks)) == (0, 0)
