"""The page of triggers: what a write to a table sets off."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from db import catalog
from db.catalog import Trigger
from db.pool import Connection
from workers.reference.effects import EFFECTS, Sort
from workers.reference.markdown import code, mermaid, page, table
from workers.reference.table_modules import check_complete

_INTRODUCTION: Final = """PostgreSQL does this by itself, in the transaction of the write. Look here when a row
appears and no Python code writes it."""
_DEFINITION: Final = re.compile(
    r"CREATE (?P<deferred>CONSTRAINT )?TRIGGER \S+ (?P<event>.+?) ON \S+ .*?"
    r"(?:WHEN \((?P<when>.+)\) )?EXECUTE FUNCTION",
    re.DOTALL,
)
_CASTS: Final = re.compile(r"::\w+(\[\])?")


async def triggers_page(connection: Connection) -> str:
    """Return the page of triggers. Raises `Incomplete` where a function has no text."""
    triggers = await catalog.triggers(connection)
    check_complete("workers/reference/effects.py", list(EFFECTS), list({trigger.function for trigger in triggers}))
    flow, derived, rule = (_of(triggers, sort) for sort in Sort)
    kept = [trigger for trigger in rule if trigger.function == "refuse_change"]
    rows = [[code(trigger.table), _event(trigger)] for trigger in kept]
    return page(
        "What a write sets off",
        _INTRODUCTION,
        "## Picture",
        mermaid(_picture(flow)),
        "## Further work",
        _table(flow),
        "## Columns and rows that follow",
        _table(derived),
        "## Rules that refuse a write",
        _table([trigger for trigger in rule if trigger not in kept]),
        "## Append-only tables",
        "`refuse_change` refuses these events. The rows that it protects are evidence.",
        table(["table", "refused"], rows),
    )


def _of(triggers: Sequence[Trigger], sort: Sort) -> list[Trigger]:
    return [trigger for trigger in triggers if EFFECTS[trigger.function].sort is sort]


def _table(triggers: Sequence[Trigger]) -> str:
    rows = []
    for trigger in triggers:
        effect = EFFECTS[trigger.function]
        writes = ", ".join(code(name) for name in effect.writes)
        notified = f"notifies {code(effect.wakes)}" if effect.wakes else ""
        rows.append(
            [
                code(trigger.table),
                _event(trigger),
                code(trigger.function),
                effect.text,
                "; ".join(filter(None, [writes, notified])),
            ]
        )
    return table(["table", "on", "function", "what it does", "writes"], rows)


def _event(trigger: Trigger) -> str:
    matched = _DEFINITION.search(trigger.definition)
    assert matched is not None, trigger.definition
    event = matched["event"].lower()
    deferred = ", at commit" if matched["deferred"] else ""
    when = f", when {code(_bare(_CASTS.sub('', matched['when'])))}" if matched["when"] else ""
    return f"{event}{deferred}{when}"


def _bare(condition: str) -> str:
    """Return a condition without the parentheses around the whole of it."""
    while condition.startswith("(") and _closes_at(condition) == len(condition) - 1:
        condition = condition[1:-1]
    return condition


def _closes_at(condition: str) -> int:
    depth = 0
    for place, character in enumerate(condition):
        depth += (character == "(") - (character == ")")
        if not depth:
            return place
    return -1


def _picture(flow: Sequence[Trigger]) -> Iterator[str]:
    yield "flowchart LR"
    arrows: dict[str, None] = {}
    for trigger in flow:
        effect = EFFECTS[trigger.function]
        for target in effect.writes:
            arrows[f"{trigger.table} --> {target}"] = None
        if effect.wakes:
            arrows[f"{trigger.table} -. notifies .-> {effect.wakes}_channel(({effect.wakes}))"] = None
    yield from (f"    {arrow}" for arrow in arrows)
