"""Readers that go away: a registry or a browser that hangs up, or a helper that ends, must not end the program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def outlived() -> Iterator[None]:
    """Writing to who reads no more is an error within, `BrokenPipeError`; the command line lets it end the program."""
    if not hasattr(signal, "SIGPIPE") or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL if before is None else before)
