"""What the tests of figures share; the runs they draw are in `runs`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def figure_state() -> Iterator[None]:
    """What matplotlib shares among all figures: it must stay as it is."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
