"""What holds in every rollout, whatever goes wrong on the way."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.scenario.causes import NODE_DOWN
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.orchestration import Amount, Kubelet, Strategy, Wave, Workload
from rolloutsim.scenario.resolved import Case, Disk, Fault, RateLimit
from rolloutsim.scenario.runtimes import Timeouts
from rolloutsim.simulation import simulate
from tests.fleet.scenes import CONTAINERD, CRIO, DOCKERD, MB, scene, with_registry, with_runtime

NODES = 4
IMAGES = (
    "{base: {layers: [20 MB, 40 MB]}, a: {base: base, layers: [30 MB, 10 MB, 5 MB]}, b: {base: base, layers: [70 MB]}}"
)
times = st.sampled_from([0.0, 0.1, 0.35, 0.5, 0.9, 1.3, 2.0, 4.5, 9.0])
after = st.sampled_from([0.01, 0.1, 0.4, 2.0, 30.0, None])


@st.composite
def faults(draw):
    kind = draw(st.sampled_from(["node", "registry", "link", "requests"]))
    target = {"node": f"node-00{draw(st.integers(0, NODES - 1))}", "link": "registry.uplink"}.get(kind, "registry")
    remaining = draw(st.sampled_from([0.0, 0.1, 0.5])) if kind in ("registry", "link") else 0.0
    return Fault(
        draw(st.sampled_from("abcdef")), kind, target,
        at=draw(times), back_after=draw(after), remaining=remaining, probability=draw(st.sampled_from([0.05, 0.5])),
    )  # fmt: skip


amounts = st.one_of(
    st.integers(0, 4).map(lambda n: Amount(count=n)), st.sampled_from([Amount(share=0.25), Amount(share=0.5)])
)


@st.composite
def workloads(draw, name):
    daemonset = draw(st.booleans())
    kind = draw(
        st.sampled_from(
            ["daemonset", "all_at_once", "waves"] if daemonset else ["rolling", "statefulset", "waves", "all_at_once"]
        )
    )
    strategy = Strategy(
        kind,
        max_surge=Amount(count=0) if kind == "daemonset" else draw(amounts),
        max_unavailable=draw(amounts),
        min_ready=draw(st.sampled_from([0.0, 0.7])),
        progress_deadline=draw(st.sampled_from([None, 5.0])) if kind == "rolling" else None,
        waves=(Wave(Amount(count=1), 0.5), Wave(Amount(share=0.5), gate=False)),
        step_overhead=draw(st.sampled_from([0.0, 0.25])),
    )  # fmt: skip
    return Workload(
        name,
        draw(st.sampled_from([("a",), ("b",), ("a", "b")])),
        NODES if daemonset else draw(st.integers(1, 7)),
        daemonset,
        ("node",),
        strategy,
        start=draw(st.sampled_from([0.0, 0.6])),
        create=draw(st.booleans()),
        startup=draw(st.sampled_from([Distribution(), Distribution(0.1, 0.5)])),
        termination=draw(st.sampled_from([0.0, 0.3])),
    )


@st.composite
def scenarios(draw, with_faults=True):
    s = scene(IMAGES, nodes=NODES, network=draw(st.sampled_from(["100 MB/s", "300 MB/s"])))
    s = with_runtime(
        s,
        retry=draw(st.sampled_from([CONTAINERD, DOCKERD, CRIO, replace(CONTAINERD, resumes=False)])),
        layer_fetch_buffer=draw(st.sampled_from([None, None, 8 * MB])),
        parallel_layers=draw(st.integers(1, 3)),
        slots_per=draw(st.sampled_from(["node", "image"])),
        kept_connections=draw(st.sampled_from([0, 2])),
        timeouts=draw(st.sampled_from([Timeouts(), Timeouts(0.7, 0.5, 1.1)])) if with_faults else Timeouts(),
    )
    slow = {"max_connections": draw(st.sampled_from([None, 1, 3])), "tls": draw(st.booleans()), "ttfb": 0.0}
    if with_faults:
        slow |= {"ttfb": draw(st.sampled_from([0.0, 0.0, 0.3, 1.2]))}
    s = with_registry(s, **slow)
    kubelet = Kubelet(
        parallel_pulls=draw(st.sampled_from([1, 2, None])),
        pull_qps=draw(st.sampled_from([5.0, 0.2])) if with_faults else 5.0,
        pull_burst=2,
        backoff_jitter=draw(st.sampled_from([0.0, 0.5])),
        progress_timeout=draw(st.sampled_from([None, 3.0])),
    )
    full = Disk(1e12) if not with_faults else draw(st.sampled_from([Disk(1e12), Disk(400 * MB, 50 * MB, 100 * MB)]))
    s = replace(s, groups=tuple(replace(g, kubelet=kubelet, storage=full) for g in s.groups))
    if with_faults and draw(st.booleans()):
        limit = RateLimit(draw(st.sampled_from([0.5, 5.0])), 3, "account", draw(st.sampled_from(["pulls", "requests"])))
        s = replace(s, registries={n: replace(r, rate_limits=(limit,)) for n, r in s.registries.items()})
    chosen = tuple(draw(workloads(f"w{n}")) for n in range(draw(st.integers(1, 2))))
    cases = (Case("all", {}, chosen),)
    found = tuple(draw(st.lists(faults(), max_size=3))) if with_faults else ()
    return replace(s, cases=cases, faults=found, horizon=2000.0)


@settings(max_examples=120, deadline=None)
@given(scenarios())
def test_every_pull_has_one_end_and_every_byte_crossed_its_links(scenario):
    case = simulate(scenario).cases[0]
    pulls, fetches, o = case.pulls, case.fetches, case.orchestration
    pulled, failed = ~np.isnan(pulls.pulled), ~np.isnan(pulls.failed)
    # Pulled, failed with a reason, or unfinished.
    assert not (pulled & failed).any()
    assert ((pulls.reason >= 0) == failed).all()
    # The bytes on the only shared link are those of the fetches across it, bytes fetched again included.
    link = case.shared_links.name.index("registry.uplink")
    assert np.isclose(case.shared_links.bytes[link], fetches.bytes_done.sum(), rtol=1e-9, atol=1.0)
    assert (fetches.again <= fetches.bytes_done + 1e-3).all()
    # No layer is brought to a node twice, but for what was fetched again, and images that a full node removed.
    full = np.isin(np.arange(NODES), o.pressures.node)
    size = np.array([layer.compressed for layer in case.layers])
    kept = np.zeros((NODES, len(size)))
    np.add.at(kept, (pulls.node[fetches.pull], fetches.layer), fetches.bytes_done - fetches.again)
    assert (kept[~full] <= size + 1e-3).all()
    for row in np.flatnonzero(pulled):
        image = case.images[pulls.image[row]]
        wanted = [[layer.digest for layer in case.layers].index(layer.digest) for layer in image.layers]
        times = kept[pulls.node[row], wanted] / size[wanted]
        assert (times > 1.0 - 1e-9).all()
        assert full[pulls.node[row]] or np.allclose(times, 1.0, rtol=1e-9, atol=1e-9)
    # Pods' steps follow one another without a gap.
    steps = o.steps
    for pod in range(len(case.pods.ready)):
        rows = np.flatnonzero(steps.pod == pod)
        assert np.array_equal(steps.ended[rows][:-1], steps.started[rows][1:])
        assert (steps.ended[rows][:-1] >= steps.started[rows][:-1]).all()
        if case.pods.ready[pod] == case.pods.ready[pod] and len(rows):
            assert steps.ended[rows[-1]] == case.pods.ready[pod] or steps.cause[rows[-1]] == NODE_DOWN.number
    assert (case.shared_links.saturated <= case.end + 1e-9).all()
    disks = o.disks
    assert (disks.peak <= disks.capacity + 1e-3).all()
    assert case.finished or case.stuck


@settings(max_examples=80, deadline=None)
@given(scenarios(with_faults=False))
def test_a_rollout_in_which_nothing_fails_keeps_its_promises(scenario):
    from rolloutsim.rollout import fenceposts

    case = simulate(scenario).cases[0]
    assert case.finished, case.stuck
    changes = case.orchestration.replicas
    for number, workload in enumerate(scenario.cases[0].workloads):
        strategy, wanted = workload.strategy, workload.replicas
        if workload.create or strategy.name not in ("rolling", "daemonset", "statefulset"):
            continue
        rows = changes.workload == number
        instants = np.unique(changes.time[rows])
        ready = [wanted + int((changes.old + changes.new)[rows & (changes.time <= t)].sum()) for t in instants]
        if strategy.name == "rolling":
            _, unavailable = fenceposts.deployment(strategy.max_surge, strategy.max_unavailable, wanted)
        elif strategy.name == "daemonset":
            _, unavailable = fenceposts.daemonset(strategy.max_surge, strategy.max_unavailable, wanted)
        else:
            unavailable = fenceposts.statefulset(strategy.max_unavailable, wanted)
        assert min(ready, default=wanted) >= wanted - unavailable


@settings(max_examples=40, deadline=None)
@given(scenarios(), st.integers(0, 3))
def test_the_same_seed_gives_the_same_records(scenario, seed):
    one, two = (simulate(scenario, seed).cases[0] for _ in range(2))
    assert one.events == two.events
    for name in ("asked", "resolved", "pulled", "failed"):
        assert np.array_equal(getattr(one.pulls, name), getattr(two.pulls, name), equal_nan=True)
    assert np.array_equal(one.pods.ready, two.pods.ready, equal_nan=True)
