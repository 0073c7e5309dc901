"""What tests of plans share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def only_new_objects() -> Iterator[None]:
    """What other tests left is not looked through: that would take longer than the test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
