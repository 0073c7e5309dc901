"""How many events happen between two looks at a simulation changes nothing of what comes out.

A what-if is looked at more often than a run, so that one that is slower can be left; a rollout must end at the same
event however often somebody looks, and be over, or not, alike.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim import simulation

# The disks of some nodes are too full as the rollout begins: it is over once they are looked at, not with its last pod.
FULL_DISKS = {
    "rolloutsim": 1,
    "nodes": {
        "db": {"count": 1, "disk": {"rate": "1000 MiB/s", "capacity": "2 GB"}, "image_gc": {"period": "5 s"}},
        "edge": {
            "count": 3,
            "disk": {"rate": "1000 MiB/s", "capacity": "700 MB", "old_images": "500 MB"},
            "image_gc": {"period": "5 s"},
        },
    },
    "network": "1 Gbit/s",
    "images": {"base": "30 MB"},
    "workloads": {"api": {"images": "base", "daemonset": True}},
}


def told(document: dict[str, Any], batch: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """All that is said of a scenario whose simulation is looked at after so many events."""
    with monkeypatch.context() as patch:
        patch.setattr(simulation, "_EVENTS_AT_A_TIME", batch)
        return rs.loads(json.dumps(document)).run().to_json()


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 20, 60])
def test_a_rollout_is_over_with_its_full_disks_however_often_it_is_looked_at(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = told(FULL_DISKS, 5000, monkeypatch)
    assert json.loads(whole)["cases"][0]["finished"]
    assert told(FULL_DISKS, batch, monkeypatch) == whole


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A scenario with pods, on disks of which some are nearly full, with failures or without."""
    group: dict[str, Any] = {
        "count": draw(st.integers(1, 5)),
        "disk": {
            "capacity": draw(st.sampled_from(["300 MB", "700 MB", "3 GB"])),
            "old_images": draw(st.sampled_from(["0 B", "100 MB", "250 MB"])),
        },
        "image_gc": {"period": draw(st.sampled_from(["5 s", "40 s"]))},
    }
    kind: dict[str, Any] = draw(
        st.sampled_from([{"daemonset": True}, {"replicas": 4}, {"replicas": 3, "create": True}])
    )
    document: dict[str, Any] = {
        "rolloutsim": 1,
        "nodes": {"n": group},
        "network": "200 Mbit/s",
        "images": {"a": {"layers": ["12 MB", "5 MB"]}, "b": "20 MB"},
        "workloads": {"api": {"images": draw(st.sampled_from(["a", "b"])), **kind, "startup": "1 s"}},
    }
    if draw(st.booleans()):
        document["workloads"]["log"] = {"images": "b", "daemonset": True}
    if draw(st.booleans()):
        document["failures"] = {"out": {"registry": "registry", "at": "1 s", "back_after": "9 s"}}
    if draw(st.booleans()):
        document["rollout"] = {"horizon": "2m"}
    return document


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(documents(), st.sampled_from([1, 5, 20, 33]))
def test_batches_of_events_change_nothing(
    monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], batch: int
) -> None:
    assert told(document, batch, monkeypatch) == told(document, 5000, monkeypatch)
