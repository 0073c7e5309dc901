"""The program: it can be interrupted, and run short of memory, before the command line is imported."""

from __future__ import annotations

import os
import signal

_STDERR = 2


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # which would show where the imports are
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Figures are the same whatever somebody wants of his own; matplotlib reads this when it is imported.
    os.environ |= {"MATPLOTLIBRC": os.devnull, "MPLBACKEND": "agg"}
    try:
        from rolloutsim.cli import interrupts, main

        with interrupts.interruptible():
            main()
    except (MemoryError, SystemError):  # Python's own, where it has no room for what it wants to say
        os.write(_STDERR, b"error: the system does not give enough memory: `ulimit -v` shows the limit\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
