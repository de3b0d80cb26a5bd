"""Return a digest of each route, error, and table or function: what tells a reviewer that one of them has changed."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from api.problems import kind_of
from api.route_errors import all_errors
from db.catalog import describe
from tests.golden.openapi_shape import facts
from workers.reference.routes import actions, described_app

Digests = dict[str, dict[str, str]]
"""digests by kind and name"""
LENGTH: Final = 12
_STATEMENT: Final = re.compile(r"^(?=CREATE |ALTER TABLE |COMMENT ON )", re.MULTILINE)
_SUBJECT: Final = re.compile(
    r"""CREATE\ SEQUENCE\ (?P<sequence>\w+)
      | (?:CREATE|COMMENT\ ON)\ DOMAIN\ (?P<domain>\w+)
      | CREATE\ OR\ REPLACE\ (?:FUNCTION|PROCEDURE)\ public\.(?P<function>\w+)
      | COMMENT\ ON\ FUNCTION\ (?P<commented>\w+)
      | (?:CREATE|ALTER|COMMENT\ ON)\ (?:TABLE|COLUMN)\ (?P<table>\w+)
      | CREATE\ (?:UNIQUE\ )?INDEX\ \w+\ ON\ public\.(?P<indexed>\w+)
      | CREATE\ (?:CONSTRAINT\ )?TRIGGER\ \w+\ .*?\ ON\ public\.(?P<watched>\w+)""",
    re.VERBOSE,
)
_KINDS: Final = {"commented": "function", "indexed": "table", "watched": "table"}


async def digests(dsn: str) -> Digests:
    """Return every digest; `dsn` is a database with every migration applied."""
    return {"routes": routes(), "errors": errors(), "schema": schema(await describe(dsn))}


def routes() -> dict[str, str]:
    """Return the digest of each route: what its description promises, and the roles that may call it."""
    promised: dict[str, list[str]] = {}
    for fact in facts(described_app().openapi()):
        promised.setdefault(fact.operation, []).append(" | ".join(fact))
    for operation, action in actions().items():
        if operation in promised and action is not None:
            promised[operation] += [f"role {role}" for role in action.rule.roles]
    return _digested(promised)


def errors() -> dict[str, str]:
    """Return the digest of each error: its status, type and parameters. Its text may change."""
    kinds = {error: kind_of(error) for error in all_errors()}
    return _digested({error.code: [str(kind.status), kind.name, *error.parameters()] for error, kind in kinds.items()})


def schema(described: str) -> dict[str, str]:
    """Return the digest of each table with its rules, indexes, triggers and comments, and of each function."""
    statements: dict[str, list[str]] = {}
    for statement in _STATEMENT.split(described)[1:]:
        statements.setdefault(_subject(statement), []).append(statement.strip())
    return _digested(statements)


def _subject(statement: str) -> str:
    match = _SUBJECT.match(statement)
    assert match is not None, statement
    ((kind, name),) = ((key, value) for key, value in match.groupdict().items() if value)
    return f"{_KINDS.get(kind, kind)} {name}"


def _digested(texts: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {
        name: hashlib.sha256("\n".join(sorted(texts[name])).encode()).hexdigest()[:LENGTH] for name in sorted(texts)
    }


def changes(before: Digests, now: Digests) -> list[str]:
    """Return a line for each digest that differs, is new or is gone."""
    kinds = [(kind, before.get(kind, {}), now.get(kind, {})) for kind in sorted({*before, *now})]
    return [
        f"{kind}: {name} {'is new' if name not in old else 'is gone' if name not in new else 'has changed'}"
        for kind, old, new in kinds
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def as_text(found: Digests) -> str:
    """Return the digests as the golden file has them."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
