"""Plans that PostgreSQL really uses, of statements and of those inside functions, for a benchmark.

The module `auto_explain` of the server sends each plan to the session as a notice, with its rows and pages.
"""

from typing import Final

from db.pool import Connection

_SETTINGS: Final = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
    # The plans are kept, and parameters may be personal data.
    "auto_explain.log_parameter_max_length": "0",
}


async def show_plans(connection: Connection, database: str) -> None:
    """Let later sessions of a database get the plan of each statement; the connection is the superuser's."""
    for name, value in _SETTINGS.items():
        await connection.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")


async def hide_plans(connection: Connection, database: str) -> None:
    """Let later sessions of a database get no plans."""
    for name in _SETTINGS:
        await connection.execute(f"ALTER DATABASE {database} RESET {name}")
