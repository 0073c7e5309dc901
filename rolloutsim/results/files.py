"""Files that appear whole or not at all, and the folders for them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from rolloutsim.errors import OutputError

RESULT_FILES = ("result.json", "cases.csv", "summary.md", "records.npz", "report.html")  # of a result, in its folder


# Of results side by side, in the folder that holds a folder for each.
COMPARISON_FILES = ("comparison.json", "comparison.csv", "comparison.md", "report.html")


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file; what was there before stays until the new content is complete.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    content : str or bytes
        All of it; text is written as UTF-8.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from error


def make_folder(path: Path) -> Path:
    """Make a folder, and its parents, where there is none.

    Raises
    ------
    OutputError
        If that cannot be done.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {reason(error)}") from error
    return path


def reason(error: OSError) -> str:
    """Why the system refused, in the middle of a sentence."""
    return (error.strerror or type(error).__name__).lower()


def _umask() -> int:
    """Read the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
