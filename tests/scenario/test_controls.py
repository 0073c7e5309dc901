"""What can be moved in a scenario, against what its keys may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.errors import UsageError
from rolloutsim.imports.setting import with_values
from rolloutsim.scenario.controls import Control, control, controls
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.settings import settings

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
SMALL = "rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages:\n  app: 30 MB\n"


def of(text: str) -> dict[str, Control]:
    read = draft(text)
    return {one.key: one for group in controls(read.scenario().resolve(), read.data) for one in group.controls}


def test_every_key_that_plays_a_part_has_one_under_the_name_that_the_file_has() -> None:
    found = of(SMALL)
    assert len(found) == len(settings(draft(SMALL).scenario().resolve()))
    assert [(key, found[key].value) for key in ("nodes", "network", "images.app")] == [
        ("nodes", "20"), ("network", "1 Gbit/s"), ("images.app", "30 MB"),
    ]  # fmt: skip
    latency = found["network.latency"]
    assert (latency.value, latency.default, latency.kind, latency.units) == (
        "0.1 ms",
        True,
        "quantity",
        "us ms s m h d",
    )


def test_a_slider_goes_from_a_tenth_to_a_hundred_times_the_decade_and_has_the_value() -> None:
    found = of(SMALL)
    slider = found["network"].slider
    assert slider is not None
    assert (slider.steps[0], slider.steps[-1], slider.steps[slider.at]) == ("100 Mbit/s", "100 Gbit/s", "1 Gbit/s")
    assert found["nodes"].slider is not None
    assert found["nodes"].slider.steps[:4] == ("1", "2", "3", "4")


def test_what_a_file_cannot_say_is_told_in_words() -> None:
    iops = of(SMALL)["nodes.node.disk.iops"]
    assert (iops.value, iops.usual) == ("", "3000 at 125 MiB/s, unlimited at any other rate")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_ends_of_every_slider_are_values_that_the_key_may_have(path: Path) -> None:
    """Setting the present value anew, as a slider does at its place, changes nothing; its ends can be read."""
    text = path.read_text()
    read = draft(text, str(path))
    for group in controls(read.scenario().resolve(), read.data):
        for one in group.controls:
            if one.slider is None:
                continue
            assert one.slider.steps[one.slider.at] == one.value
            assert len(set(one.slider.steps)) == len(one.slider.steps)
            if not one.default and not group.folded:
                assert with_values(text, {one.key: one.value}) == text
    moved = [one for group in controls(read.scenario().resolve(), read.data) for one in group.controls if one.slider]
    first = moved[0]
    assert first.slider is not None
    assert with_values(text, {first.key: first.slider.steps[-1]}) != text


def test_one_is_found_by_its_short_form() -> None:
    resolved = draft(SMALL).scenario().resolve()
    assert control(resolved, "nodes").value == "20"
    assert control(resolved, "network").key == "network.rate"
    assert control(resolved, "images.app").value == "30 MB"
    assert control(resolved, "registry.uplink").default
    with pytest.raises(UsageError, match=r"^control nodes\.other\.nic: no such key plays a part here; there are: "):
        control(resolved, "nodes.other.nic")
