"""Return every name that somebody outside the code types, stores, draws or replays, by kind."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from prometheus_client.metrics import MetricWrapperBase
from pydantic_settings import BaseSettings
from typer.main import get_command

import activities
import workflows
from activities.metrics import METRICS
from schemas.events import EventKind
from simulator.cli import app as simulator_app
from workers import settings
from workers.cli import app

WORKFLOW, ACTIVITY = "__temporal_workflow_definition", "__temporal_activity_definition"


def all_names() -> dict[str, list[str]]:
    """Return each kind of name with its names, sorted."""
    found = {
        "metric": metrics(),
        "setting": environment(),
        "command": [*commands(get_command(app), "goldenhour"), *commands(get_command(simulator_app), "simulator")],
        "queue": queues(),
        **temporal_names(),
        "event_kind": [kind.value for kind in EventKind],
    }
    return {kind: sorted(set(names)) for kind, names in found.items()}


def metrics() -> list[str]:
    """Return each metric with its kind and labels, as `goldenhour_answers(outcome, says) counter`."""
    return [
        f"{metric._name}({', '.join(metric._labelnames)}) {metric._type}"
        for metric in vars(METRICS).values()
        if isinstance(metric, MetricWrapperBase)
    ]


def environment() -> list[str]:
    """Return the environment variables that the engine reads."""
    return [
        f"{settings.ENV_PREFIX}{name.upper()}"
        for kind in vars(settings).values()
        if isinstance(kind, type) and issubclass(kind, BaseSettings) and kind is not BaseSettings
        for name in kind.model_fields
    ]


def commands(command: Any, called: str) -> Iterator[str]:
    """Return each command, and each of its options and arguments."""
    yield called
    for parameter in command.params:
        spelled = [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else []
        for name in spelled or [str(parameter.name).upper()]:
            yield f"{called} {name}"
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{called} {name}")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Return every module of a room."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


def queues() -> list[str]:
    """Return task queues, and the identifiers of schedules and of the workflows that they start."""
    ends = ("_QUEUE", "_SCHEDULE_ID", "_WORKFLOW_ID")
    return [
        value
        for module in modules(workflows)
        for name, value in vars(module).items()
        if name.endswith(ends) and isinstance(value, str)
    ]


def temporal_names() -> dict[str, list[str]]:
    """Return the names of workflows, activities, signals, queries and updates, which stand in histories."""
    found: dict[str, list[str]] = {"workflow": [], "activity": [], "signal": [], "query": [], "update": []}
    for module in modules(workflows):
        for kind in [one for one in vars(module).values() if isinstance(one, type)]:
            definition = getattr(kind, WORKFLOW, None)
            if definition is not None:
                found["workflow"].append(definition.name)
                found["signal"] += [f"{definition.name}.{name}" for name in definition.signals]
                found["query"] += [f"{definition.name}.{name}" for name in definition.queries]
                found["update"] += [f"{definition.name}.{name}" for name in definition.updates]
    for module in modules(activities):
        holders: list[object] = [module, *(one for one in vars(module).values() if isinstance(one, type))]
        definitions = [getattr(one, ACTIVITY, None) for holder in holders for one in vars(holder).values()]
        found["activity"] += [definition.name for definition in definitions if definition is not None]
    return found
