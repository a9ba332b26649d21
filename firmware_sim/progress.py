"""What a person sees of a running simulation: a bar on a terminal, a line an hour elsewhere."""

from datetime import datetime, timedelta
from types import TracebackType
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from firmware_sim.session import Tally


class ProgressView:
    """Shows simulated time, messages and stops; use it as a context manager."""

    def __init__(self, zone: ZoneInfo, start: datetime, lasts: timedelta, console: Console | None = None) -> None:
        """Times are shown in the town's zone; the bar spans `lasts` from `start`."""
        self.console = console or Console(stderr=True)
        self._zone, self._start, self._lasts = zone, start, lasts
        self._next_line = start
        self._progress = Progress(
            TextColumn("{task.fields[clock]}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("", total=lasts.total_seconds(), clock="", figures="")

    def __enter__(self) -> "ProgressView":
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state standing."""
        self._progress.stop()

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, now: datetime, speed: float, tally: Tally, served: int, planned: int) -> None:
        """Show where the day is."""
        local = now.astimezone(self._zone)
        clock = f"{local:%Y-%m-%d %H:%M} ×{speed:g}"
        figures = f"{served}/{planned} stops, {tally.acknowledged}/{tally.sent} messages acknowledged"
        if self.console.is_terminal:
            done_s = (now - self._start).total_seconds()
            self._progress.update(self._task, completed=done_s, clock=clock, figures=figures)
        elif now >= self._next_line:
            self._next_line = now + timedelta(hours=1)
            self.say(f"{clock}  {figures}")
