"""`make pictures`: copy the pictures that `docs/` shows from what the tests in the browser took.

The tests show every page in both themes and languages. With `PICTURES=1` they keep a picture of each in
`build/pictures`.
"""

import shutil
import sys
from typing import Final

from tests.browser.seat import PICTURES
from tests.paths import ROOT

SHOWN: Final = ROOT / "docs" / "pictures"
CHOSEN: Final = (
    "call-sent-en-light",
    "desk-word-en-light",
    "case-en-light",
    "approve-en-light",
    "wall-hi-dark-1920",
    "inbox-holds-en-wide",
    "public-case-hi-small",
)
"""one of each page"""


def main() -> int:
    """Copy the chosen pictures; return 1 if one of them was not taken."""
    SHOWN.mkdir(parents=True, exist_ok=True)
    missing = [name for name in CHOSEN if not (PICTURES / f"{name}.png").is_file()]
    for name in missing:
        sys.stderr.write(f"{name}.png was not taken; run the tests in the browser first\n")
    for name in set(CHOSEN).difference(missing):
        shutil.copyfile(PICTURES / f"{name}.png", SHOWN / f"{name}.png")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
