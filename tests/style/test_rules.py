"""No file breaks the style rule. Each check of it finds what breaks it, and leaves alone what does not."""

import pytest

from tests.paths import ROOT
from tests.style.rules import (
    FIRST_LINE_WORDS_MAX,
    ROOMS,
    all_violations,
    glossary,
    hindi_violations,
    missing_names,
    page_violations,
    plain_names,
    python_violations,
    singular,
)

PLACE = "domain/hop.py"
LONG = " ".join(["Return", *["one"] * FIRST_LINE_WORDS_MAX])


def found(text: str, name: str = PLACE) -> list[str]:
    """Return the rules that the text breaks, in a file whose name is fit."""
    return [one.rule for one in python_violations(name, text)]


def test_no_file_breaks_the_style_rule() -> None:
    told = [f"{name}:{one.line}: {one.rule}: {one.text}" for name, each in all_violations().items() for one in each]
    assert not told, "CONTRIBUTING.md, Style rule:\n" + "\n".join(told)


@pytest.mark.parametrize(
    "text",
    [
        '"""Return the lien for whoever asks."""',
        "# Nobody reads this.",
        'raise ValueError("the hand died")',
        'raise NotNow(f"order {x} is let go")',
        'X = 1\n"""of the way home"""',
        '"""The first line is fit.\n\nThe second says anew.\n"""',
        'note = "the bank\'s word"',
        "async def test_nobody_asks() -> None: ...",
    ],
)
def test_a_banned_word_is_found(text: str) -> None:
    assert found(text) == ["banned-word"]


@pytest.mark.parametrize(
    "text",
    [
        "hands = 1",
        'X = "anew"',
        '"""Return what `whoever` names."""',
        "# filled in by hand, at most 20 words",
        'X = "SELECT word FROM hands WHERE x"',
        'X = "serve [bold]way-home[/] alone"',
        'def above(rung: "Rung | None") -> None: ...',
    ],
)
def test_code_holds_no_banned_word(text: str) -> None:
    assert "banned-word" not in found(text, "db/hop.py")


def test_line_of_a_banned_word_is_told() -> None:
    (one,) = python_violations(PLACE, '"""Return the lien.\n\nFor whoever.\n"""\n')
    assert one.line == 3
    assert one.text == "whoever: For whoever."
    (hindi,) = hindi_violations("मामला\nयह होल्ड है\nफ़ोन, ज़िला, तारीख, लेन-देन")
    assert (hindi.rule, hindi.line) == ("hindi-term", 2)


@pytest.mark.parametrize("start", ["It", "What", "Whoever", "That"])
def test_a_first_line_begins_with_no_pronoun(start: str) -> None:
    assert "first-line-start" in found(f'def f() -> None:\n    """{start} is found."""')
    assert "first-line-start" in found(f'class A:\n    """{start} is found."""')


def test_a_first_line_has_20_words_at_most() -> None:
    assert found(f'"""{LONG}."""') == ["first-line-length"]
    assert found(f'"""{LONG.removesuffix(" one")}.\n\n{LONG}."""') == []


def test_a_module_is_named_from_the_glossary() -> None:
    assert found("", "domain/frobnication.py") == ["module-name"]
    assert found("", "domain/hops.py") == []
    assert found("", "domain/parcels.py") == ["module-name"], "a word that the glossary gives up"
    assert {"hop", "lien", "bucket"} <= glossary()


def test_plain_names_are_in_use_and_not_in_the_glossary() -> None:
    names = [file.stem for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    assert plain_names() <= {singular(part) for name in names for part in name.split("_")}
    assert not plain_names() & glossary()


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "  INSERT INTO hop VALUES (1)", "UPDATE hop SET x = 1", "DELETE FROM hop", "WITH a AS (SELECT)"]
)
def test_sql_stands_in_db_alone(sql: str) -> None:
    assert found(f'x("{sql}")') == ["sql-outside-db"]
    assert found(f'x(f"{sql} {{y}}")') == ["sql-outside-db"]
    assert found(f'x("{sql}")', "db/hop.py") == []
    assert found('x("Select a bank", "update the hop")') == []


@pytest.mark.parametrize("read", ["datetime.now(UTC)", "time.time()", "datetime.today()", "date.today()"])
def test_the_wall_clock_is_read_in_one_place(read: str) -> None:
    assert found(f"x = {read}") == ["wall-clock"]
    assert "wall-clock" not in found(f"x = {read}", "adapters/clock.py")
    assert "wall-clock" in found(f"x = {read}", "activities/context.py")
    assert found("x = time.monotonic()") == []


@pytest.mark.parametrize(
    "text",
    [
        'task = NewTask(kind=1, note=f"order {order_id}")',
        'hold(kept_by=f"court_order {row.court_order_id}")',
        'def note_of(x: int) -> str:\n    return f"order {order_id}: ask"',
        "x(\"SELECT FROM desk_task t WHERE starts_with(t.note, 'order ')\")",
        "x(\"SELECT FROM account_hold WHERE kept_by LIKE 'court%'\")",
    ],
)
def test_a_key_in_free_text_is_found(text: str) -> None:
    assert found(text, "db/hop.py") == ["key-in-text"]


def test_a_note_without_a_key_is_fit() -> None:
    assert found('task = NewTask(kind=1, note=f"{count} transfers")') == []


@pytest.mark.parametrize(
    "text", ["told = 1", "for one in x: ...", "def f(said: str) -> None: ...", "[found for found in x]"]
)
def test_a_name_of_no_thing_is_found(text: str) -> None:
    assert found(text) == ["vague-name"]


def test_a_field_keeps_the_name_of_its_table_or_wire() -> None:
    assert found("class A:\n    told: int\n    said = x.told") == []


def test_a_page_is_read_without_its_code() -> None:
    page = "Whoever asks.\n\n```\nhands anew\n```\n\nSee `vault`, [here](pages/way_home.md).\n\nthe errand\n"
    assert [(one.rule, one.line) for one in page_violations(page)] == [("banned-word", 1), ("banned-word", 9)]


def test_tests_are_read_for_banned_words_alone() -> None:
    assert found('"""What nobody does."""\nx = datetime.now(UTC)', "tests/domain/frobnication.py") == ["banned-word"]


def test_a_named_path_or_module_is_there() -> None:
    there = "`db/case/cases.py` `db.case.cases.is_paused` `domain/texts/` `docs/<page>.md` `documents.service_seconds`"
    assert missing_names(there) == []
    wrong = ("db/case/case.py", "db.case.case", "db.case.cases.is_pause", "tests/style/rule.py::test_it")
    assert [named.text for named in missing_names("\n".join(f"`{name}`" for name in wrong))] == list(wrong)
