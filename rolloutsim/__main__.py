"""The program: it can be interrupted, and run short of memory, before the command line is imported."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_STDERR = 2


class _Undisturbed:
    """Imports matplotlib without a word, and not where settings lie: it reads those of the working directory first."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Let others find matplotlib; only its execution differs."""
        if name != "matplotlib":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def undisturbed(module: ModuleType) -> None:
                import logging

                logging.getLogger(name).setLevel(logging.ERROR)  # such as that it has no folder to keep anything in
                if not os.path.isfile("matplotlibrc"):
                    execute(module)
                    return
                here = os.getcwd()
                os.chdir(os.path.join(os.path.dirname(str(spec.origin)), "mpl-data", "fonts"))
                try:
                    execute(module)
                finally:
                    os.chdir(here)

            spec.loader.exec_module = undisturbed  # type: ignore[method-assign]
        return spec


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # which would show where the imports are
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Figures are the same whatever somebody wants of his own; matplotlib reads this when it is imported.
    os.environ |= {"MATPLOTLIBRC": os.devnull, "MPLBACKEND": "agg"}
    sys.meta_path.insert(0, _Undisturbed())
    # Sums are the same on any number of cores, and OpenBLAS raises SIGINT where it can start no thread.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        from rolloutsim.cli import interrupted, interrupts, main

        try:
            with interrupts.interruptible():
                main()
        except KeyboardInterrupt:  # where the command line catches none: as it begins, and when it has ended
            interrupts.end()
            raise SystemExit(interrupted()) from None
    except (MemoryError, SystemError):  # Python's own, where it has no room for what it wants to say
        os.write(_STDERR, b"error: the system does not give enough memory: `ulimit -v` shows the limit\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
