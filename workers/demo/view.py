"""Display of the running day: a live picture on a terminal, otherwise a line every few seconds."""

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.enums import AnswerClass, Bucket
from workers.demo.play import DayPlan, DayState
from workers.iso_text import rupees

LINE_EVERY_SECONDS = 5.0
BAR_WIDTH = 32
FRAMES_PER_SECOND = 4

BUCKETS: tuple[tuple[Bucket, str], ...] = (
    (Bucket.HELD, "green"),
    (Bucket.RESTORED, "bright_green"),
    (Bucket.RELEASED, "cyan"),
    (Bucket.IN_PLAY, "yellow"),
    (Bucket.WITHDRAWN, "red"),
    (Bucket.SPENT, "red"),
    (Bucket.REFUSED, "magenta"),
    (Bucket.UNTRACED, "bright_black"),
)


class Watcher:
    """Shows the day, as a context manager: one updated picture on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console, plan: DayPlan) -> None:
        self._console = console
        self._plan = plan
        self._shown_at = -LINE_EVERY_SECONDS
        self._live = (
            Live(console=console, refresh_per_second=FRAMES_PER_SECOND, transient=True) if console.is_terminal else None
        )

    def __enter__(self) -> "Watcher":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, state: DayState) -> None:
        """Show the current state of the day."""
        if self._live:
            self._live.update(picture(self._plan, state))
        elif state.elapsed_seconds - self._shown_at >= LINE_EVERY_SECONDS:
            self._shown_at = state.elapsed_seconds
            self._console.print(line(self._plan, state), highlight=False, soft_wrap=True)


def clock(world_seconds: float) -> str:
    """Return the simulated time of day; `+` counts the days after the first."""
    minutes = int(world_seconds // 60)
    days, minutes = divmod(minutes, 24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f" +{days}" if days else "")


def catch(state: DayState) -> str:
    """Return the share of the catchable amount that was caught so far, as text."""
    share = state.world.truth.caught_of_catchable_so_far
    return "nothing yet" if share is None else f"{share:.0%}"


def line(plan: DayPlan, state: DayState) -> str:
    """Return the state of the day as one line."""
    figures, paise = state.figures, state.figures.buckets_paise
    return (
        f"{state.elapsed_seconds:5.0f} s  world {clock(state.world.world_seconds)}"
        f"  complaints {figures.complaints}/{state.world.complaints.planned}"
        f"  requests {figures.requests}  answers {figures.answers}"
        f"  held {rupees(paise[Bucket.HELD])} of {rupees(paise[Bucket.LOST])}"
        f"  restored {rupees(paise[Bucket.RESTORED])}  released {rupees(paise[Bucket.RELEASED])}"
        f"  in play {rupees(paise[Bucket.IN_PLAY])}  caught of catchable {catch(state)}"
    )


def picture(plan: DayPlan, state: DayState) -> Panel:
    """Return the state of the day as a picture."""
    title = f"a simulated day · seed {plan.seed} · {plan.clock_factor:,.0f}× as fast"
    return Panel(
        Group(_progress(plan, state), Text(), _counts(state), Text(), _money(state)), title=title, padding=(1, 2)
    )


def _progress(plan: DayPlan, state: DayState) -> Table:
    done = min(state.elapsed_seconds, plan.wall_seconds)
    left = plan.wall_seconds - done
    rest = f"{left:.0f} s to come" if left else "last answers"
    table = Table.grid(padding=(0, 2))
    table.add_row(
        f"world [bold]{clock(state.world.world_seconds)}[/]",
        ProgressBar(total=plan.wall_seconds, completed=done, width=BAR_WIDTH),
        f"{state.elapsed_seconds:.0f} s, {rest}",
    )
    return table


def _counts(state: DayState) -> Table:
    figures, world = state.figures, state.world
    joined = f" ({figures.joined} joined a case)" if figures.joined else ""
    at_banks = sum(figures.unanswered_by_class.values())
    slow = figures.unanswered_by_class.get(AnswerClass.MAIL, 0)
    table = Table.grid(padding=(0, 3))
    table.add_column(style="bright_black")
    table.add_column()
    table.add_column(style="bright_black")
    table.add_column()
    table.add_row(
        "complaints", f"{figures.complaints} of {world.complaints.planned}{joined}", "hops", f"{figures.hops}"
    )
    table.add_row("requests", f"{figures.requests}", "deepest layer", f"{figures.layers}")
    table.add_row(
        "answers", f"{figures.answers} lines", "desk", f"{figures.tasks_open} open, {figures.tasks_closed} done"
    )
    table.add_row("at banks", f"{at_banks}, {slow} of them by mail", "caught of catchable", catch(state))
    return table


def _money(state: DayState) -> Table:
    paise = state.figures.buckets_paise
    lost = paise[Bucket.LOST]
    table = Table.grid(padding=(0, 3))
    table.add_column(style="bright_black")
    table.add_column(justify="right")
    table.add_row("lost", f"[bold]{rupees(lost)}[/]")
    for bucket, colour in BUCKETS:
        share = ProgressBar(
            total=max(lost, 1), completed=paise[bucket], width=BAR_WIDTH, complete_style=colour, finished_style=colour
        )
        table.add_row(bucket.replace("_", " "), rupees(paise[bucket]), share)
    return table
