"""What registries, queues, background traffic, pushes, failures and prices resolve to."""

from __future__ import annotations

import math

import pytest

from rolloutsim.scenario import Scenario, load, loads
from rolloutsim.scenario.resolved import (
    Background,
    Fairness,
    Fault,
    Prices,
    Push,
    RateLimit,
    Redirect,
    Request,
    ResolvedScenario,
)

GOODPUT = 1448 / 1538  # MTU 1500: 1448 B of payload in 1538 B on the line
NODES = "nodes: {web: {count: 8, racks: [r1, r2]}, gpu: {count: 2, via: [spine, tor]}}\n"
NETWORK = "network: {rate: 1 Gbit/s, racks: 4 Gbit/s, links: {wan: 1 Gbit/s, spine: 9 Gbit/s, tor: 9 Gbit/s}}\n"
BASE = NODES + NETWORK + "images: {app: 30 MB, other: 3 MB}\n"


def resolved(text: str, *overrides: str) -> ResolvedScenario:
    return loads("rolloutsim: 1\n" + text, "f.yaml", overrides).resolve()


def test_one_replica_has_the_uplink_of_the_registry() -> None:
    registry = resolved(BASE).registries["registry"]
    assert (registry.path, registry.replicas, registry.inbound) == (("registry.uplink",), ("registry.uplink",), ())


def test_each_replica_has_an_uplink_of_its_own() -> None:
    scenario = resolved(BASE + "registry: {replicas: 3, via: [wan], storage: 1 GB/s, max_connections: 7}\n")
    registry = scenario.registries["registry"]
    assert registry.replicas == ("registry-0.uplink", "registry-1.uplink", "registry-2.uplink")
    assert registry.path == ("registry.storage", "registry-0.uplink", "wan")
    assert registry.max_connections == 7
    assert [name for name in scenario.links if name.startswith("registry")] == ["registry.storage", *registry.replicas]
    assert {scenario.links[name].line_rate for name in registry.replicas} == {125e6}


@pytest.mark.parametrize(
    ("keys", "limits"),
    [
        ("rate_limit: 100/min", [RateLimit(100 / 60, 100, "account", "requests")]),
        ("rate_limit: 100/6h", [RateLimit(100 / 21600, 100, "account", "requests")]),
        ("rate_limit: 0.5/s", [RateLimit(0.5, 1, "account", "requests")]),
        ("rate_limit: 90 / 1m30s", [RateLimit(1.0, 90, "account", "requests")]),
        (
            "rate_limit: {rate: 100/6h, burst: 20, per: address, counts: pulls}",
            [RateLimit(100 / 21600, 20, "address", "pulls")],
        ),
        (
            "rate_limit: {rate: 100/6h, kind: fixed_window, used: 40, resets_after: 30m}",
            [RateLimit(100 / 21600, 100, window=21600.0, used=40, resets_after=1800.0)],
        ),
        (
            "rate_limits: {pulls: {rate: 100/6h, counts: pulls}, abuse: 3000/min}",
            [RateLimit(100 / 21600, 100, "account", "pulls"), RateLimit(50, 3000, "account", "requests")],
        ),
    ],
)
def test_a_rate_limit_is_so_many_in_a_time(keys: str, limits: list[RateLimit]) -> None:
    assert list(resolved(BASE + f"registry: {{{keys}}}\n").registries["registry"].rate_limits) == limits


@pytest.mark.parametrize(
    ("redirect", "found"),
    [
        ("false", None),
        ("true", Redirect((), 85e6, 0.1)),
        ("{via: [wan], connection_cap: unlimited, ttfb: 5 ms}", Redirect(("wan",), None, 0.005)),
    ],
)
def test_a_redirection_leads_to_object_storage(redirect: str, found: Redirect | None) -> None:
    assert resolved(BASE + f"registry: {{redirect: {redirect}}}\n").registries["registry"].redirect == found


def test_queues_are_left_out_unless_a_buffer_is_given() -> None:
    assert {link.buffer for link in resolved(BASE).links.values()} == {0.0}
    scenario = resolved(BASE, "network.buffer=20 ms", "network.queue=fq_codel", "network.links.wan.queue=drop_tail",
                        "network.links.wan.buffer=1 s", "registry={storage: 1 GB/s}")  # fmt: skip
    queues = {name: (link.buffer, link.queue) for name, link in scenario.links.items()}
    assert queues["registry.uplink"] == queues["r1.up"] == queues["spine"] == (0.02, "fq_codel")
    assert (queues["wan"], queues["registry.storage"]) == ((1.0, "drop_tail"), (0.0, "drop_tail"))


def test_fairness_is_off_on_or_as_given() -> None:
    off = Fairness(0.0, math.inf, conquest=True)  # connections weigh the same; who has been there for long gives way
    assert resolved(BASE).fairness == resolved(BASE, "network.fairness=off").fairness == off
    assert resolved(BASE, "network.fairness=on").fairness == Fairness(0.41, math.inf, conquest=True)
    bbr = resolved(BASE, "network.fairness=on", "network.congestion_control=bbr")
    assert (bbr.congestion_control, bbr.fairness) == ("bbr", Fairness(0.70, math.inf, conquest=True))
    own = resolved(BASE, "network.fairness={sigma: 0.2, memory: 30 s, conquest: false}")
    assert own.fairness == Fairness(0.2, 30.0, conquest=False)
    assert len({one.sha256 for one in (bbr, own, resolved(BASE))}) == 3


def test_the_ideal_model_has_neither_queues_nor_uneven_sharing() -> None:
    scenario = resolved(BASE + "registry: {rate_limit: 9/s, redirect: {ttfb: 1 s}}\n", "model=ideal",
                        "network.buffer=20 ms", "network.fairness=on", "network.links.wan.buffer=1 s")  # fmt: skip
    assert {link.buffer for link in scenario.links.values()} == {0.0}
    assert scenario.fairness is None
    registry = scenario.registries["registry"]
    assert (registry.rate_limits, registry.redirect) == ((RateLimit(9, 9),), Redirect((), 85e6, 0.0))


def test_a_push_has_a_link_of_its_own_and_one_into_the_registry() -> None:
    text = BASE + "registry: {uplink: 2 Gbit/s, replicas: 2}\npush: {images: [app], held: other, link: 500 Mbit/s}\n"
    scenario = resolved(text, "push.via=[wan]", "push.at=5 s")
    assert scenario.pushes == (Push("ci", "ci.uplink", ("app",), ("other",), 5.0, 5, ("wan",)),)
    assert scenario.links["ci.uplink"].capacity == pytest.approx(62.5e6 * GOODPUT, rel=1e-15)
    assert scenario.registries["registry"].inbound == ("registry.uplink.in",)
    assert scenario.links["registry.uplink.in"].line_rate == 2 * 250e6


def test_a_push_comes_before_the_rollout_unless_it_has_a_time() -> None:
    scenario = resolved(BASE + "push: {from: laptop, images: app}\n")
    assert scenario.pushes == (Push("laptop", "laptop.uplink", ("app",)),)
    assert scenario.links["laptop.uplink"].line_rate == 125e6


def background(keys: str, text: str = BASE, *overrides: str) -> Background:
    (flow,) = resolved(text + f"background: {{x: {{{keys}}}}}\n", *overrides).background
    return flow


def test_a_flow_is_a_transfer_bulk_a_rate_or_a_service() -> None:
    assert background("links: [wan], size: 3 GB, from: 2 s, until: 9 s, connections: 4") == Background(
        "x", ("wan",), size=3e9, at=2.0, until=9.0, connections=4
    )
    assert background("links: [wan], connections: 8, from: 2 s, cap: 9 MB/s") == Background(
        "x", ("wan",), start=2.0, cap=9e6, connections=8
    )
    service = background("links: [wan], rate: 8 Mbit/s, request: {size: 64 kB, every: 10 ms, round_trips: 2}")
    assert (service.rate, service.request) == (pytest.approx(1e6 * GOODPUT), Request(64e3, 0.01, 2.0))
    assert background("links: [wan], request: {size: 64 kB, every: 10 ms}").request == Request(64e3, 0.01)


# Node i of web is in rack r1, r2, r1, …; gpu has no rack, and lies behind spine and tor.
@pytest.mark.parametrize(
    ("places", "links"),
    [
        ("core, web-003", ["r2.down", "web-003.nic.in"]),
        ("web-003, core", ["web-003.nic.out", "r2.up"]),
        ("web, web-002", ["web-000.nic.out", "web-002.nic.in"]),
        ("web-000, web-001", ["web-000.nic.out", "r1.up", "r2.down", "web-001.nic.in"]),
        ("web-001, gpu", ["web-001.nic.out", "r2.up", "spine", "tor", "gpu-000.nic.in"]),
        ("gpu-001, web", ["gpu-001.nic.out", "tor", "spine", "r1.down", "web-000.nic.in"]),
        ("gpu-000, gpu-001", ["gpu-000.nic.out", "gpu-001.nic.in"]),
        ("hub, web", ["hub.storage", "hub.uplink", "wan", "r1.down", "web-000.nic.in"]),
        ("web, hub", ["web-000.nic.out", "r1.up", "wan", "hub.uplink.in"]),
        ("core, hub", ["wan", "hub.uplink.in"]),
    ],
)
def test_the_links_between_two_places_are_worked_out(places: str, links: list[str]) -> None:
    text = BASE + "registries: {hub: {uplink: 2 Gbit/s, via: [wan], storage: 1 GB/s}}\n"
    assert list(background(f"between: [{places}], rate: 1 Mbit/s", text).links) == links


def test_links_without_a_limit_lie_between_nothing() -> None:
    flow = background("between: [registry, gpu], rate: 1 Mbit/s", BASE, "nodes.gpu.nic=unlimited")
    assert flow.links == ("registry.uplink", "spine", "tor")


def test_failures_are_of_nodes_registries_links_or_requests() -> None:
    text = (
        "failures:\n"
        "  a: {node: web-003, at: 45 s, back_after: 90 s}\n"
        "  b: {group: web, rate: 2/h, back_after: 5m}\n"
        "  c: {registry: registry, at: 2m, back_after: 30 s}\n"
        "  d: {registry: registry, at: 2m, capacity: 25%}\n"
        "  e: {link: wan, at: 0 s, capacity: 10%}\n"
        "  f: {registry: registry, flaky: 2%}\n"
    )
    assert resolved(BASE + text).faults == (
        Fault("a", "node", "web-003", 45.0, None, 90.0),
        Fault("b", "node", "web", None, 2 / 3600, 300.0),
        Fault("c", "registry", "registry", 120.0, None, 30.0, remaining=0.0),
        Fault("d", "registry", "registry", 120.0, None, None, remaining=0.25),
        Fault("e", "link", "wan", 0.0, None, None, remaining=0.1),
        Fault("f", "requests", "registry", 0.0, None, None, probability=0.02),
    )


def test_prices_are_given_or_not() -> None:
    assert resolved(BASE).prices == Prices()
    assert resolved(BASE + "prices: {ssd: 0.08, hdd: 0.045}\n").prices == Prices(0.08, 0.045)


def test_a_sweep_leaves_a_single_run_alone() -> None:
    swept = BASE + "sweep: {network.links.wan.capacity: [1 Gbit/s, 2 Gbit/s]}\n"
    assert resolved(swept) == resolved(BASE)


@pytest.mark.parametrize(
    ("sweep", "long"),
    [
        (
            "{network: [1 Gbit/s, 2 Gbit/s], seed: 3}",
            {"parameters": {"network": ["1 Gbit/s", "2 Gbit/s"], "seed": [3]}},
        ),
        (
            "{design: sobol, points: 8, parameters: {network: {from: 1 Gbit/s, to: 9 Gbit/s, scale: log}}}",
            {
                "design": "sobol",
                "points": 8,
                "parameters": {"network": {"from": "1 Gbit/s", "to": "9 Gbit/s", "scale": "log"}},
            },
        ),
    ],
)
def test_a_sweep_survives_its_long_form(sweep: str, long: dict[str, object]) -> None:
    scenario = loads(f"rolloutsim: 1\n{BASE}sweep: {sweep}\n")
    data = scenario.model_dump(mode="json", exclude_unset=True, by_alias=True)
    assert data["sweep"] == long
    assert Scenario(**data) == scenario
    assert hash(Scenario(**data)) == hash(scenario)


def test_a_threshold_knows_its_file_and_line(tmp_path) -> None:
    text = (
        "thresholds:\n  rollout_time: < 60 s\n"
        "  pull_time:\n    - max < 30 s\n    - {check: p95 < 9 s, severity: warn}\n"
    )
    file = tmp_path / "s.yaml"
    file.write_text(f"rolloutsim: 1\n{BASE}{text}")
    scenario = load(file)
    assert [one.place for one in scenario.resolve().thresholds] == [(str(file), 6), (str(file), 8), (str(file), 9)]
    changed = load(file, ["thresholds.rollout_time=< 9 s"]).resolve()
    assert [one.place for one in changed.thresholds] == [None, (str(file), 8), (str(file), 9)]
    elsewhere = loads(file.read_text(), "other.yaml")
    assert elsewhere == scenario
    assert elsewhere.resolve() == scenario.resolve()
    assert elsewhere.resolve().sha256 == scenario.resolve().sha256


def test_every_new_part_survives_its_long_form() -> None:
    text = BASE + (
        "registries: {hub: {replicas: 2, rate_limits: {a: 100/6h, b: 5/s}, redirect: true}}\n"
        "workloads: {api: {images: app, replicas: 4, rollout: {strategy: waves, waves: [1, 9%, {size: 2}]}}}\n"
        "rollout: {strategy: rolling, termination: 3 s}\n"
        "push: {images: app, held: other}\n"
        "background: {x: {between: [core, web], request: {size: 1 kB, every: 1 s}, from: 3 s}}\n"
        "failures: {a: {registry: hub, flaky: 2%, at: 1 s}, b: {group: web, rate: 2/h}}\n"
        "prices: {ssd: 0.08}\nreplications: 3\n"
    )
    scenario = loads("rolloutsim: 1\n" + text, "f.yaml", ["network.fairness=on", "nodes.web.retry.broken=[1 s]",
                     "nodes.web.pull_progress_timeout=off", "nodes.web.image_gc.high=90%",
                     "nodes.web.disk={capacity: 9 GB}"])  # fmt: skip
    again = Scenario(**scenario.model_dump(mode="json", exclude_unset=True, by_alias=True))
    assert again == scenario
    assert again.resolve() == scenario.resolve()
    assert Scenario(**scenario.model_dump(exclude_unset=True, by_alias=True)).resolve() == scenario.resolve()
