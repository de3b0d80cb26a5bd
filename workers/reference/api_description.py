"""Write the description of the API to a file: `python -m workers.reference.api_description FILE`."""

import json
import sys
from pathlib import Path

from workers.reference.routes import described_app


def main(file: str) -> None:
    """Write the description, which comes from the application's own routes, without a server."""
    Path(file).write_text(json.dumps(described_app().openapi(), sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
