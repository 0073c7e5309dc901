"""Saves of files: noticed while something else is done, which can be ended by them.

Folders are watched, and not files: editors write a new file aside and rename it, so that a file is another one after a
save, and for a moment there may be none. What was saved is told by what the file system says of the files; that is
looked at now and then, too, for file systems of other machines, which do not tell of changes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType, TracebackType
from typing import Self

import watchfiles

from rolloutsim.cli import interrupts
from rolloutsim.errors import RolloutsimError

_LOOK = 250  # between two looks at files of which nothing was heard [ms] (assumed: soon enough, and costs nothing)
# For how long a file may be gone or empty while it is saved [s] (assumed: editors rename or fill it in milliseconds).
_GONE = 0.5
# Ends what is computed; where a system has no such signal, that comes to its end before it is done anew.
_SIGNAL = getattr(signal, "SIGALRM", None)

_State = tuple[int, int, int] | None  # of a file: when it was written [ns], its size [B], its number; None: it is gone


class Saves:
    """Notices that one of some files was saved, removed or made; as a context.

    Its methods are for the main thread, which is the one that signals reach.
    """

    def __init__(self) -> None:
        self._known: dict[str, _State] = {}
        self._folders: tuple[str, ...] = ()
        self._came = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None
        self._ends = False  # whether a save ends what the main thread does

    def __enter__(self) -> Self:
        if _SIGNAL is not None:
            self._before = signal.signal(_SIGNAL, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends = False
        self._end_thread()
        if _SIGNAL is not None:
            signal.signal(_SIGNAL, self._before)

    def of(self, files: Iterable[str]) -> None:
        """Notice saves of these files from now on, and of no others."""
        names = dict.fromkeys(map(os.path.abspath, files))
        folders = tuple(dict.fromkeys(folder for name in names for folder in _folders(name)))
        if folders == self._folders and names.keys() == self._known.keys():
            return
        self._end_thread()
        self._known = {name: self._known[name] if name in self._known else _state(name) for name in names}
        self._folders = folders
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(self._stop,), name="saves", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Come back when there was a save since `begin`.

        Raises
        ------
        RolloutsimError
            If the system does not let folders be watched.
        """
        # In turns: the system may give a signal to another thread, which does not wake this one.
        while self._failed is None and not self._came.wait(_LOOK / 1000):
            pass
        if self._failed is not None:
            raise RolloutsimError(
                f"cannot watch {', '.join(self._folders)}: {self._failed}; WATCHFILES_FORCE_POLLING=1 in the "
                "environment looks at the files in place of being told"
            )

    def begin(self) -> None:
        """Forget the saves that there were: what is read from now on is what they wrote."""
        self._ends = False
        self._came.clear()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End what is done in it at the next save, by a KeyboardInterrupt; `is_anew` tells it from the keyboard's."""
        self._ends = True
        try:
            if self.is_anew:
                raise KeyboardInterrupt
            yield
        finally:
            self._ends = False

    @property
    def is_anew(self) -> bool:
        """Whether there was a save since `begin`, and nobody wants the program to end."""
        return self._came.is_set() and self._failed is None and interrupts.code() is None

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        # A signal of the keyboard that was lost comes again as this one.
        if self._ends or interrupts.code() is not None:
            raise KeyboardInterrupt

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _watch(self, stop: threading.Event) -> None:
        gone_at: float | None = None
        try:
            for _ in watchfiles.watch(
                *self._folders, watch_filter=None, stop_event=stop, rust_timeout=_LOOK, yield_on_timeout=True,
                raise_interrupt=False, recursive=False,
            ):  # fmt: skip
                now = {name: _state(name) for name in self._known}
                if now == self._known:
                    gone_at = None
                    continue
                if any(_is_there(self._known[name]) and not _is_there(state) for name, state in now.items()):
                    gone_at = monotonic() if gone_at is None else gone_at
                    if monotonic() - gone_at < _GONE:
                        continue
                gone_at = None
                self._known = now
                self._tell()
        except (OSError, RuntimeError) as error:  # its own errors are of the second kind
            self._failed = error
            self._came.set()

    def _tell(self) -> None:
        """Tell the main thread, once."""
        if self._came.is_set():
            return
        self._came.set()
        if _SIGNAL is not None:
            signal.pthread_kill(threading.main_thread().ident or 0, _SIGNAL)


def _state(name: str) -> _State:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_there(state: _State) -> bool:
    """Whether there is a file, and something in it."""
    return state is not None and state[1] > 0


def _folders(name: str) -> Iterator[str]:
    """The folders in which a save of a file happens: its own, and that of the file that it is a link to."""
    for path in (name, os.path.realpath(name)):
        folder = os.path.dirname(path)
        while not os.path.isdir(folder) and folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
        yield folder
