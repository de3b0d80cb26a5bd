"""The bodies of banks' own requests: read once the bank is known and its bytes are kept, and described all the same."""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.bank_gateway.auth import Caller
from schemas.base import FrozenModel

N = TypeVar("N", bound=FrozenModel)


def takes(model: type[FrozenModel]) -> dict[str, Any]:
    """What the description says of a body that is read here, after the bank is known and its bytes are kept."""
    schema = model.model_json_schema()
    whole = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inlined(part: Any, named: dict[str, Any]) -> Any:
    """A schema without references: a route's own part of the description has no place for named ones."""
    if isinstance(part, list):
        return [_inlined(member, named) for member in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(named[part["$ref"].rpartition("/")[2]], named)
    return {name: _inlined(member, named) for name, member in part.items() if name != "discriminator"}


def body_of(bank: Caller, model: type[N]) -> N:
    """What the bank sent, as the noun it must be. Raises `RequestValidationError` naming every field that is not."""
    try:
        return model.model_validate_json(bank.body)
    except ValidationError as error:
        mistakes = [{**mistake, "loc": ("body", *mistake["loc"])} for mistake in error.errors(include_url=False)]
        raise RequestValidationError(mistakes) from None
