"""Today's workflow of grievances must read old histories, as `test_replay.py` does for cases."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.each import each
from tests.workflows.changed_grievance import GrievanceRestsFirst
from tests.workflows.grievance_paths import GRIEVANCE_PATHS
from tests.workflows.record_histories import PROCEDURES, cleaned
from workers.temporal import DATA_CONVERTER
from workflows.procedures import GrievanceWorkflow

FILES = sorted(PROCEDURES.glob("grievance-*.json"))


async def replay(file: Path, *of: type) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    history = WorkflowHistory.from_json(content["workflow_id"], content["history"])
    await Replayer(workflows=of, data_converter=DATA_CONVERTER).replay_workflow(history)


@each("file", FILES)
async def test_every_recorded_history_is_read_again(file: Path) -> None:
    await replay(file, GrievanceWorkflow)


@each("file", FILES)
async def test_a_changed_workflow_fails_the_replay(file: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replay(file, GrievanceRestsFirst)


def test_every_path_is_recorded() -> None:
    recorded = {"-".join(file.stem.split("-")[:2]) for file in FILES}
    assert recorded == {f"grievance-{path.__name__}" for path in GRIEVANCE_PATHS}


@each("file", FILES)
def test_a_recorded_history_says_nothing_of_the_machine_or_of_people(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    content = json.loads(text)
    assert cleaned(content) == content
    assert not any(personal in text for personal in (*CONTACT.values(), "Victim", "9876543210"))
