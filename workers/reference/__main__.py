"""Write everything that is generated: `python -m workers.reference`, or `make docs`.

The pages come into `build/docs/reference`. In the tree stand, in `deploy`, the dashboards and the form of registered
short messages.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from db.migrate import migrate
from workers.embedded.postgres import APPLICATION, EmbeddedPostgres
from workers.reference.dashboards import dashboards
from workers.reference.pages import FOLDER, pages
from workers.reference.sms_templates import SAMPLE, sample


async def write() -> list[str]:
    """Write every file that differs, and return their names."""
    with tempfile.TemporaryDirectory(prefix="goldenhour-reference-") as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server:
            dsn = await server.create_database("reference")
            await migrate(dsn, application=APPLICATION)
            written = dashboards() | {SAMPLE: sample()}
            written |= {FOLDER / name: text for name, text in (await pages(dsn)).items()}
    changed = []
    for path, text in written.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path.name)
    return changed


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in asyncio.run(write()))
