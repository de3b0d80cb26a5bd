"""Tables as people read them: every heading and code of a file of the console has a text in both languages."""

import tomllib
from collections.abc import Iterable
from enum import StrEnum

import orjson
import pytest

from activities.case.case_tables import HOP_HEADER, TIMELINE_HEADER
from activities.officers.changes import HEADER as CHANGES
from activities.recovery.hearings import HEADER as COURT_DAY
from activities.recovery.hold_transaction import HOLD_HEADER
from activities.reporting.scorecards import HEADER as TREATMENT
from activities.reporting.stage_figures import LOAD_HEADER, STAGE_HEADER
from activities.work_items.shift_handovers import HEADER as HANDOVER
from documents.spreadsheet import Table
from documents.wording import WORDS, for_people
from schemas.enums import CaseState, HopState, Language, LateBy, TaskKind, TimedStage
from schemas.officers.policy import ChangeArea
from schemas.people.my_case import TreatmentQuestion
from schemas.recovery.court_orders import CourtDayStanding
from schemas.reporting.figures import StageCase
from schemas.reporting.wall import MoneyCase
from schemas.restoration_enums import CourtOrderEffect, Route
from schemas.work_items.shift_handovers import HandoverState
from tests.paths import ROOT

TEXTS = tomllib.loads((WORDS / "tables.toml").read_text())
OF_CONSOLE: tuple[Iterable[str], ...] = (
    *(STAGE_HEADER, LOAD_HEADER, TREATMENT, StageCase.model_fields, MoneyCase.model_fields),
    *(HOP_HEADER, HOLD_HEADER, TIMELINE_HEADER, HANDOVER, COURT_DAY, CHANGES),
)
CODES: tuple[tuple[str, type[StrEnum]], ...] = (
    ("stage", TimedStage),
    ("late_by", LateBy),
    ("question", TreatmentQuestion),
    ("state", CaseState),
    ("transfers.state", HopState),
    ("handover.state", HandoverState),
    ("handover.kind", TaskKind),
    ("route", Route),
    ("standing", CourtDayStanding),
    ("effect", CourtOrderEffect),
    ("area", ChangeArea),
)


def test_every_heading_and_code_has_a_text_and_no_text_is_of_none() -> None:
    assert {name for header in OF_CONSOLE for name in header} == TEXTS["headings"].keys()
    for column, codes in CODES:
        assert {code.value for code in codes} <= TEXTS["codes"][column].keys(), column
    for texts in (TEXTS["headings"], *TEXTS["codes"].values()):
        assert all(len(told) == 2 for told in texts.values())


@pytest.mark.parametrize("language", ["en", "hi"])
def test_a_stage_has_the_name_that_the_page_has(language: str) -> None:
    page = orjson.loads((ROOT / "console" / "text" / language / "supervisor.json").read_bytes())
    place = ["en", "hi"].index(language)
    assert {code: told[place] for code, told in TEXTS["codes"]["stage"].items()} == {
        code: page[f"stage.{code}"] for code in TEXTS["codes"]["stage"]
    }


def test_codes_sums_and_times_are_those_of_people() -> None:
    header = ("stage", "about", "p95_seconds", "held_paise", "began_at", "due", "other_paise")
    rows = (
        ("notice", "LUCKNOW", 12.5049, 1_234_50, "2026-11-24T19:00:00Z", "2026-11-24", 5),
        ("other", "", None, None, None, "", None),
    )
    table = Table(title="stages", header=header, rows=rows)
    hindi = for_people(table, Language.HI)
    began = "शुरू (भारतीय समय)"
    assert hindi.header == ("चरण", "समूह", "100 में 95 इतने सेकंड में", "रोकी गई (₹)", began, "अंतिम दिन", "other_paise")
    # A sum under a name of the API stays in the unit that the name says.
    assert hindi.rows[0] == ("सूचना", "लखनऊ", 12.5, 1_234.5, "25-11-2026 00:30:00", "24-11-2026", 5)
    assert hindi.rows[1] == ("other", "", None, None, None, "", None)
    assert for_people(table, Language.EN).header[2] == "95 of 100 within, in seconds"
