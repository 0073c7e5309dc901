"""Progress on stderr: simulated time, wall time and the time left, for runs that one would wonder about."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rolloutsim import cli
from rolloutsim.results.numerals import counted, show_time, visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from rolloutsim.planning.trials import Tally

_LONG = 2.0  # trials beside the run that take longer are announced [s] (assumed: what one waits without a thought)
_KNOWN = 0.5  # and when so much is done, which says whether the rest does; the first runs are slower [s] (assumed)
_QUIET = 1.0  # a run shorter than this shows nothing [s]
_PAUSE = 0.2  # between two updates of the bar [s] (assumed: as often as one can read)


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

    def __call__(self, case: str, time: float, share: float) -> None:
        """Say how far a case is, which does not say how long the rest takes.

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
        if now < self.next:
            return
        self.show(now, case, share, f"of the pulls done, {time:.1f} s simulated in {now - self.begun:.0f} s")


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


class TrialsProgress(_OnStderr):
    """That trials beside the run take their time, where one would wonder about the wait, and what they took.

    Parameters
    ----------
    what : str
        What they are for.
    always : bool
        Whether it is said what they took even if that was soon.
    """

    def __init__(self, what: str, always: bool = False) -> None:
        super().__init__()
        self.what, self.always = what, always
        self.tally: Tally | None = None
        self.announced = False

    def __call__(self, tally: Tally) -> None:
        """Say how far they are, and once that they take long; not how long, which differs from one to the next."""
        self.tally = tally
        every, budget = counted(tally.planned, tally.unit), show_time(tally.budget)
        if not self.announced and tally.seconds >= _KNOWN and tally.seconds + tally.to_come >= _LONG:
            self.announced = True
            cli.say(f"{self.what}: {every}, as many as fit into the budget of {budget}")
        now = monotonic()
        if now >= self.next:
            said = f"{tally.done} of {every} tried, {tally.used:.0f} s of the budget of {budget} used"
            share = max(tally.done / tally.planned, tally.used / tally.budget)
            self.show(now, self.what, min(share, 1.0), said)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is None and self.tally is not None and (self.announced or self.always):
            cli.say(f"{self.what}: {_spent(self.tally)}")


def _spent(tally: Tally) -> str:
    """What trials took: `tried 16 changes in 35.2 s of computing (budget 60.0 s)`."""
    tried = tally.done + tally.joined - tally.refused
    if tally.done == tally.planned:
        took = f"in {show_time(tally.seconds)} of computing (budget {show_time(tally.budget)})"
        return f"tried {counted(tried, tally.unit)} {took}"
    every = counted(tally.planned + tally.joined - tally.refused, tally.unit)
    return f"tried {tried} of {every} in the budget of {show_time(tally.budget)}"


class RunsProgress(_OnStderr):
    """The progress of many runs; `what` they are for."""

    def __init__(self, what: str = "sweep") -> None:
        super().__init__()
        self.what = what
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
        self.show(now, self.what, done / runs, f"{done:,} of {runs:,} runs done in {now - self.begun:.0f} s{left}")


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
