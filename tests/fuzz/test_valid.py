"""What is drawn is worth playing: scenarios of all keys, and of what rollouts are about."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from rolloutsim.scenario.structure import all_keys, schema_path
from tests.fuzz.valid import refused, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAWN = 800
# Those that no drawn scenario can have: they name files, and `pushes` has the names of what pushes already.
NEVER = {("images", "<image>", "manifest"), ("images", "<image>", "platform"), ("pushes", "<pusher>", "from")}


def paths(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a scenario."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from paths(value, (*path, key))


@cache
def drawn() -> list[dict[str, Any]]:
    return [valid(Random(f"drawn {number}")) for number in range(DRAWN)]


def test_nearly_every_key_stands_in_a_drawn_scenario() -> None:
    keys = {path for path, _ in all_keys()} - NEVER
    there = {place for data in drawn() for path in paths(data) if (place := schema_path(path)) is not None}
    there = {place for place in there if not place[-1].startswith("<")}
    assert there <= keys
    assert len(keys - there) <= 0.05 * len(keys), sorted(keys - there)


@pytest.mark.parametrize(
    ("key", "share"),
    [
        ("workloads", 0.3),
        *((key, 0.15) for key in ("mirrors", "caches", "peers", "prepulls", "background", "failures")),
    ],
)
def test_what_rollouts_are_about_is_common(key: str, share: float) -> None:
    assert sum(key in data for data in drawn()) >= share * DRAWN


def test_servers_and_lazy_pulls_are_used() -> None:
    found: Counter[str] = Counter()
    for data in drawn():
        groups = data["nodes"].values() if isinstance(data["nodes"], dict) else ()
        keys = {key for group in groups if isinstance(group, dict) for key in group}
        hosts = {host for group in groups if isinstance(group, dict) for host in group.get("hosts", ())}
        found.update(keys)
        found.update(key for key in ("mirrors", "caches", "peers") if hosts & set(data.get(key, ())))
    least = dict.fromkeys(("mirrors", "caches", "peers", "snapshotter", "racks", "sites", "cached"), 0.07)
    assert {key: found[key] >= share * DRAWN for key, share in least.items()} == dict.fromkeys(least, True)


def test_drawn_scenarios_are_valid() -> None:
    assert not any(refused(data) for data in drawn()[:100])
