"""Progress on stderr: simulated time, wall time and the time left, for runs that one would wonder about."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from rolloutsim.results.figures import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_QUIET = 1.0  # a run shorter than this shows nothing [s]
_ENOUGH = 0.05  # with a smaller share of the pulls done nobody knows how long the rest takes (assumed)
_PAUSE = 0.2  # between two updates of the bar [s] (assumed: as often as one can read)


class Progress:
    """A bar that is wiped in the end; only on a terminal, and drawn by rich, which is loaded when it is needed."""

    def __init__(self) -> None:
        self.begun = monotonic()
        self.next = self.begun + _QUIET if sys.stderr.isatty() else float("inf")
        self.case, self.case_begun = "", self.begun
        self.bar: Bar | None = None

    def __enter__(self) -> Progress:
        return self

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
        self.next = now + _PAUSE
        left = f", about {(now - self.case_begun) * (1 - share) / share:.0f} s left" if share >= _ENOUGH else ""
        said = f"of the pulls done, {time:.1f} s simulated in {now - self.begun:.0f} s{left}"
        if self.bar is None:
            self.bar = _bar()
            self.bar.add_task("", total=1.0, said="")
        (task,) = self.bar.task_ids
        self.bar.update(task, description=visible(case), completed=share, said=said)
        self.bar.start()
        self.bar.refresh()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()


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
