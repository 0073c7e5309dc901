"""The hosts of a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.imports.registry.fake import Fake


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    yield made
    made.close()
