"""All generated pages, by their file names. They stand in `build/docs/reference`, and no version of them is kept."""

from pathlib import Path
from typing import Final

from api.route_errors import reference
from db import connections
from workers.reference.commands import commands_page
from workers.reference.metrics import metrics_page
from workers.reference.notifications import notifications_page
from workers.reference.policy import policy_page
from workers.reference.routes import routes_page, schemas_page
from workers.reference.settings import settings_page
from workers.reference.states import states_page
from workers.reference.tables import tables_page
from workers.reference.triggers import triggers_page

FOLDER: Final = Path(__file__).resolve().parents[2] / "build" / "docs" / "reference"
NAMES: Final = (
    *("routes.md", "schemas.md", "errors.md", "tables.md", "triggers.md", "states.md", "notifications.md"),
    *("policy.md", "metrics.md", "settings.md", "commands.md"),
)
"""the pages, in the order of docs/reference/README.md"""


async def pages(dsn: str) -> dict[str, str]:
    """Return every page by its file name; `dsn` is a database with every migration applied."""
    connection = await connections.connect(dsn, "goldenhour reference")
    try:
        by_file = {
            "tables.md": await tables_page(connection),
            "triggers.md": await triggers_page(connection),
            "states.md": await states_page(connection),
        }
    finally:
        await connection.close()
    return by_file | {
        "routes.md": routes_page(),
        "schemas.md": schemas_page(),
        "notifications.md": notifications_page(),
        "policy.md": policy_page(),
        "metrics.md": metrics_page(),
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "errors.md": reference(),
    }
