"""`goldenhour bench`: the benchmarks, each in a separate module."""

import importlib
import inspect
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from workers.commands.common import INTERRUPTED, JsonTarget, people, write_json
from workers.commands.exits import USAGE, Failed

BENCHMARKS = {
    "first-hold": "time from complaint to hold request at the bank, and from answer to the next layer's request",
    "rush": "all complaints at once, compared with the same batches as bare Temporal workflows",
    "day": "a day of one state at full speed: the share caught, and the speed during the day",
    "isolation": "delay that one hanging bank causes for requests to all other banks",
    "doors": "delay that slow connections of a stranger cause for officers and banks",
    "console": "time from an officer's verb to the streams of the others, and what 200 streams cost",
    "idle": "processor and memory while many cases wait and nothing happens",
    "million": "plans of the hot statements on a million invented cases",
    "home": "the engine's own share of the time from money on hold to the credit",
    "peers": "the flow of a case on the product, on DBOS, and on Celery with RabbitMQ",
}


def bench(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Name of the benchmark; without one they are listed."),
    ] = None,
    aims: Annotated[bool, typer.Option("--aims", help="Fail if a figure misses its aim.")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Run a benchmark on a separate embedded stack, with the simulator in its own process.

    Options after NAME go to the benchmark: goldenhour bench day --complaints 960. Everything stops afterwards.

    Every result has its aims beside its figures. A figure that misses its aim ends the command with 1 only with --aims.

    Exit codes: 0 done, 1 failed, was cut off, or missed an aim, 2 wrong usage or settings.
    """
    if name is None:
        _list()
        return
    if name not in BENCHMARKS:
        raise Failed(f"no benchmark {name}; the benchmarks are {', '.join(BENCHMARKS)}", USAGE)
    module = f"benchmarks.{name.replace('-', '_')}"
    if find_spec(module) is None:
        raise Failed(f"the benchmark {name} is not part of an installation: run it in a checkout")
    main = importlib.import_module(module).main
    result = main(**_options(main, context.args))
    if inspect.iscoroutine(result):
        from workers.stack import run_until_stopped

        result = run_until_stopped(result)
        if result is None:
            raise typer.Exit(INTERRUPTED)
    write_json(json_target, result)
    judge(result, aims=aims)


def judge(result: Mapping[str, Any], *, aims: bool) -> None:
    """Raise `Failed` if the benchmark was cut off, or if an aim was missed and `aims` is given."""
    from benchmarks.aims import missed

    if result.get("finished") is False:
        raise Failed("the benchmark was cut off before its end")
    if aims and (misses := missed(result)):
        raise Failed(f"aims missed: {'; '.join(misses)}")


def _list() -> None:
    for name, words in BENCHMARKS.items():
        people(None).print(f"[bold]{name}[/]: {words}", highlight=False)


def _options(main: Any, words: list[str]) -> dict[str, Any]:
    """Return the remaining command line as arguments of the benchmark; `--complaints 960` is `complaints=960`."""
    known = inspect.signature(main).parameters
    options: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.removeprefix("--").partition("=")
        argument = option.replace("-", "_")
        if not word.startswith("--") or argument not in known:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in known) or "none"
            raise Failed(f"no option {word}: this benchmark takes {names}", USAGE)
        default = known[argument].default
        if isinstance(default, bool) and not equals:
            options[argument] = True
            continue
        options[argument] = _converted(option, value if equals else next(rest, ""), default)
    return options


def _converted(option: str, value: str, default: object) -> object:
    kind = type(default) if isinstance(default, (int, float, str)) else str
    try:
        return kind(value)
    except ValueError as error:
        raise Failed(f"--{option} takes a number, not {value or 'nothing'}", USAGE) from error
