"""The style rule as checks: each returns what breaks it in one file."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.paths import ROOT

ROOMS: Final = (
    "activities",
    "adapters",
    "api",
    "benchmarks",
    "db",
    "documents",
    "domain",
    "schemas",
    "simulator",
    "workers",
    "workflows",
)
"""Every rule holds here. In tests and pages only the banned words are looked for."""
FIRST_LINE_WORDS_MAX: Final = 20
CLOCKS: Final = frozenset({"adapters/clock.py", "simulator/clock.py"})
"""The files that may read the wall clock: one of the product, and one of the simulator, which imports no room of it."""
PLAIN_NAMES: Final = Path(__file__).with_name("plain_names.txt")
"""Plain technical words, which a module's name may have without an entry in the glossary."""
GLOSSARY: Final = ROOT / "docs" / "glossary.md"
HINDI_TERMS: Final = "## Hindi terms"
"""The glossary's section of Hindi terms. The last column has the terms that the texts of people do not use."""
HINDI_TEXTS: Final = (
    "console/text/hi/*.json",
    "api/templates/**/hi*.toml",
    "domain/texts/hi/[!d]*.toml",
    "domain/messages.toml",
    "documents/event*.toml",
    "api/*.py",
)
OLD_WORDS: Final = "## Words we no longer use"
"""The glossary's last section, which lists banned words beside the terms that replace them."""

_BANNED: Final = re.compile(
    r"\b(whoever|nobody|anew|hands?|way[\s_-]home|homeward|let(?:s|ting)?[\s_]go|words?|rungs?|couriers?|vaults?"
    r"|parcels?|errands?|nouns?|astray|climb(?:s|ed|ing)?|chasers?|vouch(?:es|ed|ing)?|papers?|waves?)\b",
    re.IGNORECASE,
)
_FIT: Final = re.compile(r"\bby\shand\b|\b(banned|first|several|\d+)\swords?\b", re.IGNORECASE)
"""Uses of a banned word in its plain sense."""
_STARTS: Final = re.compile(r"(It|What|Whoever|That)\b", re.IGNORECASE)
_CODE: Final = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)\n]*\)|\[bold\].*?\[/\]", re.DOTALL)
"""Code in a page, a docstring or a help text: between backticks, in a link, or in bold."""
_SQL: Final = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|TRUNCATE\s|CREATE\s+(OR\s|TABLE\s"
    r"|INDEX\s|ROLE\s|DATABASE\s|FUNCTION\s|TRIGGER\s)|ALTER\s+\w+\s|DROP\s+\w+\s|GRANT\s+\w+|REVOKE\s+\w+|LISTEN\s|NOTIFY\s)"
)
_SQL_INSIDE: Final = re.compile(r"\b(SELECT|FROM|WHERE|INSERT|UPDATE|DELETE|VALUES|JOIN|ORDER BY|AND|NOT)\b")
_KEY_READ: Final = re.compile(
    r"\b(starts_with|right|left|split_part|strpos|substr|substring|position)\s*\(\s*(\w+\.)?(note|kept_by|remark|reason)\b"
    r"|\b(note|kept_by|remark|reason)\s+(NOT\s+)?I?LIKE\b"
)
_TYPES: Final = re.compile(r"\w+( \| \w+)+")
"""A type between quotes, such as "Rung | None"."""
VAGUE_NAMES: Final = frozenset({"told", "said", "says", "one", "found"})
"""Names of variables and parameters that tell no reader which thing is meant."""
_NAMED: Final = re.compile(rf"`((?:{'|'.join((*ROOMS, 'console', 'deploy', 'docs', 'tests'))})[./][\w./:-]*\w/?)`")
"""A path, or a dotted name of a module, between backquotes. One with a placeholder is left aside."""
_BUILT: Final = "console/dist"
"""What is built is not in every checkout."""
_KEY: Final = re.compile(r"(_id|_no|_code|_number)$")


class Violation(NamedTuple):
    """One place that breaks one rule."""

    rule: str
    line: int
    text: str


class Source(NamedTuple):
    """One Python file, read."""

    name: str
    """path below the checkout"""
    text: str
    nodes: tuple[ast.AST, ...]


Check = Callable[[Source], Iterator[Violation]]


def python_violations(name: str, text: str) -> list[Violation]:
    """Return every violation in a Python file."""
    checks = CHECKS if name.partition("/")[0] in ROOMS else (banned_words,)
    if not _BANNED.search(text.replace("_", " ")):
        # To look at each text of a file costs more than to look at the file.
        checks = tuple(check for check in checks if check is not banned_words)
    if not checks:
        return []
    source = Source(name, text, tuple(ast.walk(ast.parse(text))))
    return [violation for check in checks for violation in check(source)]


def page_violations(text: str) -> list[Violation]:
    """Return the banned words of a page, code left aside."""
    plain = _CODE.sub(lambda found: "\n" * found.group().count("\n"), text)
    return [one for number, line in enumerate(plain.splitlines(), start=1) for one in _banned(line, number)]


def all_violations(root: Path = ROOT) -> dict[str, list[Violation]]:
    """Return every violation of the checkout, by file."""
    found = {}
    for file in _files(root):
        name = str(file.relative_to(root))
        if file.parent == Path(__file__).parent:
            continue  # the tests of the rule quote what breaks it
        text = file.read_text(encoding="utf-8")
        if file == GLOSSARY:
            text = text.partition(OLD_WORDS)[0]
        found[name] = page_violations(text) if file.suffix == ".md" else python_violations(name, text)
        found[name] += missing_names(text)
    for file in sorted(one for pattern in HINDI_TEXTS for one in root.glob(pattern)):
        found.setdefault(str(file.relative_to(root)), []).extend(hindi_violations(file.read_text(encoding="utf-8")))
    return {name: violations for name, violations in sorted(found.items()) if violations}


def hindi_violations(text: str) -> list[Violation]:
    """Return the Hindi terms of a file in whose place the glossary has another one."""
    if not other_hindi().search(text):
        return []
    lines = enumerate(text.splitlines(), start=1)
    return [Violation("hindi-term", number, line) for number, line in lines if other_hindi().search(line)]


def missing_names(text: str) -> list[Violation]:
    """Return the paths and modules that a file names between backquotes and that are not there."""
    return [
        Violation("missing-name", number, named)
        for number, line in enumerate(text.splitlines(), start=1)
        for named in _NAMED.findall(line)
        if not (_is_path(named) if "/" in named else _is_module(named))
    ]


@cache
def _is_path(named: str) -> bool:
    path = named.partition(":")[0]
    return path.startswith(_BUILT) or (ROOT / path).exists() or (ROOT / f"{path}.py").exists()


@cache
def _is_module(named: str) -> bool:
    """Return whether a module is there, with the first name in it; or a setting of the policy of that name."""
    folder, names = ROOT, named.split(".")
    while names and (folder / names[0]).is_dir():
        folder /= names.pop(0)
    file = folder / f"{names[0]}.py" if names else folder
    if file.exists():
        return not names[1:] or re.search(rf"\b{names[1]}\b", file.read_text(encoding="utf-8")) is not None
    return len(names) == 1 and f"\n{names[0]} = " in (ROOT / "domain/policy/policy.toml").read_text(encoding="utf-8")


@cache
def other_hindi(page: Path = GLOSSARY) -> re.Pattern[str]:
    """Return what finds the terms of the last column, also with an ending."""
    section = page.read_text(encoding="utf-8").partition(HINDI_TERMS)[2].partition("\n## ")[0]
    columns = [line.split("|")[3] for line in section.splitlines() if line.startswith("|")][2:]
    terms = [term.strip() for column in columns for term in column.split(",") if term.strip()]
    return re.compile(rf"(?<![\u0900-\u097f])({'|'.join(map(re.escape, terms))})")


def _files(root: Path) -> Iterator[Path]:
    for folder in (*ROOMS, "tests", "requirements"):
        yield from (root / folder).rglob("*.py")
    for folder in ("docs", "deploy", "tests"):
        yield from (root / folder).rglob("*.md")
    yield from root.glob("*.md")


# -- the rules ---------------------------------------------------------------------------------------------------------


def banned_words(source: Source) -> Iterator[Violation]:
    """Find banned words in docstrings, comments, texts and names of tests. Code inside them is no text."""
    # To find comments costs more than all else. So only a file is read for them that has such a word behind a "#".
    may_comment = any(_BANNED.search(line.partition("#")[2]) for line in source.text.splitlines() if "#" in line)
    for line, text in (*(_comments(source.text) if may_comment else ()), *_texts(source.nodes)):
        yield from _banned(_CODE.sub("", text), line)
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield from _banned(node.name.replace("_", " "), node.lineno)


def first_lines(source: Source) -> Iterator[Violation]:
    """Find docstrings whose first line is too long, or begins with a pronoun."""
    for node in source.nodes:
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = (ast.get_docstring(node) or "").partition("\n")[0]
        line = node.body[0].lineno if node.body else 1
        if len(first.split()) > FIRST_LINE_WORDS_MAX:
            yield Violation("first-line-length", line, first)
        if _STARTS.match(first):
            yield Violation("first-line-start", line, first)


def module_name(source: Source) -> Iterator[Violation]:
    """Find words of a module's name that are neither in the glossary nor plain."""
    name = Path(source.name).stem
    if not name.startswith("__"):
        for part in name.split("_"):
            if singular(part) not in glossary() | plain_names():
                yield Violation("module-name", 1, part)


def sql_outside_db(source: Source) -> Iterator[Violation]:
    """Find SQL in a room that has no tables."""
    if not source.name.startswith("db/"):
        for line, text in _constants(source.nodes):
            if _SQL.match(text):
                yield Violation("sql-outside-db", line, text)


def wall_clock(source: Source) -> Iterator[Violation]:
    """Find readings of the wall clock outside the two files for it."""
    if source.name in CLOCKS:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            read = f"{node.value.id}.{node.attr}"
            if read in {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}:
                yield Violation("wall-clock", node.lineno, read)


def key_in_text(source: Source) -> Iterator[Violation]:
    """Find keys of entities that are written into free text, or read back from it."""
    for line, text in _constants(source.nodes):
        if _KEY_READ.search(text):
            yield Violation("key-in-text", line, text)
    for node in source.nodes:
        if isinstance(node, ast.keyword) and node.arg in {"note", "kept_by"} and _writes_key(node.value):
            yield Violation("key-in-text", node.value.lineno, ast.unparse(node.value))
        if isinstance(node, ast.FunctionDef) and "note" in node.name.split("_"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None and _writes_key(inner.value):
                    yield Violation("key-in-text", inner.lineno, ast.unparse(inner.value))


def vague_name(source: Source) -> Iterator[Violation]:
    """Find variables and parameters that name no thing. Fields of a class keep the names of their table or wire."""
    fields = {
        id(part)
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign | ast.Assign)
        for part in ast.iter_child_nodes(statement)
    }
    for node in source.nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.MatchAs(name=str(name)):
                if name in VAGUE_NAMES and id(node) not in fields:
                    yield Violation("vague-name", node.lineno, name)


CHECKS: Final[tuple[Check, ...]] = (
    banned_words,
    first_lines,
    module_name,
    sql_outside_db,
    wall_clock,
    key_in_text,
    vague_name,
)


# -- reading -----------------------------------------------------------------------------------------------------------


def _banned(text: str, line: int) -> Iterator[Violation]:
    for found in _BANNED.finditer(_FIT.sub("", text)):
        yield Violation("banned-word", line, f"{found.group()}: {text.strip()}")


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _constants(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _texts(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Return docstrings and every other constant of several words that is not SQL, line by line."""
    for start, text in _constants(nodes):
        if " " in text.strip() and not _SQL_INSIDE.search(text) and not _TYPES.fullmatch(text):
            for number, line in enumerate(text.splitlines()):
                yield start + number, line


def _writes_key(value: ast.expr) -> bool:
    if not isinstance(value, ast.JoinedStr):
        return False
    inside = [part.value for part in value.values if isinstance(part, ast.FormattedValue)]
    names = [one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in inside]
    return any(_KEY.search(name) for name in names)


@cache
def glossary(page: Path = GLOSSARY) -> frozenset[str]:
    """Return the words of the glossary's terms, in the singular. The section of old words is not read."""
    text = page.read_text(encoding="utf-8").partition(OLD_WORDS)[0]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    terms = " ".join(row.split("|")[1] for row in rows)
    return frozenset(singular(word) for word in re.findall(r"[a-z0-9]+", terms.lower()))


@cache
def plain_names(file: Path = PLAIN_NAMES) -> frozenset[str]:
    """Return the plain words of module names, in the singular."""
    return frozenset(singular(word) for word in file.read_text(encoding="utf-8").split())


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(("sses", "tches")):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
