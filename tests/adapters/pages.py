"""The examples on the pages of documentation."""

import json
from typing import Any


def json_after(page: str, words: str) -> Any:
    """Return the first JSON object after some words of a page. Raises `ValueError` if they do not stand there."""
    start = page.index("{", page.index(words) + len(words))
    return json.JSONDecoder().raw_decode(page[start:])[0]
