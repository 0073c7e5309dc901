"""Files that a command writes: each appears whole or not at all."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rolloutsim.errors import OutputError, UsageError
from rolloutsim.results.files import reason, write_file

__all__ = ["Folders", "keep_what_exists", "run_it", "write_file"]


def keep_what_exists(path: Path) -> None:
    """Raise UsageError where a file would be replaced without being asked to."""
    if os.path.lexists(path):
        raise UsageError(f"{path} exists and is left as it is; choose another name, or replace it with --force")


def run_it(file: str) -> str:
    """What to do with a scenario that was written, as a shell takes it."""
    return f"run it: rolloutsim run {shlex.quote(f'./{file}' if file.startswith('-') else file)}"


class Folders:
    """Folders for results: made and tried before anything is simulated; what stays empty is removed again.

    Parameters
    ----------
    otherwise : str
        What is said where one cannot be written to: what was not done, and what helps.
    """

    def __init__(self, otherwise: str = "nothing was simulated; choose another folder with -o") -> None:
        self._otherwise = otherwise
        self._made: list[Path] = []

    def __enter__(self) -> Folders:
        return self

    def prepare(self, folder: Path, names: Sequence[str]) -> None:
        """Make a folder, and prove that files of these names can be written there.

        Parameters
        ----------
        folder : pathlib.Path
            The folder; its parents are made as well.
        names : sequence of str
            The files.
        """
        try:
            self._made += [one for one in (*reversed(folder.parents), folder) if not os.path.exists(one)]
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            why = "it is a file" if isinstance(error, FileExistsError) else reason(error)
            raise OutputError(f"cannot write to {folder}: {why}; {self._otherwise}") from error
        for taken in (folder / name for name in names if os.path.isdir(folder / name)):
            raise OutputError(f"cannot write {taken}: is a directory; {self._otherwise}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in reversed(self._made):
            with suppress(OSError):  # it is not empty, and so it stays
                folder.rmdir()
