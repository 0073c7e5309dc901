"""Traces: in the documented format on every shipped scenario, and true to the records."""

from __future__ import annotations

import copy
from itertools import pairwise
from math import nan
from pathlib import Path

import numpy as np
import pytest

from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.trace.tracks import colours
from rolloutsim.results.trace.writer import latest_nodes, to_bytes, trace
from tests import trace_format
from tests.report.runs import rolling
from tests.results.by_hand import Story, image, run
from tests.shipped import SCENARIOS, shipped

MICROSECOND = 1e-6


def traced(run: Run, case: CaseRecords, nodes: int = 200) -> dict:
    """As a reader of the file gets it."""
    return trace_format.read(to_bytes(trace(run, case, nodes), compressed=False))


def overlapping(found: dict) -> list[dict]:
    """Slices that lie in another although they are no part of it: parts have no arguments of their own."""
    last: dict[int, int] = {}
    wrong = []
    for event in found["traceEvents"]:
        if event["ph"] == "X" and "args" in event:
            if event["ts"] < last.get(event["tid"], 0):
                wrong.append(event)
            last[event["tid"]] = event["ts"] + event["dur"]
    return wrong


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_case_of_a_shipped_scenario_is_a_valid_trace(path: Path) -> None:
    """Oracle: the format's own document, as `tests.trace_format` has it."""
    run = shipped(path.stem)
    for case in run.cases:
        found = traced(run, case)
        assert trace_format.complaints(found) == []
        assert overlapping(found) == []


def test_workloads_and_other_applications_make_a_valid_trace() -> None:
    run = rolling()
    found = traced(run, run.cases[0])
    assert trace_format.complaints(found) == []
    counters = {e["name"] for e in found["traceEvents"] if e["ph"] == "C"}
    assert {"ready replicas of api", "ready replicas of log", "registry.uplink [%]"} <= counters


@pytest.mark.parametrize("stem", ["real-images", "racks", "mixed-nics", "multi-stage", "push-and-roll", "deployment"])
def test_a_node_has_as_many_download_slots_as_its_runtime_at_most(stem: str) -> None:
    """Oracle: the runtime's `parallel_layers`; and every byte that was fetched lies on one of them."""
    run = shipped(stem)
    case = run.cases[-1]
    found = traced(run, case)
    allowed = {
        name: run.scenario.groups[group].runtime.parallel_layers
        for name, group in zip(case.node_names, case.node_group.tolist(), strict=True)
    }
    processes, moved = trace_format.names(found, "process"), 0
    slots: dict[str, int] = {}
    for (pid, tid), name in trace_format.names(found, "thread").items():
        if name.startswith("download slot"):
            slots[processes[pid]] = slots.get(processes[pid], 0) + 1
            moved += sum(e["args"]["bytes"] for e in trace_format.top_level(found, pid, tid))
    assert slots
    assert all(count <= allowed[node] for node, count in slots.items())
    assert moved == pytest.approx(case.fetches.bytes_done.sum(), abs=len(case.fetches.pull))


def test_saturated_slices_add_up_to_the_records_saturated_time() -> None:
    """Oracle: the records' own saturated time, which the slices are exact about."""
    run = shipped("racks")
    case = run.cases[0]
    found = traced(run, case)
    seconds = dict(zip(case.shared_links.name, case.shared_links.saturated.tolist(), strict=True))
    tracks = {k: v for k, v in trace_format.names(found, "thread").items() if v.endswith(" saturated")}
    assert tracks
    for (pid, tid), name in tracks.items():
        slices = trace_format.top_level(found, pid, tid)
        shown = sum(e["dur"] for e in slices) * MICROSECOND
        assert shown == pytest.approx(seconds[name.removesuffix(" saturated")], abs=len(slices) * MICROSECOND)


def test_a_counter_of_a_link_holds_all_bytes_that_it_carried() -> None:
    """Oracle: the area under the counter is the bytes over the capacity."""
    run = shipped("20nodes")
    case = run.cases[-1]
    points = [e for e in traced(run, case)["traceEvents"] if e["name"] == "registry.uplink [%]"]
    area = sum(a["args"]["utilisation"] / 100 * (b["ts"] - a["ts"]) for a, b in pairwise(points)) * MICROSECOND
    row = case.shared_links.name.index("registry.uplink")
    assert area == pytest.approx(case.shared_links.bytes[row] / case.shared_links.capacity[row], rel=1e-3)


def test_failed_pulls_refusals_and_faults_are_events() -> None:
    run = shipped("thundering-herd")
    (case,) = run.cases
    found = traced(run, case)
    instants = [e["name"] for e in found["traceEvents"] if e["ph"] == "i"]
    assert instants.count("agent: connection refused or broken") == np.count_nonzero(~np.isnan(case.pulls.failed))
    # Requests that break at one time are one event.
    end = " × connection refused or broken, layer"
    broken = [int(name.removesuffix(end)) for name in instants if name.endswith(end)]
    assert max(broken) > 1
    refusals = case.orchestration.refusals
    alone = instants.count("connection refused or broken, layer")
    assert sum(broken) + alone == int(refusals.count[refusals.layer].sum())
    (fault,) = [e for e in found["traceEvents"] if e.get("cat") == "fault"]
    assert (fault["name"], fault["ts"], fault["dur"]) == ("outage", 2_000_000, 60_000_000)
    assert fault["args"] == {"kind": "registry", "target": "registry"}


def test_what_never_ended_lasts_to_the_end_and_says_so() -> None:
    story = Story((image("a", 100.0, 50.0),), end=10.0, finished=False)
    story.fetch(story.pull(0.0, 1.0, nan), "a-0", 1.0, 2.0, nan)
    case = story.case()
    found = traced(run(case), case)
    assert trace_format.complaints(found) == []
    (fetch,) = [e for e in found["traceEvents"] if e.get("cat") == "fetch" and "args" in e]
    assert (fetch["ts"], fetch["dur"], fetch["args"]["outcome"]) == (1_000_000, 9_000_000, "unfinished")
    (pulled,) = [e for e in found["traceEvents"] if e.get("cat") == "pull" and "args" in e]
    assert (pulled["dur"], pulled["args"]["outcome"]) == (10_000_000, "unfinished")
    assert found["otherData"]["finished"] is False


def test_a_layer_that_waits_says_for_what_and_how_long() -> None:
    """For a slot: a counter and a number; for another pull of the node: a slice."""
    story = Story((image("a", 100.0, 50.0),))
    first, second = story.pull(0.0, 1.0, 4.0), story.pull(1.0, 2.0, 3.0)
    base = story.fetch(first, "a-0", 1.0, 1.0, 3.0, cause={0: 0.5, 1: 1.5})
    story.fetch(first, "a-1", 3.0, 3.25, 4.0, freed_by=base)
    story.wait(second, base)
    case = story.case()
    found = traced(run(case), case)
    assert trace_format.complaints(found) == []
    fetches = {e["name"]: e for e in found["traceEvents"] if e.get("cat") == "fetch" and "args" in e}
    assert fetches["a-0"]["args"] == {
        "image": "a", "bytes": 100, "rate_bytes_per_s": 50, "cause_s": {"registry.uplink": 0.5, "nic": 1.5},
    }  # fmt: skip
    assert fetches["a-1"]["args"]["waited_for_slot_s"] == 2.0
    assert {e["tid"] for e in fetches.values()} == {fetches["a-0"]["tid"]}
    queue = [(e["ts"], e["args"]["layers"]) for e in found["traceEvents"] if e["name"] == "layers waiting for a slot"]
    assert queue == [(0, 0.0), (1_000_000, 1), (3_000_000, 0)]
    (other,) = [e for e in found["traceEvents"] if e.get("cat") == "queue"]
    assert (other["name"], other["ts"], other["dur"], other["args"]["cause"]) == (
        "a-0", 2_000_000, 1_000_000, "other_pull",
    )  # fmt: skip


def test_the_latest_nodes_are_shown_and_what_is_left_out_is_said() -> None:
    run = shipped("mixed-nics")
    case = run.cases[-1]
    ready = dict(zip(case.node_names, case.pods.ready[np.argsort(case.pods.node)].tolist(), strict=True))
    shown = [case.node_names[node] for node in latest_nodes(case, 7)]
    assert shown == sorted(shown)
    assert min(ready[name] for name in shown) >= max(time for name, time in ready.items() if name not in shown)
    found = traced(run, case, 7)
    assert list(trace_format.names(found, "process").values())[-7:] == shown
    about = found["otherData"]
    assert (about["nodes"], about["nodes_shown"], about["nodes_left_out"]) == (50, 7, "those that were ready first")
    assert "nodes_left_out" not in traced(run, case)["otherData"]


def test_of_many_links_the_busiest_are_shown_and_the_rest_counted() -> None:
    run = shipped("fleet-10k")
    found = traced(run, run.cases[0], 1)
    links = {e["name"] for e in found["traceEvents"] if e["ph"] == "C" and e["name"].endswith("[%]")}
    used = int(np.count_nonzero(run.cases[0].shared_links.bytes))
    assert (len(links), "registry.uplink [%]" in links) == (60, True)
    assert found["otherData"]["links_left_out"] == f"{used - 60} of {used}, those that were least busy"


def test_the_same_trace_gives_the_same_bytes_without_a_time_or_name_in_them() -> None:
    run = shipped("20nodes")
    case = run.cases[0]
    first, second = (to_bytes(trace(run, case), compressed=True) for _ in range(2))
    assert first == second
    assert first[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # RFC 1952: no flags, no name, time 0
    assert trace_format.read(first) == traced(run, case)


def test_the_slowest_case_is_traced_unless_one_is_named() -> None:
    outcome = Outcome(shipped("20nodes"))
    assert outcome.records(outcome.slowest) is outcome.run.cases[-1]
    assert outcome.records("alpine") is outcome.run.cases[0]
    with pytest.raises(KeyError, match="no case 'nothing'; cases: alpine, "):
        outcome.records("nothing")


def test_intervals_get_the_lowest_free_colour() -> None:
    assert colours([(0, 4), (0, 2), (1, 3), (2, 2), (2, 5), (4, 6)]) == [0, 1, 2, 1, 1, 0]
    assert colours([]) == []


def breaking(found: dict, how: str) -> dict:
    """A valid trace, made invalid in one way."""
    broken = copy.deepcopy(found)
    events = broken["traceEvents"]
    slices = [e for e in events if e["ph"] == "X"]
    counter = next(e for e in events if e["ph"] == "C")
    match how:
        case "overlap":
            fetches = [e for e in slices if e["cat"] == "fetch" and "args" in e]
            same = [e for e in fetches if e["tid"] == fetches[0]["tid"]]
            same[0]["dur"] = same[1]["ts"] + same[1]["dur"] // 2 - same[0]["ts"]
        case "no dur":
            del slices[0]["dur"]
        case "text for a time":
            slices[0]["ts"] = "0"
        case "fraction":
            slices[0]["ts"] = 0.5
        case "counter":
            counter["args"] = {"utilisation": "full"}
        case "series":
            counter["args"] = {"other": 1}
        case "nameless":
            events.remove(next(e for e in events if e["name"] == "thread_name"))
        case "phase":
            slices[0]["ph"] = "Q"
        case "scope":
            events.append({"name": "x", "cat": "x", "ph": "i", "ts": 0, "pid": 1, "tid": slices[0]["tid"], "s": "q"})
    return broken


@pytest.mark.parametrize(
    "how", ["overlap", "no dur", "text for a time", "fraction", "counter", "series", "nameless", "phase", "scope"]
)
def test_the_judge_of_the_format_finds_what_is_wrong(how: str) -> None:
    run = shipped("real-images")
    found = traced(run, run.cases[-1], 2)
    assert trace_format.complaints(breaking(found, how)) != []
