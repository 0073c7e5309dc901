"""Files that appear whole or not at all, alone or as those of one result, and the folders for them.

A file is written beside its place, brought to the disk, and renamed: whoever is killed leaves the old one or the new
one, and at most a `.rolloutsim-*.part` that the next to write there takes away. Other commands know a result by one of
its files, its key; that goes first and comes back last, so that files of two results are never taken for one.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from rolloutsim.errors import OutputError

if sys.platform != "win32":
    import fcntl

RECORDS = "records.npz"
COMPARISON = "comparison.json"

# Of a result, in its folder.
RESULT_FILES = ("result.json", "cases.csv", "summary.md", RECORDS, "report.html")
# Of results side by side, in the folder that holds a folder for each.
COMPARISON_FILES = (COMPARISON, "comparison.csv", "comparison.md", "report.html")

_KEYS = {RECORDS: RESULT_FILES, COMPARISON: COMPARISON_FILES}

# Of the files that are written beside their place.
_PREFIX, _SUFFIX = ".rolloutsim-", ".part"

Content = str | bytes


def write_file(path: Path, content: Content) -> None:
    """Write a file; what was there before stays until the new content is complete.

    A link stays, and what it leads to is written; who may read the file stays the same. What is no file, such as a
    pipe or a terminal, is written to.

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
    try:
        if _is_special(path):
            with path.open("wb") as stream:
                stream.write(_as_bytes(content))
        else:
            with _Aside(path) as aside:
                aside.write(_as_bytes(content))
                aside.move()
            _sync(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from error


def write_result(folder: Path, contents: Mapping[str, Content]) -> None:
    """Write the files of a result, or of results side by side, into a folder; those of another result go first.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; it is made if it is not there.
    contents : mapping of str to str or bytes
        By the names of the files: some of `RESULT_FILES` or `COMPARISON_FILES`, `RECORDS` or `COMPARISON` among them.

    Raises
    ------
    OutputError
        If one cannot be written; the old ones are there, as long as no new one took their place.
    """
    make_folder(folder)
    path = folder
    try:
        with ExitStack() as stack:
            every = {}
            for name, content in contents.items():
                path = folder / name
                every[name] = stack.enter_context(_Aside(path))
                every[name].write(_as_bytes(content))
            forget_result(folder, contents)
            for name in sorted(every, key=lambda name: name in _KEYS):
                path = folder / name
                every[name].move()
        _sync(folder)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from error


def forget_result(folder: Path, but: Mapping[str, object]) -> None:
    """Take the files of a result out of a folder, its key first; of those that are to come, `but`, only the key.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    there = [key for key in _KEYS if os.path.exists(folder / key)]
    others = [name for key in _KEYS if key in there or key in but for name in _KEYS[key] if name not in but]
    for name in dict.fromkeys((*there, *others)):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {folder / name}: {reason(error)}") from error


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


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file that is there only as long as somebody holds it, or was killed meanwhile.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    OSError
        If it cannot be made.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
            if os.fstat(handle).st_nlink:
                break
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # who held it has just taken it away
    try:
        yield
    finally:
        with suppress(OSError):
            os.unlink(path)
        os.close(handle)


def reason(error: OSError) -> str:
    """Why the system refused, in the middle of a sentence."""
    return (error.strerror or type(error).__name__).lower()


class _Aside:
    """A file that is whole and on the disk, beside the place that it will take; without `move` it is removed.

    While it is there its writer holds a lock on it: one without was left by a process that is gone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = Path(os.path.realpath(path))
        self._name = self._place.with_name(f"{_PREFIX}{os.urandom(6).hex()}{_SUFFIX}")  # known before it is there
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, content: bytes) -> None:
        """Write it."""
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
        except FileNotFoundError:
            mode = None
        _clean(self._place.parent)
        self._file = file = self._opened()
        if mode is not None:
            os.chmod(self._name, mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

    def _opened(self) -> BinaryIO:
        while True:
            file = open(self._name, "xb")  # noqa: SIM115 (it is held until the end)
            with suppress(BlockingIOError):  # by somebody who looks whether it was left
                _lock(file.fileno())
            if os.fstat(file.fileno()).st_nlink:
                return file
            file.close()  # and took it away

    def move(self) -> None:
        """Take the place."""
        if self._file is not None and sys.platform == "win32":  # nobody can rename what is open there
            self._file.close()
        os.replace(self._name, self._place)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._name)
        if self._file is not None:
            with suppress(OSError):  # what did not fit is lost with it
                self._file.close()


def _clean(folder: Path) -> None:
    """Remove what processes left that were killed as they wrote."""
    for one in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):  # it is being written, or may not be removed, and does no harm
            handle = os.open(one, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            try:
                _lock(handle)
                one.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> None:
    """Lock a file; BlockingIOError if another process has. Where there are no locks, nothing is locked."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return


def _sync(folder: Path) -> None:
    """Bring to the disk what is called how in a folder."""
    with suppress(OSError):  # not every system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_special(path: Path) -> bool:
    return os.path.exists(path) and not (path.is_file() or path.is_dir())


def _as_bytes(content: Content) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content
