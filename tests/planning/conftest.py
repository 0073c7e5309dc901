"""What tests of plans share."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture
def only_new_objects() -> None:
    """What other tests left is not looked through: that would take longer than the test."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
