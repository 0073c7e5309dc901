"""The command in a sweep's report: it asks for the same sweep."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.planning.sweep.designs import from_data, from_mapping, from_options
from rolloutsim.planning.sweep.head import command_of
from rolloutsim.planning.sweep.running import plan

TEXT = """\
rolloutsim: 1
name: four nodes
model: ideal
nodes: 4
network: 1 Gbit/s
images: {"a:1": {layers: [100 MB, 25 MB]}}
"""


@pytest.mark.parametrize(
    ("parameters", "design", "points"),
    [
        ({"nodes": [2, 4, 2], "network": ["1 Gbit/s", "10 Gbit/s"]}, None, None),
        ({"nodes": [2, 4], "model": ["real", "ideal"]}, "zip", None),
        ({"name": ["a, b", '"1"', "it's", "1..2", 'say "x"', "日本"]}, None, None),
        ({"name": ["1..2"]}, None, None),
        ({'images["a:1"]': ["10 MB", {"layers": ["1 MB", "2 MB"]}]}, None, None),
        ({"network": {"from": "1 Gbit/s", "to": "10 Gbit/s", "scale": "log"}, "model": ["real", "ideal"]}, "sobol", 8),
        ({"seed": [1, 5]}, None, None),
    ],
)  # fmt: skip
def test_the_command_asks_for_the_same_sweep(
    parameters: dict[str, Any], design: str | None, points: int | None
) -> None:
    draft = rs.loads(TEXT).draft()
    asked = plan(draft, from_mapping(parameters, design, points), 3, None if "seed" in parameters else 7)
    words = shlex.split(command_of(asked.head))
    assert words[:3] == ["rolloutsim", "sweep", "scenario.yaml"]
    assert words[-2:] == ["-o", "FILE.sqlite"]
    pairs = list(zip(words[3:-2:2], words[4:-2:2], strict=True))
    options = {name: value for name, value in pairs if name != "-p"}
    again = plan(
        rs.loads(asked.head.scenario).draft(),
        from_options(
            [value for name, value in pairs if name == "-p"],
            options.get("--design"),  # type: ignore[arg-type]
            int(options["--points"]) if "--points" in options else None,
        ),
        int(options["--replications"]),
        int(options["--seed"]) if "--seed" in options else None,
    )
    assert asked.head.differences(again.head) == []
    assert [job.seed for job in again.jobs(set())] == [job.seed for job in asked.jobs(set())]


def test_the_command_of_a_sweep_in_the_file_names_its_values() -> None:
    draft = rs.loads(TEXT + "sweep: {nodes: [2, 4]}\n").draft()
    design = from_data(draft.data)
    assert design is not None
    assert command_of(plan(draft, design).head) == (
        "rolloutsim sweep scenario.yaml -p nodes=2,4 --replications 1 --seed 1 -o FILE.sqlite"
    )
