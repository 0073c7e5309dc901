"""Whether files are read or refused: what becomes of any that are cut or changed."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported


def read_or_refused(given: Sequence[str], file: str) -> None:
    """Import files; they make a valid scenario, or the error names the file."""
    try:
        made = imported(given)
    except UnreadableError as error:
        refused = str(error)
    else:
        loads(made.text)
        return
    assert file in refused
