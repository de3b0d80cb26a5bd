"""Part of the build of a wheel: it fails without the built pages of officers, and an editable install needs none."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DIST = "console/dist"
PAGE = f"{DIST}/index.html"


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the pages of officers to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the built pages, unless it is an editable install. Raises `FileNotFoundError` if they are not built."""
        if version == "editable":
            return
        if not (Path(self.root) / PAGE).is_file():
            raise FileNotFoundError(f"{PAGE} is missing; build it with `make console`")
        build_data["force_include"][str(Path(self.root) / DIST)] = DIST
