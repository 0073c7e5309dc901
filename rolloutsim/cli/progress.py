"""Progress on stderr: simulated time, wall time and the time left, for runs that one would wonder about."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_LONG = 2.0  # simulations beside the run that take longer are announced [s] (assumed: what one waits without a thought)
_QUIET = 1.0  # a run shorter than this shows nothing [s]
_ENOUGH = 0.05  # with a smaller share of the pulls done nobody knows how long the rest takes (assumed)
_PAUSE = 0.2  # between two updates of the bar [s] (assumed: as often as one can read)


class Effort(Protocol):
    """Simulations that are planned: what they are estimated to take on one core [s], and in words."""

    @property
    def seconds(self) -> float:
        """What they take [s]."""

    def words(self) -> str:
        """What they are."""


def announce(what: str, plan: Effort) -> None:
    """Say on stderr what is going to be simulated, where one would wonder about the wait.

    Parameters
    ----------
    what : str
        What it is for.
    plan : Effort
        What is planned.
    """
    if plan.seconds >= _LONG:
        click.echo(f"{what}: {plan.words()}", err=True)


class _OnStderr:
    """A bar that is wiped in the end; only on a terminal, and drawn by rich, which is loaded when it is needed."""

    def __init__(self) -> None:
        self.begun = monotonic()
        self.next = self.begun + _QUIET if sys.stderr.isatty() else float("inf")
        self.bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def show(self, now: float, what: str, share: float, said: str) -> None:
        """Draw the bar.

        Parameters
        ----------
        now : float
            The time [s].
        what, said : str
            What stands in front of the bar and behind it.
        share : float
            How much of it is full.
        """
        self.next = now + _PAUSE
        if self.bar is None:
            self.bar = _bar()
            self.bar.add_task("", total=1.0, said="")
        (task,) = self.bar.task_ids
        self.bar.update(task, description=visible(what), completed=share, said=said)
        self.bar.start()
        self.bar.refresh()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()


class Progress(_OnStderr):
    """The progress of simulations, case by case."""

    def __init__(self) -> None:
        super().__init__()
        self.case, self.case_begun = "", self.begun

    def __call__(self, case: str, time: float, share: float) -> None:
        """Say how far a case is.

        Parameters
        ----------
        case : str
            Its name.
        time : float
            Simulated time [s].
        share : float
            Share of its pulls that are done.
        """
        now = monotonic()
        if case != self.case:
            self.case, self.case_begun = case, now
        if now < self.next:
            return
        left = f", about {(now - self.case_begun) * (1 - share) / share:.0f} s left" if share >= _ENOUGH else ""
        self.show(now, case, share, f"of the pulls done, {time:.1f} s simulated in {now - self.begun:.0f} s{left}")


class TriesProgress(_OnStderr):
    """The progress of a search, of which nobody knows how long it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def __call__(self, what: str) -> None:
        """Say what is tried next."""
        now = monotonic()
        self.tries += 1
        if now >= self.next:
            self.show(now, what, 0.0, f"try {self.tries}, {now - self.begun:.0f} s")


class RunsProgress(_OnStderr):
    """The progress of many runs."""

    def __init__(self) -> None:
        super().__init__()
        self.first: int | None = None

    def __call__(self, done: int, runs: int) -> None:
        """Say how many runs are done.

        Parameters
        ----------
        done, runs : int
            Runs that are done, and all of them.
        """
        now = monotonic()
        if self.first is None:
            self.first = done  # some may have been done before this process began
        if now < self.next:
            return
        fresh = done - self.first
        left = f", about {(now - self.begun) * (runs - done) / fresh:.0f} s left" if fresh > 0 else ""
        self.show(now, "sweep", done / runs, f"{done:,} of {runs:,} runs done in {now - self.begun:.0f} s{left}")


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
