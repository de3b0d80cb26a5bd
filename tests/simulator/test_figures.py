"""Figures of a day: a complaint counts from its planned moment, whenever it was sent."""

from dataclasses import replace

from simulator.banks.banks import Banks
from simulator.clock import NS_PER_SECOND, Clock
from simulator.config import SimulatorConfig
from simulator.figures import first_request_ns, first_requests_missing, taken_in_seconds
from simulator.institutions import build_institutions
from simulator.people.complaints import ComplaintRecord
from simulator.people.sms_gateway import SmsGateway
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
