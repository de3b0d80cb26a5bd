"""Today's restoration workflow must read old histories, as `test_replay.py` does for cases."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.each import each
from tests.workflows.changed_restoration import RestsFirst
from tests.workflows.record_histories import PROCEDURES, cleaned
from tests.workflows.restoration_paths import RESTORATION_PATHS
from workers.temporal import DATA_CONVERTER
from workflows.procedures import RestorationWorkflow

FILES = sorted(PROCEDURES.glob("restoration-*.json"))


def history(file: Path) -> WorkflowHistory:
    content = json.loads(file.read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(content["workflow_id"], content["history"])


async def replay(file: Path, of: type[RestorationWorkflow]) -> None:
    await Replayer(workflows=[of], data_converter=DATA_CONVERTER).replay_workflow(history(file))


@each("file", FILES)
async def test_every_recorded_history_is_read_again(file: Path) -> None:
    await replay(file, RestorationWorkflow)


@each("file", FILES)
async def test_a_changed_workflow_fails_the_replay(file: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replay(file, RestsFirst)


def test_every_path_is_recorded() -> None:
    recorded = {file.stem.removeprefix("restoration-").partition("-")[0] for file in FILES}
    assert recorded == {path.__name__ for path in RESTORATION_PATHS}


@each("file", FILES)
def test_a_recorded_history_says_nothing_of_the_machine_it_comes_from(file: Path) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    assert cleaned(content) == content
