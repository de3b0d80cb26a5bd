"""The text about a task: every cause has one, in every language that has a table."""

from string import Formatter

import pytest

from domain import task_notes
from domain.task_notes import ENGLISH, TEXTS, compose
from schemas.enums import Language
from schemas.restoration_enums import DocumentKind
from schemas.tasks import DocumentWaits, TaskCause, TaskFacts, TaskSubject, about

ORDER = about(TaskSubject.ORDER, "6f1c")


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_every_text_with_the_same_facts(language: Language) -> None:
    texts = TEXTS[language]
    assert set(TaskCause) <= set(texts)
    assert {name: fields(text) for name, text in texts.items()} == {name: fields(ENGLISH[name]) for name in ENGLISH}


@pytest.mark.parametrize("cause", TaskCause)
def test_every_cause_is_composed_from_whatever_facts_are_known(cause: TaskCause) -> None:
    for kind in TaskSubject:
        assert isinstance(compose(cause, about(kind, 7), TaskFacts()), str)


def test_a_language_without_a_table_is_shown_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    english = compose(TaskCause.ORDER_NOT_DONE, ORDER, TaskFacts())
    assert english == compose(TaskCause.ORDER_NOT_DONE, ORDER, TaskFacts(), Language.HI) == "order 6f1c"
    hindi = {**ENGLISH, TaskCause.ORDER_NOT_DONE: "आदेश {id}"}
    monkeypatch.setattr(task_notes, "TEXTS", {**TEXTS, Language.HI: hindi})
    assert compose(TaskCause.ORDER_NOT_DONE, ORDER, TaskFacts(), Language.HI) == "आदेश 6f1c"


@pytest.mark.parametrize(
    ("cause", "kind", "facts", "text"),
    [
        (TaskCause.ORDER_NOT_SENT, TaskSubject.ORDER, TaskFacts(error="X"), "order 7: not sent: X"),
        (TaskCause.SMALL_HOLD, TaskSubject.HOLD, TaskFacts(institution="HDFC"), "what else it has is not known"),
        (
            TaskCause.UNREACHABLE,
            TaskSubject.COMPLAINT,
            TaskFacts(message="hold"),
            "cannot be told: complaint 7: hold",
        ),
        (TaskCause.UNREACHABLE, TaskSubject.HOLD, TaskFacts(reference="R"), "holder of R: "),
        (
            TaskCause.UNREACHABLE,
            TaskSubject.CASE,
            TaskFacts(to_whom="io", message="hold"),
            "cannot be told: io: hold",
        ),
        (
            TaskCause.DOCUMENTS_WAIT,
            TaskSubject.CASE,
            TaskFacts(documents=(DocumentWaits(kind=DocumentKind.NOTICE_107, lacking=("a", "b"), failures=("E",)),)),
            "documents: notice_107 lacks a, b; notice_107 failed: E",
        ),
    ],
)
def test_texts_that_depend_on_the_facts(cause: TaskCause, kind: TaskSubject, facts: TaskFacts, text: str) -> None:
    assert text in compose(cause, about(kind, 7), facts)
