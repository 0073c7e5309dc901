"""Tests on a real registry: they need docker-registry and OpenSSL, and are left out where one is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.registry.needs import MISSING
from tests.registry.real import Registry, TokenServer, certificate

collect_ignore = ["test_docker_registry.py"] if MISSING else []


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key, and a certificate of 127.0.0.1 that it signs itself."""
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Registry]]:
    """Start a registry on loopback."""
    started: list[Registry] = []

    def go(**more: object) -> Registry:
        started.append(Registry(tmp_path, **more))
        return started[-1]

    yield go
    for one in started:
        one.stop()


@pytest.fixture
def tokens(signed: tuple[Path, Path]) -> Iterator[TokenServer]:
    """A token server on loopback."""
    server = TokenServer(*signed)
    yield server
    server.stop()
