"""Cases that take long together: a few of them are in every run of the tests, `make test-long` runs the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def one_in(every: int, cases: Iterable[Any]) -> list[Any]:
    """The cases, of which each first of so many is in every run."""
    return [pytest.param(case, marks=pytest.mark.long) if place % every else case for place, case in enumerate(cases)]


def without(long: Iterable[str], paths: Iterable[Path]) -> list[Any]:
    """Files, of which some are not in every run, since others of their kind show the same in a tenth of the time."""
    names = frozenset(long)
    return [pytest.param(path, marks=pytest.mark.long) if path.stem in names else path for path in paths]
