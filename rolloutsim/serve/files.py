"""The folder that is served: nothing outside of it is read or written, whatever a name or a link in it says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rolloutsim.errors import STEERING, UsageError
from rolloutsim.serve.limits import LARGEST_TEXT
from rolloutsim.structs import struct

SCENARIOS = (".yaml", ".yml")
REPORTS = (".html",)
_MOST_FILES = 1000  # that are listed (assumed)
_DEEPEST = 2  # folders below the one that is served in which scenarios are looked for (assumed)


@struct
class Folder:
    """A folder, without links in its path."""

    path: Path

    @classmethod
    def of(cls, path: str | Path) -> Folder:
        """The folder at a path.

        Raises
        ------
        UsageError
            If it is none.
        """
        resolved = Path(os.path.realpath(path))
        if not resolved.is_dir():
            raise UsageError(f"'{path}' is no folder; give a scenario file, or start it in the folder of yours")
        return cls(resolved)

    def inside(self, name: str, endings: tuple[str, ...] = SCENARIOS) -> Path:
        """The path of a file in it, all links followed.

        Raises
        ------
        UsageError
            If the name leads out of it, or has another ending.
        """
        shown = name if len(name) <= 80 else f"{name[:77]}..."
        if not name or "\0" in name or "\\" in name or os.path.isabs(name) or len(name) > 1000 or STEERING.search(name):
            raise UsageError(f"'{shown}' is no name of a file in this folder; write for example mine.yaml")
        if not name.lower().endswith(endings):
            raise UsageError(
                f"'{shown}' has another ending than {' or '.join(endings)}; write for example mine{endings[0]}"
            )
        found = Path(os.path.realpath(self.path / name))
        if not found.is_relative_to(self.path) or found == self.path:
            raise UsageError(f"'{shown}' is outside of the folder that is served, where nothing is read or written")
        return found

    def name_of(self, path: Path) -> str:
        """How a file in it is called here."""
        return path.relative_to(self.path).as_posix()

    def scenarios(self) -> list[str]:
        """The scenario files in it and just below, by name; hidden folders left out."""
        found: list[str] = []
        for folder, folders, names in os.walk(self.path):
            here = Path(folder).relative_to(self.path)
            folders[:] = sorted(one for one in folders if not one.startswith(".")) if len(here.parts) < _DEEPEST else []
            found += [(here / one).as_posix() for one in sorted(names) if one.lower().endswith(SCENARIOS)]
            if len(found) >= _MOST_FILES:
                break
        return found[:_MOST_FILES]

    def read(self, name: str) -> str:
        """The text of a scenario in it.

        Raises
        ------
        UsageError
            If there is no such file, or none that can be shown.
        """
        path = self.inside(name)
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
        except OSError as error:
            raise UsageError(f"'{name}' cannot be read: {(error.strerror or 'unreadable').lower()}") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise UsageError(f"'{name}' is no file; choose a scenario")
        with os.fdopen(handle, "rb") as stream:
            raw = stream.read(LARGEST_TEXT + 1)
        if len(raw) > LARGEST_TEXT:
            raise UsageError(
                f"'{name}' is larger than {LARGEST_TEXT // 1_000_000} MB, the most that the page takes; "
                f"simulate it with rolloutsim run"
            )
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"'{name}' is not UTF-8; save it as UTF-8") from None
