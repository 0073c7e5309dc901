"""What tests of plans share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def only_new_objects() -> Iterator[None]:
    """What other tests left is not looked through: that would take longer than the test."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()  # what is frozen refers to nothing, as far as others can see
