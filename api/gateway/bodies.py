"""Bodies of requests from banks, which are read after the bank is known and its bytes are kept."""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.gateway.auth import Caller
from schemas.base import FrozenModel

N = TypeVar("N", bound=FrozenModel)


def takes(model: type[FrozenModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a body that `body_of` reads."""
    schema = model.model_json_schema()
    inlined = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def _inlined(part: Any, named: dict[str, Any]) -> Any:
    """Return a schema without references, because the `openapi_extra` of a route cannot hold named schemas."""
    if isinstance(part, list):
        return [_inlined(member, named) for member in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(named[part["$ref"].rpartition("/")[2]], named)
    return {name: _inlined(member, named) for name, member in part.items() if name != "discriminator"}


def body_of(bank: Caller, model: type[N]) -> N:
    """Return the body as a model. Raises `RequestValidationError` with every invalid field."""
    try:
        return model.model_validate_json(bank.body)
    except ValidationError as error:
        mistakes = [{**mistake, "loc": ("body", *mistake["loc"])} for mistake in error.errors(include_url=False)]
        raise RequestValidationError(mistakes) from None
