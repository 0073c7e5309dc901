"""`--set` and `with_`: paths, short forms, and what they refuse."""

from __future__ import annotations

import json

import pytest

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.scenario import Scenario, loads
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.overrides import parse_assignment
from rolloutsim.scenario.places import Place
from rolloutsim.scenario.settings import changes

SHORT = """\
rolloutsim: 1
nodes: 20
network: 1 Gbit/s
images:
  app: 30 MB
  golang:1.8-alpine: 257 MB
"""
LONG = """\
rolloutsim: 1
nodes:
  web: {count: 20, racks: [r1, r2]}
  gpu: {count: 4, nic: 25 Gbit/s}
network: {rate: 1 Gbit/s, latency: 5 ms, racks: {uplink: 2 Gbit/s}, links: {wan: {capacity: 1 Gbit/s, latency: 9 ms}}}
images: {app: {layers: [30 MB, 4 MB]}}
"""


def changed(text: str, *overrides: str) -> Scenario:
    return loads(text, "f.yaml", overrides)


def test_a_path_into_a_short_form_keeps_its_value() -> None:
    network = changed(SHORT, "network.latency=3 ms").network
    assert (network.rate, network.latency) == (125e6, 0.003)


def test_a_rack_uplink_can_be_set_where_the_network_is_a_rate() -> None:
    scenario = changed(SHORT, "network.racks.uplink=5 Gbit/s", "nodes.node.racks=[a, b]")
    assert scenario.resolve().links["b.down"].line_rate == 625e6


def test_a_short_form_sets_its_own_key_and_keeps_the_others() -> None:
    network = changed(LONG, "network=10 Gbit/s").network
    assert (network.rate, network.latency) == (1.25e9, 0.005)
    assert changed(LONG, "network.links.wan=2 Gbit/s").network.links["wan"].latency == 0.009


def test_the_number_of_nodes_can_be_set() -> None:
    assert changed(SHORT, "nodes=50").nodes["node"].count == 50
    assert changed(LONG, "nodes.web.count=50").nodes["web"].count == 50
    assert changed(SHORT, "nodes={web: 5}", "nodes=50").nodes["web"].count == 50


def test_a_size_replaces_an_image() -> None:
    assert changed(LONG, "images.app=5 MB").images["app"].layers is None


def test_a_number_of_layers_and_layers_take_the_place_of_each_other() -> None:
    numbered = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {app: {compressed: 80 MB, layers: 8}}}"
    for key in ("layers", "equal_layers"):
        for image in (changed(numbered, f"images.app.{key}=9"), loads(numbered).with_({f"images.app.{key}": 9})):
            assert len(image.resolve().images["app"].layers) == 9
    image = loads(numbered).with_({"images.app.compressed": None, "images.app.layers": ["3 MB"]})
    assert [layer.compressed for layer in image.resolve().images["app"].layers] == [3e6]


def test_a_name_with_dots_and_colons_stands_in_brackets() -> None:
    for quoted in ('["golang:1.8-alpine"]', "['golang:1.8-alpine']", "[golang:1.8-alpine]"):
        assert changed(SHORT, f"images{quoted}=200 MB").images["golang:1.8-alpine"].compressed == 200e6


def test_one_layer_of_a_list_can_be_set() -> None:
    layers = changed(LONG, "images.app.layers[1]=7 MB").images["app"].layers
    assert layers is not None
    assert layers["1"].compressed == 7e6


def test_a_key_that_the_file_leaves_out_can_be_set() -> None:
    scenario = changed(SHORT, "model=ideal", "seed=7", "registry.max_connections=0", "rollout.startup=2 s")
    assert (scenario.model, scenario.seed) == ("ideal", 7)
    assert changed(SHORT, 'thresholds["rollout_time{case=app}"]=max < 3 s').resolve().thresholds[0].value == 3


@pytest.mark.parametrize(
    "override",
    [
        "background.x={links: [registry.uplink], rate: 1 Mbit/s}",
        "network.links.wan={capacity: 1 Gbit/s}",
        "images.new={compressed: 3 MB}",
        "nodes.web={count: 3}",
    ],
)
def test_a_whole_entry_adds_one(override: str) -> None:
    scenario = changed(SHORT, override)
    assert scenario.background or scenario.network.links or len(scenario.images) == 3 or len(scenario.nodes) == 2


def test_layers_take_the_place_of_a_bare_size() -> None:
    image = changed(SHORT, "images.app.layers=[3 MB]").images["app"]
    assert (image.compressed, len(image.layers or ())) == (None, 1)


def test_the_one_condition_of_a_threshold_needs_no_number() -> None:
    (threshold,) = (
        changed(
            f"{SHORT}thresholds: {{rollout_time{{case=app}}: max < 60 s}}\n".replace("{case=app}", ""),
            "thresholds.rollout_time.check=max < 3s",
            "thresholds.rollout_time.severity=warn",
        )
        .resolve()
        .thresholds
    )
    assert (threshold.value, threshold.severity) == (3.0, "warn")


def test_a_name_may_hold_quotes_and_commas() -> None:
    scenario = changed(
        SHORT, r'images["a\"b,c"]={compressed: 1 MB}', r'thresholds["rollout_time{image=\"a\\\"b,c\"}"]=max < 3 s'
    )
    assert scenario.resolve().thresholds[0].selectors == {"image": 'a"b,c'}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["network.racks.oversubscription=2"],
            "--set network.racks.oversubscription: error: network.racks has both 'uplink' and 'oversubscription'; give "
            "one of them",
        ),
        (
            ["registry=1 Gbit/s", "registries={a: 1 Gbit/s}"],
            "--set registry: error: both 'registry' and 'registries' are given; use 'registries' alone",
        ),
        (
            ["registry=unlimited", "nodes.web.nic=unlimited", "nodes.web.disk=unlimited", "nodes.web.racks=[]",
             "nodes.gpu.racks=[r1]"],
            "--set nodes.web.nic: error: nothing limits a fetch from registry 'registry' by nodes.web; give a rate to "
            "registry.uplink, nodes.web.nic, nodes.web.disk or nodes.web.connection_cap",
        ),
    ],
)  # fmt: skip
def test_a_contradiction_is_located_at_the_override_that_made_it(overrides: list[str], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        changed(LONG, *overrides)
    assert str(caught.value) == message


def test_changes_copy_what_they_touch_and_share_the_rest() -> None:
    source = draft(LONG)
    before = json.dumps(source.data)
    done = source.changed([parse_assignment("nodes.web.count=3"), parse_assignment("nodes.web.nic=2 Gbit/s")])
    assert done.data["nodes"]["web"] == {"count": 3, "nic": "2 Gbit/s", "racks": ["r1", "r2"]}
    assert json.dumps(source.data) == before
    assert done.data["nodes"]["gpu"] is source.data["nodes"]["gpu"]
    assert done.data["images"] is source.data["images"]
    again = done.changed([parse_assignment("nodes.web.count=4")])
    assert (done.data["nodes"]["web"]["count"], again.data["nodes"]["web"]["count"]) == (3, 4)


def test_the_latest_override_of_a_part_or_of_what_is_around_it_is_its_place() -> None:
    places = draft(LONG, "f.yaml").places
    inner, outer = ("nodes", "web", "count"), ("nodes", "web")
    assert places.where(inner) == ("f.yaml", 3)
    places.override(inner, Place(source="--set first"))
    assert places.find(inner) == Place(source="--set first")
    assert places.overrides() == {"nodes.web.count": "--set"}
    places.override(outer, Place(source="with_ second"))
    assert places.find(inner) is None
    assert places.overrides() == {"nodes.web": "with_"}
    places.override(inner, Place(source="--set third"))
    assert places.find(inner) == Place(source="--set third")
    assert places.find((*outer, "racks")) is None
    assert list(places.overrides()) == ["nodes.web", "nodes.web.count"]
    assert places.copy().overrides() == places.overrides()
    assert places.where(("nodes", "gpu", "nic")) == ("f.yaml", 4)


def test_later_overrides_win() -> None:
    assert changed(SHORT, "nodes=5", "nodes=6").nodes["node"].count == 6


def test_values_are_read_as_in_a_file() -> None:
    scenario = changed(SHORT, "nodes={web: {count: 3, start: {min: 0 s, max: 2 s}}}")
    assert scenario.nodes["web"].count == 3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "netwrok.rate=1 Gbit/s",
            "--set netwrok.rate: unknown key 'netwrok' in the scenario; allowed: rolloutsim name description model "
            "seed replications nodes network registry registries mirrors caches peers images workloads rollout "
            "controller_manager push pushes prepulls background failures "
            "prices calibrated assumed thresholds sweep variants; did you mean network.rate?",
        ),
        (
            "network.latancy=1 ms",
            "--set network.latancy: unknown key 'latancy' in network; allowed: rate mtu efficiency latency racks "
            "sites links buffer queue congestion_control tcp_window fairness; did you mean network.latency?",
        ),
        (
            "nodes.wbe.count=5",
            "--set nodes.wbe.count: no group is named 'wbe' in nodes; there are: web gpu; "
            "did you mean nodes.web.count?",
        ),
        (
            "network.links.wna=1 Gbit/s",
            "--set network.links.wna: no link is named 'wna' in network.links; there are: wan; "
            "did you mean network.links.wan?",
        ),
        (
            "images.ap.ratio=2",
            "--set images.ap.ratio: no image is named 'ap' in images; there are: app; did you mean images.app.ratio?",
        ),
        (
            "registry.latency=5 ms",
            "--set registry.latency: unknown key 'latency' in registry; allowed: uplink via storage max_connections "
            "efficiency_at ttfb manifest_ttfb connection_cap tcp_window first_fetch tls replicas rate_limit "
            "rate_limits redirect; 'latency' is a key of network and network.racks and network.sites and "
            "network.links.<link>",
        ),
        ("seed.x=3", "--set seed.x: seed has no keys inside"),
        ("images.app.layers[2]=3 MB", "--set images.app.layers[2]: images.app.layers has 2 entries, numbered from 0"),
        (
            "nodes=30",
            "--set nodes: there are several groups of nodes: web gpu; say which, as in nodes.NAME.count",
        ),
        (
            'images["app=3 MB',
            '--set images["app=3 MB: the bracket at column 7 is not closed; write KEY=VALUE, for example '
            "network.latency=5 ms or 'images[\"golang:1.8-alpine\"]=200 MB'",
        ),
        (
            "images.app]=3 MB",
            "--set images.app]=3 MB: ']' at column 11 does not belong to a key; put a name with such characters in "
            "brackets and quotes; write KEY=VALUE, for example network.latency=5 ms or "
            "'images[\"golang:1.8-alpine\"]=200 MB'",
        ),
        (
            "nodes",
            "--set nodes: a value is missing; write KEY=VALUE, for example network.latency=5 ms or "
            "'images[\"golang:1.8-alpine\"]=200 MB'",
        ),
        (
            "=3",
            "--set =3: a key is missing; write KEY=VALUE, for example network.latency=5 ms or "
            "'images[\"golang:1.8-alpine\"]=200 MB'",
        ),
    ],
)
def test_a_path_that_does_not_exist_is_a_usage_error(override: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        changed(LONG, override)
    assert str(caught.value) == message


def test_a_name_with_dots_is_recognised_without_its_brackets() -> None:
    with pytest.raises(UsageError) as caught:
        changed(SHORT, "images.golang:1.8-alpine=200 MB")
    assert str(caught.value) == (
        "--set images.golang:1.8-alpine: no image is named 'golang:1' in images; there are: app golang:1.8-alpine; "
        'write images["golang:1.8-alpine"]'
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("network=fast", "--set network: error: 'fast' is not a rate; write for example 1 Gbit/s"),
        ("network.latency=5", "--set network.latency: error: '5' has no unit; a time needs one, for example 90 s"),
        ("seed=", "--set seed: error: a value is missing after '='"),
        (
            "images={a: 3 MB",
            "--set images: error: not YAML: did not find expected ',' or '}' while parsing a flow mapping",
        ),
        ("rolloutsim=2", "--set rolloutsim: error: format version '2' is unknown; this release reads 'rolloutsim: 1'"),
        ("nodes.gpu.disk=0 MB/s", "--set nodes.gpu.disk: error: '0 MB/s' is zero; allowed: more than 0, or unlimited"),
    ],
)
def test_a_wrong_value_is_located_at_its_override(override: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        changed(LONG, override)
    assert str(caught.value) == message


def test_an_override_and_the_file_report_together() -> None:
    with pytest.raises(ScenarioError) as caught:
        changed(SHORT.replace("30 MB", "30 Mb"), "network=fast")
    assert str(caught.value) == (
        "--set network: error: 'fast' is not a rate; write for example 1 Gbit/s\n"
        "f.yaml:5:8: error: '30 Mb' is in bits; a size is in bytes: write 30 MB or 3.75 MB\n"
        "     5 |   app: 30 Mb\n"
        "       |        ^^^^^"
    )


@pytest.mark.parametrize("image", ["5 GB", "{size: 5 GB}", "{compressed: 5 GB}", "{size: 5 GB, files: 7}"])
@pytest.mark.parametrize("key", ["size", "compressed"])
def test_a_size_is_changed_by_either_of_its_names_whichever_the_file_has(image: str, key: str) -> None:
    text = f"rolloutsim: 1\nnodes: 3\nnetwork: 1 Gbit/s\nimages: {{app: {image}}}\n"
    (layer,) = loads(text, overrides=[f"images.app.{key}=7 MB"]).resolve().images["app"].layers
    (same,) = loads(text).with_({f"images.app.{key}": "7 MB"}).resolve().images["app"].layers
    assert (layer.compressed, layer) == (7e6, same)


@pytest.mark.parametrize("given", ["", "registry: {uplink: 2 Gbit/s}\n"])
def test_the_only_registry_has_no_name_in_a_file(given: str) -> None:
    text = f"rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {{a: 1 MB}}\n{given}"
    with pytest.raises(UsageError, match=r"the only one has no name: write registry\.uplink$"):
        loads(text, overrides=["registries.registry.uplink=10 Gbit/s"])
    assert loads(text, overrides=["registry.uplink=10 Gbit/s"]).resolve().links["registry.uplink"].line_rate == 1.25e9


def test_a_share_is_the_same_with_a_blank() -> None:
    text = (
        "rolloutsim: 1\nnodes: 4\nnetwork: 1 Gbit/s\nimages: {a: 1 MB}\nworkloads: {a: {images: a, replicas: 4}}\n"
        "rollout: {strategy: rolling, max_surge: 25%}\n"
    )
    before, after = (loads(one).resolve() for one in (text, text.replace("25%", "25 %")))
    assert changes(before, after) == ()
