"""Today's workflow must read old histories: replay of those that `record_histories.py` wrote."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.each import each
from tests.workflows.changed import NeverSettles, SkipsTheReminder, WaitsFirst, WaitsFirstIfNew
from tests.workflows.paths import PATHS
from tests.workflows.record_histories import FOLDER, cleaned
from workers.temporal import DATA_CONVERTER
from workflows.case import CaseWorkflow

FILES = sorted(FOLDER.glob("*.json"))


def history(file: Path) -> WorkflowHistory:
    content = json.loads(file.read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(content["workflow_id"], content["history"])


def named(file: Path) -> str:
    return file.stem


async def replay(file: Path, of: type[CaseWorkflow]) -> None:
    await Replayer(workflows=[of], data_converter=DATA_CONVERTER).replay_workflow(history(file))


@each("file", FILES)
async def test_every_recorded_history_is_read_again(file: Path) -> None:
    await replay(file, CaseWorkflow)


def test_every_path_is_recorded() -> None:
    recorded = {file.stem.partition("-")[0] for file in FILES}
    assert recorded == {path.__name__ for path in PATHS}


@each("file", FILES)
def test_a_recorded_history_says_nothing_of_the_machine_it_comes_from(file: Path) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    assert cleaned(content) == content


def whatever(_: Path) -> bool:
    return True


def settles(file: Path) -> bool:
    return "settle_case" in file.read_text(encoding="utf-8")


def is_escalated(file: Path) -> bool:
    """Without a level, only the input of an activity changes, which no replay compares."""
    return file.stem in {"ladder", "give_up"}


@each(
    ("changed", "concerns"),
    [(WaitsFirst, whatever), (NeverSettles, settles), (SkipsTheReminder, is_escalated)],
)
async def test_a_changed_workflow_fails_the_replay(
    changed: type[CaseWorkflow], concerns: Callable[[Path], bool]
) -> None:
    concerned = [file for file in FILES if concerns(file)]
    assert concerned
    for file in concerned:
        with pytest.raises(NondeterminismError):
            await replay(file, changed)


@each("file", FILES)
async def test_a_change_behind_a_patch_reads_the_old_histories(file: Path) -> None:
    await replay(file, WaitsFirstIfNew)
