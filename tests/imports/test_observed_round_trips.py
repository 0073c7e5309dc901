"""What the tools write of random pulls and requests, read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.imports.observed import ObservedPull
from tests.imports import writers
from tests.imports.seen import BLOB, NOON, as_told, of, pull, request, without_place

# Round trips.

IMAGES = st.sampled_from(["app:1", "quay.io/team/api:2.3", "registry:5000/a/b@sha256:" + "0" * 64, "busybox"])


@st.composite
def pulls(draw: st.DrawFn) -> list[ObservedPull]:
    """Pulls of images that their nodes have not, a pod each, in whole seconds and milliseconds, the earliest first."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 30), IMAGES), min_size=1, max_size=20, unique=True))
    made = []
    for number, (node, image) in enumerate(pairs):
        took = draw(st.integers(1, 7_300_000)) / 1000
        made.append(pull(
            image, took, NOON + draw(st.integers(0, 4000)), node=f"n{node}", pod=f"team/p{number}",
            waited=draw(st.integers(0, 900_000)) / 1000, size=draw(st.integers(1, 10**11)),
        ))  # fmt: skip
    return sorted(made, key=lambda one: one.ended)


def same(found: Sequence[ObservedPull], expected: Sequence[ObservedPull], **more: object) -> None:
    """Compare two lists in the same order of times; floats to a microsecond."""

    def key(one: dict[str, object]) -> tuple[object, ...]:
        return (round(one["ended"] or 0), str(one["node"]), one["image"])

    here = sorted(without_place(found), key=key)
    there = sorted(({**one, **more} for one in without_place(expected)), key=key)
    assert [
        {name: value if not isinstance(value, float) else pytest.approx(value, abs=5e-6) for name, value in one.items()}
        for one in there
    ] == here


@given(pulls(), st.sampled_from([(1, 30), (1, 32), (1, 35)]), st.sampled_from(["v1", "eventTime", "events.k8s.io/v1"]))
def test_events_read_back(made: list[ObservedPull], kubelet: tuple[int, int], api: str) -> None:
    with TemporaryDirectory() as folder:
        seen = of(Path(folder), writers.kubectl_list(writers.events(made, kubelet, api)))
    if api == "eventTime":
        same(seen.pulls, made, resolution=1e-6)
    else:
        same(seen.pulls, [as_told(one) for one in made])
    assert seen.left_out == {}


@given(pulls(), st.sampled_from(["short-iso", "short", "json"]), st.randoms())
def test_containerds_log_reads_back(made: list[ObservedPull], prefix: str, random: object) -> None:
    made = [pull(one.image, one.duration, one.ended, node=one.node, size=one.size, read=one.size) for one in made]
    lines = writers.containerd(made, prefix)
    random.shuffle(lines)
    with TemporaryDirectory() as folder:
        seen = of(Path(folder), "\n".join(lines))
    same(seen.pulls, made, pod=None, waited=None, source="containerd log", resolution=1e-6)
    assert seen.left_out == {}


@given(pulls())
def test_events_and_logs_together_count_once(made: list[ObservedPull]) -> None:
    logged = [pull(one.image, one.duration, one.ended, node=one.node, size=one.size, read=one.size) for one in made]
    with TemporaryDirectory() as folder:
        texts = (writers.kubectl_list(writers.events(made)), "\n".join(writers.containerd(logged, "json")))
        seen = of(Path(folder), *texts)
    both = [
        pull(
            one.image,
            one.duration,
            one.ended,
            node=one.node,
            size=one.size,
            read=one.size,
            pod=one.pod,
            waited=one.waited,
        )
        for one in made
    ]
    same(seen.pulls, both, source="containerd log", resolution=1e-6)
    assert seen.left_out == {"told twice": len(made)}


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 10**9), st.integers(0, 9)), min_size=1, max_size=30))
def test_requests_read_back(drawn: list[tuple[int, int, int]]) -> None:
    made = sorted(
        (
            request(NOON + at, duration=micro / 1e6, path=f"{BLOB[:-1]}{blob}", sent=1000 + blob)
            for at, micro, blob in drawn
        ),
        key=lambda one: one.ended,
    )
    with TemporaryDirectory() as folder:
        for formatter in ("text", "json"):
            lines = writers.response_completed(made, formatter)
            seen = of(Path(folder), "\n".join([*lines, *writers.access_log(made)]))
            assert without_place(seen.requests) == [
                {**one, "duration": pytest.approx(one["duration"], abs=1e-9)} for one in without_place(made)
            ]
            assert seen.left_out == {"told twice": len(made)}
