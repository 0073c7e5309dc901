"""Signals that end the program: each is a KeyboardInterrupt, so that what is done is kept and no half is left."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_AGAIN = 0.01  # until an interruption that was lost comes again [s] (assumed: unnoticed)

_came: list[int] = []


@contextmanager
def interruptible() -> Iterator[None]:
    """Be ended by signals, and no more by any once that has ended: what is left to do is done in a moment."""
    ours = [number for name in _ENDING if (number := getattr(signal, name, None)) is not None and _is_free(number)]
    for number in ours:
        signal.signal(number, _interrupt)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _interrupt)
        sys.unraisablehook = _lost
    try:
        yield
    finally:
        end()


def end() -> None:
    """Be ended by no signal from now on."""
    for name in (*_ENDING, "SIGALRM"):
        if (number := getattr(signal, name, None)) is not None and signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_IGN)


def code() -> int | None:
    """The exit code that says which signal ended the program, as a shell has it; None: none did."""
    return 128 + _came[0] if _came else None


def _is_free(number: int) -> bool:
    """Whether a signal does what it does by default; who starts a program with `nohup` has it ignored."""
    return signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if number != getattr(signal, "SIGALRM", None):
        _came.append(number)
    raise KeyboardInterrupt


def _lost(unraisable: Any) -> None:
    """An interruption that met what can raise nothing, such as a finalizer, comes again; what it broke is no news."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    elif not _came:
        sys.__unraisablehook__(unraisable)
