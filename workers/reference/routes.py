"""The page of routes, from the published OpenAPI: who may call each, what it takes, and what it answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.routing import BaseRoute

from activities.context import Context
from activities.secrets import SecretBox
from api.app import create_app
from api.gateway.auth import BANK_SCHEME
from api.hosts import PATHS, Site
from api.officers.auth import OFFICER_SCHEME, Allowed
from api.officers.sessions import SESSION_SCHEME
from api.parts import Part
from api.roles import Action
from api.services import Services
from domain.policy.model import load_policy
from schemas.enums import Role
from workers.reference.markdown import code, first_sentence, page, table

Json = dict[str, Any]

_INTRODUCTION: Final = """Every operation of the API by what it is about, as `GET /api/v1/openapi.json` describes
it. [api.md](../../../docs/reference/api.md) has the conventions and what all requests and responses have in common.
`?` marks a parameter that may be left out. Officers' routes name their action, and the table of roles says who may
do it."""
_ROLES: Final = """A route names its action, never a role. At which step or level a role may act, and who must be
another person, is checked by the rules (`domain/recovery/procedure.py`, `domain/recovery/grievances.py`)."""
_PROCESSES: Final = """The API has two processes, each with a port of its own. A path of the other process is refused
with the code `served_by_intake` or `served_by_officers` (404). A proxy before them sends each path to its process:"""
_HOSTS: Final = """The TLS port of a process has hosts
([operations.md](../../../docs/how-to/operations.md#hosts-with-tls)). A path of another host is refused with the code
`wrong_host` (421). The hosts of `deploy/nginx.conf` have the same paths, without those for operators. The longest line
that fits a path counts; one that ends in / is for all paths below it:"""
REFUSED_FROM: Final = 400
_SCHEMAS: Final = """What bodies and responses hold, by the names that [routes.md](routes.md) links to. `?` marks a
field that may be left out. Money is an integer in paise, a time is UTC with an offset, an account is a string."""
_EVERYWHERE: Final = """Refusals that every operation can give are left out of the tables: `internal` (500),
`database-unavailable` and `overloaded` (503), `too-large` (413); with a token `not-logged-in` (401) and
`not-allowed` (403); with parameters or a body `invalid-request` (422), `not-json` (400), `too-slow` (408) and
`unsupported-media-type` (415)."""
_COMMON: Final = frozenset(
    {
        *("internal", "database-unavailable", "overloaded", "too-large", "not-logged-in", "not-allowed"),
        *("invalid-request", "not-json", "too-slow", "unsupported-media-type"),
    }
)
_UNUSED_SECRET: Final = SecretStr("the description of the API needs no secret")


@cache
def described_app(part: Part | None = None) -> FastAPI:
    """Return the application, or a part of it, without servers behind it, only to read its routes.

    It is made once, because its description takes seconds and several pages need it.
    """
    nothing: Any = None
    ctx = Context(nothing, nothing, load_policy())
    services = Services(ctx=ctx, notifier=nothing, keys=SecretBox(_UNUSED_SECRET), temporal_answers=nothing)
    return create_app(services, part)


def routes_page() -> str:
    """Return the page of routes."""
    document: Json = described_app().openapi()
    named = actions()
    by_tag: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    parts: list[str] = ["## Processes", _PROCESSES, _processes(), "## Hosts", _HOSTS, _hosts()]
    parts += ["## Roles", _ROLES, _matrix(), "## Operations", _EVERYWHERE]
    for tag, operations in by_tag.items():
        parts += [f"### {tag}", _operations(operations, named)]
    return page("Routes", _INTRODUCTION, *parts)


def actions() -> dict[str, Action | None]:
    """Return the action of each operation, as `GET /api/v1/cases`; None where it names none."""
    return {
        f"{method} {route.path}": _action(route.dependant)
        for route in _routes(described_app().routes)
        for method in route.methods or ()
    }


def _routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of an application, those of the routers that it includes too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from _routes(router.routes)


def _processes() -> str:
    """Return the table of the paths of each process."""
    of_intake, of_officers = (_paths(described_app(part).routes) for part in (Part.INTAKE, Part.OFFICERS))
    both = of_intake & of_officers
    rows = [[code(rule), code(Part.INTAKE)] for rule in proxy_rules(of_intake - both, of_officers - both)]
    rows += [["every other path", code(Part.OFFICERS)]]
    rows += [[", ".join(map(code, sorted(both))), "both, each about itself; not for callers outside"]]
    return table(["path", "process"], rows)


def _hosts() -> str:
    """Return the table of the paths of each host."""
    rows = [[code(path), ", ".join(code(site.host) for site in Site if site in PATHS[path])] for path in sorted(PATHS)]
    return table(["path", "host"], rows)


def _paths(routes: Iterable[BaseRoute]) -> set[str]:
    return {route.path for route in _routes(routes)}


def proxy_rules(own: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the shortest beginnings of the `own` paths that none of the others has, and else the whole paths.

    A rule that ends in / is for all paths below it, and another one for that path only.
    """
    others = set(others)
    rules = set()
    for path in own:
        ends = [at + 1 for at in range(1, len(path)) if path[at] == "/"]
        shorter = (path[:end] for end in ends if not any(other.startswith(path[:end]) for other in others))
        rules.add(next(shorter, path))
    return sorted(rules)


def _action(dependant: Dependant) -> Action | None:
    for dependency in dependant.dependencies:
        action = dependency.call.action if isinstance(dependency.call, Allowed) else _action(dependency)
        if action is not None:
            return action
    return None


def _matrix() -> str:
    rows = [[code(action.value), *("✓" if role in action.rule.roles else "" for role in Role)] for action in Action]
    return table(["action", *(role.value for role in Role)], rows)


def _operations(operations: Sequence[tuple[str, str, Json]], named: Mapping[str, Action | None]) -> str:
    rows = []
    for method, path, operation in operations:
        answers = [*_successes(operation), *_refusals(operation)]
        rows.append(
            [
                code(f"{method} {path}"),
                _caller(operation, named.get(f"{method} {path}")),
                first_sentence(str(operation.get("description") or operation.get("summary"))),
                _takes(operation),
                ", ".join(answers),
            ]
        )
    return table(["operation", "who", "what", "takes", "answers"], rows)


def _caller(operation: Json, action: Action | None) -> str:
    schemes = {name for requirement in operation.get("security", ()) for name in requirement}
    if OFFICER_SCHEME in schemes:
        return code(action.value) if action else "any officer"
    if SESSION_SCHEME in schemes:
        return "officer, in a session"
    if BANK_SCHEME in schemes:
        return "bank, signed or with its token"
    return "bank, with its token" if schemes else "no token"


def _takes(operation: Json) -> str:
    parameters = [
        code(parameter["name"] + ("" if parameter["required"] else "?"))
        for parameter in operation.get("parameters", ())
        if parameter["in"] != "path"
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return ", ".join([*parameters, *([f"body {_type(body)}"] if body else [])])


def _successes(operation: Json) -> Iterator[str]:
    for status, response in operation["responses"].items():
        if int(status) < REFUSED_FROM:
            types = [
                _type(content["schema"])
                for kind, content in response.get("content", {}).items()
                if kind == "application/json" and content.get("schema")
            ]
            yield " ".join([status, *types])


def _refusals(operation: Json) -> Iterator[str]:
    for status, response in sorted(operation["responses"].items()):
        if int(status) < REFUSED_FROM:
            continue
        names = response.get("$ref", "").rpartition("/")[2].split(".")
        own = [name for name in names if name and name not in _COMMON]
        if own:
            yield f"{status} " + " ".join(code(name) for name in own)


def schemas_page() -> str:
    """Return the page of schemas: the fields of everything that a request or a response holds."""
    schemas = described_app().openapi()["components"]["schemas"]
    return page("Schemas", _SCHEMAS, *(part for name in sorted(schemas) for part in _schema(name, schemas[name])))


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"## {code(name)}"
    fields = schema.get("properties", {})
    if not fields:
        yield _type(schema) + "."
        return
    required = schema.get("required", ())
    rows = [[code(field + ("" if field in required else "?")), _type(described)] for field, described in fields.items()]
    yield table(["field", "type"], rows)


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{code(name)}](schemas.md#{name.lower()})"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(_type(member) for member in schema[union]))
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return "one of " + ", ".join(code(str(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return "list of " + _type(schema.get("items", {})) + _limits(schema, "Items", "items")
    name = schema.get("format") or schema.get("type", "anything")
    return f"{name}{_limits(schema, 'Length', 'characters')}{_range(schema)}"


def _limits(schema: Json, suffix: str, unit: str) -> str:
    least, most = schema.get(f"min{suffix}"), schema.get(f"max{suffix}")
    if least is None and most is None:
        return ""
    return f" ({least or 0} to {most} {unit})" if most is not None else f" (at least {least} {unit})"


def _range(schema: Json) -> str:
    bounds = [
        f"{phrase} {schema[key]:g}"
        for key, phrase in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    return f" ({', '.join(bounds)})" if bounds else ""
