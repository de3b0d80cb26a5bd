"""The examples on the pages of documentation."""

import json
from typing import Any


def json_after(page: str, before: str) -> Any:
    """Return the first JSON object behind a text on a page. Raises `ValueError` if the text is not there."""
    start = page.index("{", page.index(before) + len(before))
    return json.JSONDecoder().raw_decode(page[start:])[0]
