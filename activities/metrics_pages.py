"""The pages of metrics of several processes, merged into one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Family:
    """One metric family while pages are merged: its comment lines, and its samples by series."""

    kind: str = "untyped"
    comments: list[str] = field(default_factory=list)
    samples: dict[str, str] = field(default_factory=dict)


def joined(texts: Sequence[str]) -> str:
    """Merge the pages of several processes into one, in their order, each family once.

    Counters and histograms are summed. Of a gauge, the first page's value is used.
    """
    families: dict[str, _Family] = {}
    for text in texts:
        for series, value, family in _samples(text.splitlines(), families):
            known = family.samples.get(series)
            if known is None:
                family.samples[series] = value
            elif family.kind in {"counter", "histogram", "summary"}:
                family.samples[series] = _plain(float(known) + float(value))
    lines: list[str] = []
    for family in families.values():
        lines += family.comments
        lines += (f"{series} {value}" for series, value in family.samples.items())
    return "\n".join(lines) + "\n"


def _samples(lines: Iterable[str], families: dict[str, _Family]) -> Iterable[tuple[str, str, _Family]]:
    """Yield each sample of one page with its family. A page writes a family's comments before its samples."""
    family = families.setdefault("", _Family())
    fresh: set[str] = set()
    for line in lines:
        if line.startswith("# "):
            _, keyword, name, *rest = line.split(" ", 3)
            if name not in families:
                families[name] = _Family()
                fresh.add(name)
            family = families[name]
            if name in fresh:
                family.comments.append(line)
                family.kind = rest[0] if keyword == "TYPE" and rest else family.kind
        elif line:
            series, _, value = line.rpartition(" ")
            yield series, value, family


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
