"""Acknowledgement numbers of workbook rows that state none: the references tell whose money a row is about."""

from collections import defaultdict
from collections.abc import Sequence

from domain.workbook.row import ReadTrailRow
from schemas.identifiers import reference_key


def numbers_by_reference(rows: Sequence[ReadTrailRow]) -> list[str]:
    """Return the number of each row, or "" if it is not known.

    It is the row's own, else the only number whose rows have one of its references.
    """
    found = [read.ack_no or "" for read in rows]
    references = [_references(read) for read in rows]
    known: dict[str, set[str]] = defaultdict(set)
    without: dict[str, list[int]] = defaultdict(list)
    for place, number in enumerate(found):
        for key in references[place]:
            if number:
                known[key].add(number)
            else:
                without[key].append(place)
    news = [key for key in without if known[key]]
    while news:  # a row that gets its number may tell the number of others
        for place in without[news.pop()]:
            numbers = {number for key in references[place] for number in known[key]}
            if found[place] or len(numbers) != 1:
                continue
            found[place] = numbers.pop()
            news += [key for key in references[place] if not known[key]]
            for key in references[place]:
                known[key].add(found[place])
    return found


def _references(read: ReadTrailRow) -> tuple[str, ...]:
    if read.row is None:
        return ()
    told = (read.row.root_reference, read.row.reference)
    return tuple(dict.fromkeys(key for key in map(reference_key, told) if key))
