"""The services of an API process are created once. A copy of them is another process."""

from dataclasses import replace

from api.services import Services


async def test_a_service_is_created_once_and_not_shared_with_a_copy(services: Services) -> None:
    assert services.evidence_jobs is services.evidence_jobs
    assert services.bank_hub is not services.case_hub
    assert replace(services).evidence_jobs is not services.evidence_jobs


async def test_after_the_end_of_streams_no_hub_takes_more(services: Services) -> None:
    await services.end_streams()
    assert services.case_hub.closing
    assert services.bank_hub.closing
