"""`variants`: what is different, by the paths of `--set`, checked as the file is."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.scenario import load, loads
from rolloutsim.scenario.loading import draft

FILE = """\
rolloutsim: 1
name: a shop
nodes: {web: {count: 4, nic: 1 Gbit/s}}
network: 1 Gbit/s
images: {a: 100 MB}
variants:
  today: {}
  big: {network: 10 Gbit/s, nodes.web.nic: 2 Gbit/s}
  two: {images.b: {base: a, layers: [5 MB]}, 'images["a"].ratio': 3}
"""


def test_a_variant_is_the_file_with_its_keys_set() -> None:
    """The oracle is `--set` itself: the fingerprint is that of the file with the same overrides."""
    base = FILE.partition("variants:")[0]
    big = loads(base, "f", ["network=10 Gbit/s", "nodes.web.nic=2 Gbit/s"]).resolve()
    two = loads(base, "f", ["images.b={base: a, layers: [5 MB]}", "images.a.ratio=3"]).resolve()
    assert loads(FILE, "f", variant="today").resolve().sha256 == loads(base).resolve().sha256
    assert loads(FILE, "f", variant="big").resolve().sha256 == big.sha256
    assert loads(FILE, "f", variant="two").resolve().sha256 == two.sha256


def test_the_file_itself_is_not_changed_by_its_variants() -> None:
    assert loads(FILE).resolve().sha256 == loads(FILE.partition("variants:")[0]).resolve().sha256


def test_a_variant_knows_its_name_and_has_none_itself() -> None:
    scenario = loads(FILE, "f", variant="big")
    resolved = scenario.resolve()
    assert (resolved.variant, resolved.title, dict(scenario.variants)) == ("big", "a shop · big", {})
    assert resolved.overrides == {"network": "variant", "nodes.web.nic": "variant"}
    assert "variants" not in resolved.document
    assert loads(FILE).resolve().title == "a shop"


def test_set_wins_over_what_a_variant_says() -> None:
    resolved = loads(FILE, "f", ["network=3 Gbit/s"], variant="big").resolve()
    assert resolved.links["registry.uplink"].line_rate == 375e6
    assert resolved.overrides["network"] == "--set"
    assert resolved.groups[0].nic_line_rate == 250e6


def test_set_can_change_and_add_a_variant() -> None:
    changed = loads(FILE, "f", ["variants.big={network: 4 Gbit/s}"], variant="big").resolve()
    assert changed.links["registry.uplink"].line_rate == 500e6
    added = draft(FILE, "f", ["variants.small={network: 100 Mbit/s}"])
    assert added.variants == ("today", "big", "two", "small")


def test_one_variant_alone_is_beside_the_file_itself() -> None:
    one = FILE.partition("variants:")[0] + "variants: {big: {network: 10 Gbit/s}}\n"
    found = draft(one).side_by_side()
    assert {name: scenario.variant for name, scenario in found.items()} == {"base": "", "big": "big"}
    assert list(draft(FILE).side_by_side()) == ["today", "big", "two"]
    assert draft(FILE.partition("variants:")[0]).side_by_side() == {}


REMOVING = """\
rolloutsim: 1
nodes: {web: {count: 4, nic: 1 Gbit/s, disk: {rate: 800 MB/s, iops: 5000}}, gpu: {count: 2}}
network: {rate: 2 Gbit/s, latency: 5 ms}
images: {a: 100 MB}
variants:
  today: {}
  less: {nodes.web.nic: null, nodes.web.disk: ~, network.latency: null, nodes.gpu: null, network.racks: null}
"""


def test_null_takes_away_what_the_file_says_in_variants_overlays_and_set_alike() -> None:
    """The oracle is a file that never said it."""
    without = "rolloutsim: 1\nnodes: {web: {count: 4}}\nnetwork: {rate: 2 Gbit/s}\nimages: {a: 100 MB}\n"
    expected = loads(without).resolve().sha256
    base = REMOVING.partition("variants:")[0]
    keys = ("nodes.web.nic", "nodes.web.disk", "network.latency", "nodes.gpu")
    over = "nodes: {web: {nic: null, disk: ~}, gpu: null}\nnetwork: {latency: null, links: {x: null}}\n"
    variant = loads(REMOVING, "f", variant="less")
    assert variant.resolve().sha256 == expected
    assert variant.resolve().overrides["nodes.web.disk"] == "variant"
    assert loads(base, "f", [f"{key}=null" for key in keys]).resolve().sha256 == expected
    assert loads(base, "f", overlays=[(over, "over")]).resolve().sha256 == expected
    assert rs.loads(base).with_(dict.fromkeys(keys)).resolve().sha256 == expected
    assert rs.loads(REMOVING).variant("less").resolve().sha256 == expected


def test_a_value_that_was_forgotten_takes_nothing_away() -> None:
    base = REMOVING.partition("variants:")[0]
    for text, overlays, overrides, message in (
        (base + "variants:\n  a:\n    network.latency:\n", [], [], "key 'network.latency' in variants.a has no value"),
        (base, [("network:\n  latency:\n", "over")], [], "key 'latency' in network has no value"),
        (base, [], ["network.latency="], "a value is missing after '='"),
        (base.replace("5 ms", "null"), [], [], "key 'latency' in network has no value"),
    ):
        with pytest.raises(ScenarioError, match=message):
            loads(text, "f", overrides, overlays)
    with pytest.raises(ScenarioError, match="key 'images' is missing in the scenario"):
        loads(base, "f", ["images=null"])


WRONG = """\
rolloutsim: 1
nodes: {web: {count: 4}}
network: 1 Gbit/s
images: {a: 100 MB}
variants:
  unit: {network.rate: 10 Gb}
  name: {nodes.wob.nic: 1 Gbit/s}
  path: {netwrk: 1 Gbit/s}
  seed: {seed: 4}
  base: {images.a: {base: zzz, layers: [1 MB]}}
  none: 10 Gbit/s
"""


def test_every_error_of_every_variant_is_located_with_the_hints_of_set() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(WRONG, "f.yaml")
    found = [(one.line, one.column, one.message.partition("; ")[0]) for one in caught.value.diagnostics]
    assert found == [
        (6, 24, "variant unit: unknown rate unit 'Gb' (did you mean 10 Gbit/s?)"),
        (7, 10, "variant name: no group is named 'wob' in nodes"),
        (8, 10, "variant path: unknown key 'netwrk' in the scenario"),
        (9, 10, "variant seed: 'seed' cannot be of one variant: variants are compared with the same random numbers"),
        (10, 10, "variant base: no image is named 'zzz'"),
        (11, 9, "'10 Gbit/s' is no variant"),
    ]
    assert caught.value.diagnostics[1].message.endswith("there are: web; did you mean nodes.web.nic?")
    assert caught.value.diagnostics[2].message.endswith("did you mean network?")


def test_an_error_of_the_file_is_said_once_and_of_no_variant() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(FILE.replace("count: 4", "count: 0"), "f.yaml")
    (only,) = caught.value.diagnostics
    assert (only.line, only.message.startswith("variant")) == (3, False)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (FILE, "bog", "f.yaml has no variant 'bog'; did you mean 'big'? variants: today big two"),
        (FILE, "zzz", "f.yaml has no variant 'zzz'; variants: today big two"),
        (FILE.partition("variants:")[0], "big", "f.yaml has no variant 'big'; it has no key 'variants'"),
    ],
)
def test_a_variant_that_is_not_there_is_a_usage_error_that_names_those_that_are(text, name, message) -> None:
    with pytest.raises(UsageError) as caught:
        loads(text, "f.yaml", variant=name)
    assert str(caught.value) == message


def test_variants_are_there_in_python() -> None:
    scenario = rs.loads(FILE)
    assert isinstance(scenario.variant("big"), rs.Scenario)
    assert scenario.variant("big").resolve().sha256 == loads(FILE, "f", variant="big").resolve().sha256
    assert hash(scenario) == hash(rs.loads(FILE))
    with pytest.raises(ScenarioError) as caught:
        rs.Scenario(nodes=2, network="1 Gbit/s", images={"a": "3 MB"}, variants={"x": {"netwrk": 3}})
    assert str(caught.value).startswith("<scenario>: error: variant x: unknown key 'netwrk' in the scenario")


def test_a_changed_scenario_keeps_its_variants(tmp_path) -> None:
    scenario = rs.loads(FILE).with_({"nodes.web.count": 9})
    assert scenario.variant("big").resolve().groups[0].count == 9
    file = tmp_path / "f.yaml"
    file.write_text(FILE)
    assert load(file, variant="two").resolve().images["a"].layers[0].unpacked == 300e6


MIXED = """\
rolloutsim: 1
nodes: {web: {count: 4, hosts: [near, registry]}}
network: 1 Gbit/s
images: {app: 30 MB, tool: 10 MB}
workloads: {api: {images: app, replicas: 4}}
caches: {near: {profile: nginx-lock, lock: {timeout: 3 s}}, never: {}}
peers: {spegel: {}}
variants:
  today: {nodes.web.hosts: null}
  unlocked: {caches.near.coalesce: none, caches.near.lock.timeout: 4 s}
  peers: {nodes.web.hosts: [spegel, registry], workloads.api.images: [app, tool]}
"""


def plays_no_part(variant: str) -> list[str]:
    notes = loads(MIXED, "f", variant=variant).resolve().notes
    return [note.partition(" play")[0] for note in notes if " no part: " in note]


def test_of_a_variant_it_is_not_said_that_what_another_one_uses_plays_no_part() -> None:
    assert plays_no_part("today") == ["caches.never"]
    assert plays_no_part("peers") == ["caches.never"]


def test_what_a_variant_itself_says_and_nothing_of_it_uses_is_said() -> None:
    assert plays_no_part("unlocked") == ["caches.never", "caches.near.lock.timeout"]


def test_in_python_a_variant_is_silent_about_the_same() -> None:
    told = loads(MIXED, "f").variant("today").resolve().notes
    assert told == loads(MIXED, "f", variant="today").resolve().notes


def test_alone_the_file_says_what_plays_no_part_whatever_its_variants_use() -> None:
    told = [note for note in loads(MIXED, "f").resolve().notes if " no part: " in note]
    assert any(note.startswith("peers.spegel plays no part") for note in told)
