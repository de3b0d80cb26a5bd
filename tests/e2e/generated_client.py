"""A client made from a published description (OpenAPI 3.1) and from nothing else.

It knows no path, no field and no status of its own: operations become methods by their `operationId`, parameters become
arguments, and whatever is sent or comes back must be as described. What is not described is `NotDescribed`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = Any
DESCRIPTION = "urn:description"


class NotDescribed(Exception):
    """What is asked, or what came back, is not in the description; the text says what."""


class Refused(Exception):
    """A described response that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Operation:
    """One operation, and where in the description it stands."""

    method: str
    path: str
    pointer: str
    described: Mapping[str, Any]


@dataclass
class GeneratedClient:
    """The client. `credentials`: a secret by the name of a security scheme; the caller puts in what it has."""

    document: Mapping[str, Any]
    http: httpx.AsyncClient
    credentials: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        described = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(DESCRIPTION, described)
        self.operations = {
            described["operationId"]: Operation(method, path, f"/paths/{_escaped(path)}/{method}", described)
            for path, methods in self.document["paths"].items()
            for method, described in methods.items()
        }

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Json]]:
        """The operation of that name, as a method: its parameters by their names, dashes as underscores, and `body`."""
        operation = self.operations.get(name)
        if operation is None:
            raise AttributeError(name)

        async def call(*, body: Json = None, **arguments: Any) -> Json:
            return await self._call(operation, body, arguments)

        return call

    async def _call(self, operation: Operation, body: Json, arguments: dict[str, Any]) -> Json:
        path = operation.path
        for name, value in self._given(operation, "path", arguments).items():
            path = path.replace("{" + name + "}", quote(value, safe=""))
        query = self._given(operation, "query", arguments)
        headers = self._given(operation, "header", arguments) | self._authorization(operation)
        if arguments:
            raise NotDescribed(f"{operation.pointer} takes no {', '.join(arguments)}")
        if "requestBody" in operation.described:
            self._check(body, f"{operation.pointer}/requestBody/content/{_escaped('application/json')}/schema")
            response = await self.http.request(operation.method, path, params=query, headers=headers, json=body)
        else:
            response = await self.http.request(operation.method, path, params=query, headers=headers)
        return self._read(operation, response)

    def _given(self, operation: Operation, place: str, arguments: dict[str, Any]) -> dict[str, str]:
        """The arguments that go there, taken out of `arguments`, each as its schema says."""
        found: dict[str, str] = {}
        for number, one in enumerate(operation.described.get("parameters", ())):
            name = one["name"].replace("-", "_").lower()
            if one["in"] != place:
                continue
            if name in arguments:
                value = arguments.pop(name)
                self._check(value, f"{operation.pointer}/parameters/{number}/schema")
                found[one["name"]] = str(value)
            elif one.get("required"):
                raise NotDescribed(f"{operation.pointer} needs {name}")
        return found

    def _authorization(self, operation: Operation) -> dict[str, str]:
        """The header of the first scheme that the operation takes and that we have a secret for."""
        wanted = [next(iter(one)) for one in operation.described.get("security", ())]
        schemes = self.document["components"]["securitySchemes"]
        for name in wanted:
            if name in self.credentials and schemes[name]["type"] == "http" and schemes[name]["scheme"] == "bearer":
                return {"Authorization": f"Bearer {self.credentials[name]}"}
        if wanted:
            raise NotDescribed(f"{operation.pointer} needs one of {', '.join(wanted)}")
        return {}

    def _read(self, operation: Operation, response: httpx.Response) -> Json:
        """The body, once the response is found to be as described."""
        pointer = f"{operation.pointer}/responses/{response.status_code}"
        described = operation.described["responses"].get(str(response.status_code))
        if described is None:
            raise NotDescribed(f"{pointer}: {response.text}")
        if "$ref" in described:
            pointer = described["$ref"].removeprefix("#")
            described = self._at(pointer)
        self._check_headers(pointer, described, response.headers)
        body = self._body(pointer, described, response)
        if not response.is_success:
            raise Refused(response.status_code, body)
        return body

    def _body(self, pointer: str, described: Mapping[str, Any], response: httpx.Response) -> Json:
        content = described.get("content", {})
        if not content and not response.content:
            return None
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if media_type not in content:
            raise NotDescribed(f"{pointer} has no {media_type}")
        body = response.json() if media_type.endswith("json") else response.text
        self._check(body, f"{pointer}/content/{_escaped(media_type)}/schema")
        return body

    def _check_headers(self, pointer: str, described: Mapping[str, Any], headers: httpx.Headers) -> None:
        for name, header in described.get("headers", {}).items():
            whole = self._at(header["$ref"].removeprefix("#")) if "$ref" in header else header
            if whole.get("required") and name not in headers:
                raise NotDescribed(f"{pointer} lacks {name}")

    def _check(self, value: Json, pointer: str) -> None:
        schema = {"$ref": f"{DESCRIPTION}#{quote(pointer)}"}
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=FormatChecker())
        try:
            validator.validate(value)
        except ValidationError as error:
            raise NotDescribed(f"{pointer}: {error.message} at {error.json_path}") from None

    def _at(self, pointer: str) -> Mapping[str, Any]:
        found: Any = self.document
        for step in pointer.strip("/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part: Mapping[str, Any] = found
        return part


def _escaped(name: str) -> str:
    """A name as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
