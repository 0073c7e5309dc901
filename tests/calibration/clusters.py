"""Clusters whose numbers are known, and what people would have seen of their pulls, in the files that tools write.

The pulls are simulated, and measured as people measure: each a little longer or shorter by chance, stamps cut to
seconds, durations to milliseconds; some are far off, some look again for what is there, some fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, floor, log
from pathlib import Path
from typing import Any

import numpy as np

from rolloutsim import scenario
from rolloutsim.imports.observed import ObservedPull
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.resolved import Case, PlannedPull
from rolloutsim.simulation import simulate
from tests.imports import writers

EPOCH = 1_795_000_000.0  # in November 2026
APART = 4000.0  # between two bursts [s]; the slowest pull takes less
UNSEEN = "registry.example/team/unseen:1.0"  # an image that nobody has pulled yet
FORMATS = ("events", "eventTime", "events.k8s.io/v1", "containerd", "describe")


@dataclass(frozen=True)
class Cluster:
    """A cluster.

    Parameters
    ----------
    text : str
        Its scenario, in which numbers are assumed, or missing.
    truth : mapping
        Path of a key → its true value [B/s, or s].
    files : mapping
        Name → text: what tools wrote of its pulls.
    format : str
        Which tool.
    """

    text: str
    truth: Mapping[tuple[str, ...], float]
    files: Mapping[str, str]
    format: str

    def true_scenario(self) -> Any:
        """The scenario with the true numbers."""
        return scenario.loads(self.text, overrides=[
            f"{'.'.join(path)}={value!r} {'s' if path[-1] == 'resolve_time' else 'B/s'}"
            for path, value in self.truth.items()
        ])  # fmt: skip

    def write(self, folder: Path) -> list[str]:
        """The files on disk."""
        for name, text in self.files.items():
            (folder / name).write_text(text)
        return [str(folder / name) for name in self.files]


def cluster(seed: int) -> Cluster:
    """A cluster at random: sizes, rates, images, bursts, noise and the tool that tells of it."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(4, 13))
    images = [f"registry.example/team/app{number}:1.0" for number in range(rng.integers(5, 10))]
    knows_nic = rng.random() < 0.5
    nic = _between(rng, 3e7, 6e8)
    truth = {
        ("registry", "uplink"): _between(rng, 3e7, 1e9),
        ("nodes", "web", "resolve_time"): _between(rng, 0.05, 3.0),
        ("nodes", "web", "unpack", "rate"): _between(rng, 5e7, 4e8),
        (("registry", "connection_cap") if knows_nic else ("nodes", "web", "nic")): (
            _between(rng, 1e7, 2e8) if knows_nic else nic
        ),
    }
    of_group = f"count: {nodes}, disk: {_between(rng, 1e8, 1e9)!r} B/s" + (f", nic: {nic!r} B/s" if knows_nic else "")
    lines = ["rolloutsim: 1", f"nodes: {{web: {{{of_group}}}}}", "network: 1 Gbit/s  # assumed", "images:"]
    for image in (*images, UNSEEN):
        lines.append(f"  {image}: {{layers: [{', '.join(_layers(rng))}]}}")
    text = "\n".join(lines) + "\n"
    made = Cluster(text, truth, {}, FORMATS[seed % len(FORMATS)])
    pulls = _measured(made, _planned(rng, images, nodes, made.format != "describe"), rng)
    return replace(made, files=_files(made.format, pulls, rng))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return exp(rng.uniform(log(low), log(high)))


def _layers(rng: np.random.Generator) -> list[str]:
    whole, ratio = _between(rng, 5e6, 1.5e9), rng.uniform(1.8, 3.2)
    shares = rng.dirichlet(np.ones(int(rng.integers(1, 6))))
    sizes = [max(1000, round(whole * share)) for share in shares]
    return [f"{{compressed: {size} B, unpacked: {round(size * ratio)} B}}" for size in sizes]


def _planned(
    rng: np.random.Generator, images: list[str], nodes: int, overlap: bool
) -> list[list[tuple[int, str, float]]]:
    """Bursts: of each pull the node, the image, and when after the burst's start [s]; a node pulls an image once."""
    bursts = []
    for image in images:
        left = [int(node) for node in rng.permutation(nodes)]
        if overlap and rng.random() < 0.6:
            count, spread = int(rng.integers(2, nodes + 1)), _between(rng, 0.5, 20.0)
            bursts.append([(left.pop(), image, rng.uniform(0.0, spread)) for _ in range(count)])
        bursts += [[(left.pop(), image, 0.0)] for _ in range(min(len(left), int(rng.integers(1, 3))))]
    return bursts


def _measured(
    made: Cluster, bursts: list[list[tuple[int, str, float]]], rng: np.random.Generator
) -> list[ObservedPull]:
    resolved = made.true_scenario().resolve()
    (group,) = resolved.groups
    noise = rng.uniform(0.02, 0.12)
    pulls = []
    for number, burst in enumerate(bursts):
        groups = tuple(replace(group, name=f"n{node}", count=1) for node, _, _ in burst)
        plan = {f"n{node}": (PlannedPull(image, Distribution(at, at)),) for node, image, at in burst}
        run = simulate(replace(resolved, groups=groups, cases=(Case("true", plan),)), 1, alone=False)
        times = (run.cases[0].pulls.pulled - run.cases[0].pulls.asked)[np.argsort(run.cases[0].pulls.node)]
        assert times.max() < 0.9 * APART
        for (node, image, at), time in zip(burst, times.tolist(), strict=True):
            took = time * exp(rng.normal(0.0, noise))
            if rng.random() < 0.03:
                took *= rng.uniform(2.0, 6.0)
            began = EPOCH + number * APART + at
            size = int(resolved.images[image].compressed)
            pulls.append(ObservedPull(
                image, f"web-{node:03d}", f"team/p{len(pulls)}", began, began + took, 0.0, took, 0.0, size, size,
                "kubelet event", "x",
            ))  # fmt: skip
    return pulls


def _files(format: str, pulls: list[ObservedPull], rng: np.random.Generator) -> dict[str, str]:
    """What a tool writes of the pulls, and of others that moved nothing or failed."""
    if format == "containerd":
        return {f"{node}.log": "\n".join(lines) + "\n" for node, lines in _logs(pulls).items()}
    again = [
        replace(
            one,
            pod=f"{one.pod}-again",
            began=one.ended + 100.0,
            ended=one.ended + 100.5,
            duration=_between(rng, 0.3, 0.9),
        )
        for one in pulls
        if one.ended is not None and rng.random() < 0.1
    ]
    if format == "describe":
        last = max(one.ended or 0.0 for one in pulls)
        return {"pods.txt": writers.describe(pulls, last + 60.0)}
    api = "v1" if format == "events" else format
    items = writers.events(_cut(pulls) + _cut(again), api=api)
    for number, one in enumerate(pulls):
        if rng.random() < 0.1:
            items.append(writers.event(
                f'Failed to pull image "{one.image}": rpc error: code = Unknown', "Failed",
                at=(one.began or 0.0) - 30.0,
                node=one.node, pod=f"{one.pod}-f", uid=f"f{number}", api=api,
            ))  # fmt: skip
    return {"events.json": writers.kubectl_list(items)}


def _cut(pulls: list[ObservedPull]) -> list[ObservedPull]:
    return [replace(one, duration=floor(one.duration * 1000) / 1000) for one in pulls]


def _logs(pulls: list[ObservedPull]) -> dict[str, list[str]]:
    nodes: dict[str, list[ObservedPull]] = {}
    for one in pulls:
        nodes.setdefault(one.node or "", []).append(one)
    return {node: writers.containerd(own, "json") for node, own in nodes.items()}
