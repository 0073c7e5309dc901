"""Files that a command writes: each appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from rolloutsim.errors import OutputError


def prepare_folder(folder: Path) -> None:
    """Make a folder, and prove by a file that comes and goes that results can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"cannot write to {folder}: {_reason(error)}; nothing was simulated; choose another folder with -o"
        ) from error


def write_file(path: Path, text: str) -> None:
    """Write a text file; what was there before stays until the new content is complete."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _umask() -> int:
    """Read the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
