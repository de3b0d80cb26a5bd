"""Counting, and joining the pages of several processes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from activities.metrics import BUCKETS_SECONDS, Metrics, SendOutcome
from activities.metrics_pages import joined
from schemas.case.hold_requests import RequestStages
from schemas.enums import (
    Bucket,
    Channel,
    ChannelKind,
    ClaimKind,
    DeliveryOutcome,
    Disposition,
    HopSource,
    RequestStage,
    TaskKind,
)


def values(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def busy() -> Metrics:
    metrics = Metrics()
    metrics.complaint_taken(Channel.PORTAL, joined=False, transfer_to_complaint_seconds=[90.0, 3600.0])
    metrics.request_sent(since_complaint_seconds=0.03, since_answer_seconds=0.02)
    metrics.request_ended(SendOutcome.DELIVERED, since_complaint_seconds=0.05)
    metrics.delivery_attempted(ChannelKind.I4C, DeliveryOutcome.DELIVERED)
    metrics.answer_taken(Disposition.APPLIED, ClaimKind.HELD)
    metrics.first_answer(12.0)
    metrics.first_hold(12.0)
    return metrics


def test_the_buckets_go_from_ten_milliseconds_to_ninety_days() -> None:
    assert BUCKETS_SECONDS[0] == 0.01
    assert BUCKETS_SECONDS[-1] == 90 * 86_400
    assert list(BUCKETS_SECONDS) == sorted(set(BUCKETS_SECONDS))


def test_each_verb_counts() -> None:
    found = values(busy().text())
    assert found["goldenhour_complaints_total", (("channel", "portal"), ("joined", "false"))] == 1
    assert found["goldenhour_hold_requests_total", (("outcome", "delivered"),)] == 1
    assert found["goldenhour_answers_total", (("disposition", "applied"), ("kind", "held"))] == 1
    assert found["goldenhour_delivery_attempts_total", (("channel", "i4c"), ("outcome", "delivered"))] == 1
    counts = {name: value for (name, labels), value in found.items() if name.endswith("_seconds_count") and not labels}
    assert counts.pop("goldenhour_transfer_to_complaint_seconds_count") == 2
    assert len(counts) == 5
    assert set(counts.values()) == {1}


def test_what_is_not_the_first_is_not_timed() -> None:
    metrics = Metrics()
    metrics.request_sent()
    metrics.request_ended(SendOutcome.DELIVERED)
    metrics.request_ended(SendOutcome.REFUSED, since_complaint_seconds=1.0)
    assert {value for (name, _), value in values(metrics.text()).items() if name.endswith("_seconds_count")} == {0}


def test_a_clock_that_is_behind_makes_no_negative_time() -> None:
    metrics = Metrics()
    metrics.first_answer(-0.5)
    assert values(metrics.text())["goldenhour_complaint_to_first_answer_seconds_sum", ()] == 0


def test_a_stage_is_timed_from_the_stage_before() -> None:
    metrics, at = Metrics(), datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
    after_ms = {
        RequestStage.RECEIVED: 0,
        RequestStage.PLANNED: 4,
        RequestStage.COMMITTED: 7,
        RequestStage.SENT: 20,
        RequestStage.DELIVERED: 19,
    }
    stages = RequestStages(
        request_id=UUID(int=1),
        kind=HopSource.ANSWER,
        institution="HDFC",
        channel=ChannelKind.I4C,
        moments={stage: at + timedelta(milliseconds=ms) for stage, ms in after_ms.items()},
    )
    metrics.request_stages(stages.kind, stages.steps())
    found = values(metrics.text())

    def of(stage: RequestStage, part: str) -> float:
        return found[f"goldenhour_request_stage_seconds_{part}", (("kind", "answer"), ("stage", stage.value))]

    assert [of(stage, "count") for stage in list(RequestStage)[1:]] == [1, 1, 0, 0, 1]
    assert [of(stage, "sum") for stage in (RequestStage.PLANNED, RequestStage.COMMITTED)] == pytest.approx(
        [0.004, 0.003]
    )
    assert of(RequestStage.DELIVERED, "sum") == 0, "the clocks of two machines differ"


def test_a_stock_names_every_bucket_and_kind() -> None:
    metrics = Metrics()
    metrics.stock({Bucket.HELD: 10**15 + 1}, {TaskKind.PHONE_BANK: 3})
    metrics.stock({Bucket.LOST: 5}, {})
    found = values(metrics.text())
    assert found["goldenhour_paise", (("bucket", "held"),)] == 0
    assert found["goldenhour_paise", (("bucket", "lost"),)] == 5
    assert found["goldenhour_desk_tasks_open", (("kind", "phone_bank"),)] == 0


def test_joined_pages_are_one_page_with_their_sums() -> None:
    one, two = busy(), busy()
    one.stock({Bucket.HELD: 7}, {})
    page = joined([one.text(), two.text(), ""])
    single, double = values(one.text()), values(page)
    assert set(double) == set(single)
    for key, value in single.items():
        is_gauge = key[0] in {"goldenhour_paise", "goldenhour_desk_tasks_open"}
        assert double[key] == (value if is_gauge else 2 * value), key
    types = [line for line in page.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) == one.text().count("# TYPE")


def test_a_label_may_hold_spaces_and_what_has_no_explanation_is_kept() -> None:
    page = joined(['plain{a="b c"} 1\n', 'plain{a="b c"} 2\n# TYPE x counter\nx_total 1\n', "x_total 2.5\n"])
    assert 'plain{a="b c"} 1' in page.splitlines()
