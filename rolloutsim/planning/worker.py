"""What a worker process on a local core does first; imports next to nothing, so that it does so at once."""

from __future__ import annotations

import os
import signal
from threading import Thread
from time import sleep

_LOOK = 1.0  # how often a worker looks whether its parent is there [s] (assumed)

# Signals that wait while processes start. The keyboard's is for the one that started them alone, and waits for ever.
HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "pthread_sigmask") else ()


def follow(parent: int) -> None:
    """End this process when its parent is gone: one that is killed can tell nobody, and its workers would stay."""

    def watch() -> None:
        while os.getppid() == parent:
            sleep(_LOOK)
        os._exit(1)

    if HELD_BACK:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK[1:])
    Thread(target=watch, daemon=True).start()
