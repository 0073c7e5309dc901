"""The JSON contract `rolloutsim.run/1`, key by key."""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan
from typing import Any

from rolloutsim.results.contract.case import Detail
from rolloutsim.results.facts.records import Run
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario.resolved import Threshold
from tests.results.by_hand import Story, image, nics, run

LIMIT = Threshold("rollout_time", {}, "max", "<", 60.0, "max < 60 s")


def one_pull(nodes: int = 1) -> Run:
    story = Story(
        (image("a", 10.0),), nodes=nodes, name="a", link_bytes=(10.0,), link_saturated=(3.0,),
        private=(nics([10.0], [0.0]),),
    )  # fmt: skip
    fetch = story.fetch(story.pull(0.0, 0.5, 4.5, alone=3.0), "a-0", 0.5, 1.0, 4.0)
    story.unpack(fetch, 4.0, 4.5)
    return run(story.case(), thresholds=(LIMIT,), notes=("unpacked sizes are 2 × the compressed ones",))


def read(result: Run, detail: Detail | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Outcome(result).to_json(detail))
    return found


def test_the_whole_contract() -> None:
    assert read(one_pull()) == {
        "schema": "rolloutsim.run/1",
        "version": "0.1.0",
        "scenario": {"name": "by hand", "sha256": "0" * 64},
        "model": "ideal",
        "seed": 7,
        "replications": 1,
        "notes": ["unpacked sizes are 2 × the compressed ones"],
        "cases": [
            {
                "case": "a",
                "finished": True,
                "stuck": [],
                "rollout_time_s": 4.5,
                "alone_time_s": 3.0,
                "bytes_on_wire": 10,
                "pull_time_s": {"mean": 4.5, "p50": 4.5, "p95": 4.5, "p99": 4.5, "max": 4.5},
                "slowdown": {"mean": 1.5, "p50": 1.5, "p95": 1.5, "max": 1.5},
                "time_split_s": {"registry.uplink": 3.0, "unpack": 0.5, "requests": 1.0},
                "why": [
                    {"cause": "registry.uplink", "seconds": 3.0, "share": 3.0 / 4.5, "over_all_s": 3.0},
                    {"cause": "requests", "seconds": 1.0, "share": 1.0 / 4.5, "over_all_s": 1.0},
                    {"cause": "unpack", "seconds": 0.5, "share": 0.5 / 4.5, "over_all_s": 0.5},
                ],
                "links": [
                    {
                        "link": "registry.uplink",
                        "capacity_bytes_per_s": 100,
                        "bytes": 10,
                        "utilisation": 10 / 450,
                        "saturated_s": 3.0,
                        "peak_flows": 1,
                    },
                    {
                        "link": "node.nic.in",
                        "capacity_bytes_per_s": 100,
                        "bytes": 10,
                        "utilisation": 10 / 450,
                        "saturated_s": 0.0,
                        "peak_flows": 1,
                        "nodes": 1,
                        "max": {"bytes": 10, "utilisation": 10 / 450, "saturated_s": 0.0, "peak_flows": 1},
                    },
                ],
                "nodes": [{"node": "node-000", "asked_s": 0.0, "pulled_s": 4.5, "ready_s": 4.5, "bytes": 10}],
                "pulls": [
                    {
                        "node": "node-000",
                        "image": "a",
                        "asked_s": 0.0,
                        "pulled_s": 4.5,
                        "layers": [
                            {
                                "layer": "a-0",
                                "bytes": 10,
                                "fetch_start_s": 1.0,
                                "fetched_s": 4.0,
                                "unpacked_s": 4.5,
                            }
                        ],
                    }
                ],
                "thresholds": [
                    {
                        "metric": "rollout_time{image=a}",
                        "check": "max < 60 s",
                        "value": 4.5,
                        "passed": True,
                        "severity": "error",
                    }
                ],
            }
        ],
    }


def test_each_level_of_detail_adds_to_the_one_before() -> None:
    (summary,), (nodes,), (full,) = (read(one_pull(), detail)["cases"] for detail in ("summary", "nodes", "full"))
    assert not {"nodes", "pulls"} & summary.keys()
    assert nodes["pulls"] == [{"node": "node-000", "image": "a", "asked_s": 0.0, "pulled_s": 4.5}]
    assert "layers" in full["pulls"][0]
    assert [row["link"] for row in nodes["links"]] == ["registry.uplink", "node.nic.in"]
    assert [row["link"] for row in full["links"]] == ["registry.uplink", "node.nic.in", "node-000.nic.in"]


def test_above_1000_nodes_only_the_summary_is_written_by_default() -> None:
    assert "nodes" in read(one_pull(nodes=1000))["cases"][0]
    assert "nodes" not in read(one_pull(nodes=1001))["cases"][0]
    assert len(read(one_pull(nodes=1001), "nodes")["cases"][0]["nodes"]) == 1001


def test_what_is_left_out_is_said() -> None:
    assumed = "unpacked sizes are 2 × the compressed ones"
    assert read(one_pull(nodes=1001))["notes"] == [
        assumed,
        "nodes and pulls are left out, since there are more than 1,000 nodes; "
        "--detail nodes or --detail full shows them",
    ]
    assert read(one_pull(nodes=1000))["notes"] == [assumed]
    assert [read(one_pull(nodes=1001), detail)["notes"] for detail in ("summary", "nodes", "full")] == [[assumed]] * 3


def test_statistics_are_null_while_a_pull_is_unfinished() -> None:
    story = Story((image("a", 10.0),), nodes=2, name="a", finished=False, end=9.0)
    story.fetch(story.pull(0.0, 0.0, 4.0, alone=2.0), "a-0", 0.0, 1.0, 4.0)
    story.pull(0.0, 0.0, nan, node=1, alone=2.0)
    (case,) = read(run(story.case()))["cases"]
    assert (case["pull_time_s"], case["slowdown"], case["alone_time_s"]) == (None, None, 2.0)
    assert [pull["pulled_s"] for pull in case["pulls"]] == [4.0, None]


def test_no_control_character_leaves_as_it_is() -> None:
    name = "a\x1b\x7f\x9b"
    story = Story((image(name, 10.0),), name=name)
    story.fetch(story.pull(0.0, 0.0, 4.0), f"{name}-0", 0.0, 1.0, 4.0)
    text = Outcome(run(story.case())).to_json()
    assert r'"case": "a\u001b\u007f\u009b"' in text
    assert json.loads(text)["cases"][0]["case"] == name


def test_what_never_happened_is_null() -> None:
    story = Story((image("a", 10.0),), finished=False, stuck=("1 fetch waits for ever",), end=5.0)
    story.fetch(story.pull(0.0, 0.0, nan), "a-0", 0.0, 1.0, nan)
    (case,) = read(run(story.case(), thresholds=(LIMIT,)))["cases"]
    assert (case["finished"], case["stuck"]) == (False, ["1 fetch waits for ever"])
    assert (case["rollout_time_s"], case["alone_time_s"], case["pull_time_s"], case["slowdown"]) == (None,) * 4
    assert case["nodes"][0] == {"node": "node-000", "asked_s": 0.0, "pulled_s": None, "ready_s": None, "bytes": 0}
    assert case["pulls"][0]["layers"] == [
        {"layer": "a-0", "bytes": 0, "fetch_start_s": 1.0, "fetched_s": None, "unpacked_s": None}
    ]
    assert (case["thresholds"][0]["value"], case["thresholds"][0]["passed"]) == (None, False)


def test_the_same_run_is_the_same_bytes() -> None:
    assert Outcome(one_pull()).to_json().encode() == Outcome(one_pull()).to_json().encode()


def test_rows_stand_on_lines_of_their_own() -> None:
    text = Outcome(replace(one_pull(), seed=8)).to_json()
    assert text.endswith("]\n}\n")
    assert '\n   "nodes": [\n    {"node": "node-000", "asked_s": 0.0, ' in text
    assert '\n "seed": 8,\n' in text
