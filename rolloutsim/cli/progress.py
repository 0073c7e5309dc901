"""Progress on stderr: simulated time, wall time and the time left, for runs that one would wonder about."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType

_QUIET = 1.0  # a run shorter than this shows nothing [s]
_PAUSE = 0.2  # between two updates of the line [s] (assumed: as often as one can read)


class Progress:
    """A line that is written over and over and wiped in the end; only on a terminal."""

    def __init__(self) -> None:
        self.begun = monotonic()
        self.next = self.begun + _QUIET if sys.stderr.isatty() else float("inf")
        self.case, self.case_begun = "", self.begun
        self.width = 0

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
        left = f", about {(now - self.case_begun) * (1 - share) / share:.0f} s left" if share > 0 else ""
        self._write(f"{case}: {time:.1f} s simulated in {now - self.begun:.0f} s, {share:.0%} of the pulls done{left}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.width:
            self._write("")

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(self.width) + ("" if line else "\r"))
        sys.stderr.flush()
        self.width = len(line)
