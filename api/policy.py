"""The values of the policy that are in force, each with its source."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter

from api.auth import may
from api.problems import IN_THE_DESCRIPTION
from api.roles import Action
from api.services import TheServices
from api.tokens import Officer
from schemas.policy import PolicyValue, PolicyView

router = APIRouter(prefix="/api/v1", tags=["policy"], responses=IN_THE_DESCRIPTION)


@router.get("/policy")
async def read_policy(services: TheServices, _: Annotated[Officer, may(Action.READ_POLICY)]) -> PolicyView:
    """Return the values of this process's policy. A case or a row keeps the values with which it began."""
    values = services.ctx.policy.model_dump(mode="json")
    return PolicyView(version=str(values.pop("version")), values=tuple(_values(values, "", "")))


def _values(section: dict[str, Any], prefix: str, source: str) -> Iterator[PolicyValue]:
    """Yield the values of a section, by name.

    A value without a source of its own has that of the section around it.
    """
    own = str(section.get("source", source))
    for name, value in section.items():
        if name == "source":
            continue
        if isinstance(value, dict):
            yield from _values(value, f"{prefix}{name}.", own)
        else:
            yield PolicyValue(name=f"{prefix}{name}", value=value, source=own)
