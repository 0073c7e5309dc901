"""The note on images of which only a size is known."""

from __future__ import annotations

import json

import pytest

import rolloutsim as rs

TEXT = """\
rolloutsim: 1
nodes: {{node: {{count: {count}, nic: 10 Gbit/s, disk: unlimited}}}}
registry: {registry}
images: {{"app:1.8": {image}}}
"""


def notes(image: str, count: int = 1, registry: str = "100 Gbit/s") -> list[str]:
    document = json.loads(rs.loads(TEXT.format(image=image, count=count, registry=registry)).run().to_json())
    return [note for note in document["notes"] if "size alone" in note]


def test_a_large_bare_size_that_decides_is_said_with_the_command_that_computes_eight_layers() -> None:
    assert notes("5.6 GB") == [
        "app:1.8 is given as a size alone, so it is one layer: one connection fetches it, and then one core "
        "unpacks it. That and its disk take 90% of the rollout time; --set 'images[\"app:1.8\"].layers=8' computes it "
        "for 8 equal layers."
    ]
    overrides = ['images["app:1.8"].layers=8']
    scenario = rs.loads(TEXT.format(image="5.6 GB", count=1, registry="100 Gbit/s"), overrides=overrides)
    assert [layer.compressed for layer in scenario.resolve().images["app:1.8"].layers] == [0.7e9] * 8


@pytest.mark.parametrize("image", ["{size: 5.6 GB, layers: 8}", "{layers: [5.6 GB]}", "150 MB"])
def test_nothing_is_said_of_known_layers_and_of_small_images(image: str) -> None:
    assert notes(image) == []


def test_nothing_is_said_where_a_shared_link_takes_the_time() -> None:
    assert notes("346 MB", count=20, registry="1 Gbit/s") == []
