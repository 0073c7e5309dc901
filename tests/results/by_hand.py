"""Records written by hand: a `Story` is told pull by pull, its times are the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

from rolloutsim.results.facts import records as r
from rolloutsim.results.facts.columns import Ids, Times
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.resolved import (
    Case,
    Image,
    Layer,
    Link,
    NodeGroup,
    PlannedPull,
    Registry,
    ResolvedScenario,
    Threshold,
)
from rolloutsim.scenario.runtimes import Runtime
from tests.results.rollout_by_hand import Rollout

RUNTIME = Runtime("containerd", 3, "node", 0.0, 0.0, 0.0, 0.0, 0.0)
UPLINK = Link("registry.uplink", "registry_uplink", 100.0, 125.0)

# What flows may be limited by, as the simulation names it; 0 to 4.
CAUSES = ("registry.uplink", "nic", "disk", "unpack", "connection_cap")
UPLINK_CAUSE, NIC, DISK, UNPACK, CAP = range(5)


def image(name: str, *sizes: float) -> Image:
    """An image whose layers are named `<name>-0`, `<name>-1`, ..."""
    return Image(name, "registry", tuple(Layer(f"{name}-{i}", size, 2 * size) for i, size in enumerate(sizes)))


@dataclass
class Story:
    """What happened in a case, told in any order; times in seconds."""

    images: tuple[Image, ...]
    nodes: int = 1
    name: str = "all"
    end: float | None = None
    finished: bool = True
    stuck: tuple[str, ...] = ()
    links: tuple[Link, ...] = (UPLINK,)
    link_bytes: tuple[float, ...] = (0.0,)
    link_saturated: tuple[float, ...] = (0.0,)
    private: tuple[r.PrivateLinks, ...] = ()
    groups: tuple[int, ...] | None = None
    pulls: list[tuple[int, int, float, float, float, float]] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    fetches: list[tuple[int, int, float, float, float, float, int, float, int]] = field(default_factory=list)
    unpacks: list[tuple[int, float, float, int]] = field(default_factory=list)
    waits: list[tuple[int, int, int]] = field(default_factory=list)
    spent: list[tuple[bool, int, int, float]] = field(default_factory=list)
    failed: dict[int, tuple[float, str]] = field(default_factory=dict)  # pull → when, why
    again: dict[int, float] = field(default_factory=dict)  # fetch → bytes
    requests: int = 6
    rollout: Rollout | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        return tuple({layer.digest: layer for one in self.images for layer in one.layers}.values())

    def layer(self, digest: str) -> int:
        return [layer.digest for layer in self.layers].index(digest)

    def pull(
        self,
        asked: float,
        resolved: float,
        pulled: float,
        *,
        node: int = 0,
        image: int = 0,
        alone: float = nan,
        ready: float | None = None,
    ) -> int:
        self.pulls.append((node, image, asked, resolved, pulled, alone))
        self.ready.append(pulled if ready is None else ready)
        return len(self.pulls) - 1

    def fail(self, pull: int, at: float, reason: str) -> int:
        """A pull failed."""
        self.failed[pull] = (at, reason)
        return pull

    def fetch(
        self,
        pull: int,
        digest: str,
        granted: float,
        started: float,
        fetched: float,
        *,
        connected: float | None = None,
        freed_by: int = -1,
        cause: int | dict[int, float] = UPLINK_CAUSE,
    ) -> int:
        row, layer = len(self.fetches), self.layer(digest)
        connected = granted if connected is None else connected
        size = self.layers[layer].compressed if fetched == fetched else 0.0
        self.fetches.append(
            (pull, layer, granted, connected, started, fetched, freed_by, size, self._cause(False, row, cause))
        )
        return row

    def unpack(self, fetch: int, started: float, unpacked: float, cause: int | dict[int, float] = UNPACK) -> int:
        row = len(self.unpacks)
        self.unpacks.append((fetch, started, unpacked, self._cause(True, row, cause)))
        return row

    def wait(self, pull: int, fetch: int) -> None:
        self.waits.append((pull, self.fetches[fetch][1], fetch))

    def case(self) -> r.CaseRecords:
        ready = np.array(self.ready, np.float64)
        whole = [*self.ready, *(pod[2] for pod in self._rollout.pods)]
        end = float(np.nanmax(whole)) if self.end is None else self.end
        links, floats = self.links, np.float64
        node, image, asked, resolved, pulled, alone = _columns(self.pulls, "iidddd")
        f = _columns(self.fetches, "iiddddidh")
        reasons = tuple(dict.fromkeys((*(reason for _, reason in self.failed.values()), *self._rollout.reasons)))
        failed, reason_of = np.full(len(self.pulls), nan), np.full(len(self.pulls), -1, np.int16)
        for row, (at, reason) in self.failed.items():
            failed[row], reason_of[row] = at, reasons.index(reason)
        again = np.array([self.again.get(row, 0.0) for row in range(len(self.fetches))])
        return r.CaseRecords(
            name=self.name,
            node_names=tuple(f"node-{i:03d}" for i in range(self.nodes)),
            node_group=np.array(self.groups or [0] * self.nodes, np.int32),
            images=self.images,
            layers=self.layers,
            causes=CAUSES,
            pulls=r.Pulls(
                node,
                image,
                asked,
                resolved,
                pulled,
                alone,
                failed,
                reason_of,
                np.full(len(self.pulls), self.requests, np.int32),
            ),
            fetches=r.Fetches(
                *f[:8],
                again=again,
                cause=f[8],
                source=np.zeros(len(again), np.int16),
                committed=f[5],
            ),
            unpacks=r.Unpacks(*_columns(self.unpacks, "iddh")),
            waits=r.Waits(*_columns(self.waits, "iii")),
            spent=r.Spent(*_columns(self.spent, "?ihd")),
            pods=self._pods(node, asked, pulled, ready, reasons),
            shared_links=r.SharedLinks(
                tuple(link.name for link in links),
                tuple(link.kind for link in links),
                np.array([link.line_rate for link in links]),
                np.array([link.capacity for link in links]),
                np.array(self.link_bytes, floats),
                np.array(self.link_saturated, floats),
                np.ones(len(links), np.int32),
                np.zeros((0, 3)),
            ),
            private_links=self.private,
            background=r.BackgroundRecords((), np.zeros(0), np.zeros(0), np.zeros(0)),
            finished=self.finished,
            stuck=self.stuck,
            end=end,
            events=0,
            reasons=reasons,
            orchestration=r.BARE if self.rollout is None else self.rollout.orchestration(),
            sources=("registry",),
        )

    @property
    def _rollout(self) -> Rollout:
        return self.rollout or Rollout()

    def _pods(self, node: Ids, asked: Times, pulled: Times, ready: Times, reasons: tuple[str, ...]) -> r.Pods:
        """Those of the rollout, if there is one, else one a pull."""
        if self.rollout is not None and self.rollout.workloads:
            return self.rollout.pod_columns(reasons)
        none = np.full(len(ready), -1, np.int32)
        return r.Pods(
            np.arange(len(ready), dtype=np.int32), pulled, ready, none, node, asked, asked, ready,
            np.full(len(ready), nan), none.astype(np.int16),
        )  # fmt: skip

    def _cause(self, is_unpack: bool, row: int, cause: int | dict[int, float]) -> int:
        if isinstance(cause, int):
            return cause
        self.spent += [(is_unpack, row, one, seconds) for one, seconds in cause.items()]
        return -1


def _columns(rows: list[tuple[object, ...]] | list[object], kinds: str) -> list[np.ndarray]:  # type: ignore[type-arg]
    types = {"i": np.int32, "d": np.float64, "h": np.int16, "?": np.bool_}
    return [np.array([row[i] for row in rows], types[kind]) for i, kind in enumerate(kinds)]  # type: ignore[index]


def nics(bytes_: list[float], saturated: list[float], capacity: float = 100.0, kind: str = "nic.in") -> r.PrivateLinks:
    """A private link of every node."""
    count = len(bytes_)
    return r.PrivateLinks(
        kind,
        np.arange(count, dtype=np.int32),
        np.full(count, capacity),
        np.array(bytes_),
        np.array(saturated),
        np.ones(count, np.int32),
    )


def scenario(
    *cases: r.CaseRecords,
    thresholds: tuple[Threshold, ...] = (),
    nic: float | None = 100.0,
    links: tuple[Link, ...] = (UPLINK,),
    notes: tuple[str, ...] = (),
    runtime: Runtime = RUNTIME,
    **other: Any,
) -> ResolvedScenario:
    """The scenario of cases written by hand: one group named `node` behind `registry.uplink`."""
    images = {one.name: one for case in cases for one in case.images}
    group = NodeGroup("node", len(cases[0].node_names), runtime, nic=nic, nic_line_rate=None if nic is None else 125.0)
    return ResolvedScenario(
        name="by hand",
        description=None,
        model="ideal",
        seed=7,
        groups=(group,),
        links={link.name: link for link in links},
        path_latency=0.0,
        registries={"registry": Registry("registry", ("registry.uplink",))},
        images=images,
        cases=tuple(map(_case, cases)),
        startup=Distribution(),
        thresholds=thresholds,
        sha256="0" * 64,
        notes=notes,
        **other,
    )


def _case(case: r.CaseRecords) -> Case:
    if case.orchestration.workloads:
        return Case(case.name, {}, case.orchestration.workloads)
    return Case(case.name, {"node": tuple(PlannedPull(one.name, Distribution()) for one in case.images)})


def run(
    *cases: r.CaseRecords, thresholds: tuple[Threshold, ...] = (), notes: tuple[str, ...] = (), **other: Any
) -> r.Run:
    """A run of cases written by hand; `other` parts of the scenario are its own, such as prices."""
    versions = {"rolloutsim": "0.1.0", "python": "3.11", "numpy": "2", "simpy": "4"}
    return r.Run(scenario(*cases, thresholds=thresholds, notes=notes, **other), 7, cases, versions)
