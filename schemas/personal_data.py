"""Personal data of a victim, as they are sealed."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel

_Text = Annotated[str, Field(repr=False)]


class PersonalData(FrozenModel):
    """Name and contact of a victim. All are empty after their key is destroyed."""

    name: _Text = ""
    mobile: _Text = ""
    email: _Text = ""
