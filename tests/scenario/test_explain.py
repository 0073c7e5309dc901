"""`explain`: every key has a meaning, every default a source."""

from __future__ import annotations

import re

import pytest

from rolloutsim.errors import UsageError
from rolloutsim.scenario import Explanation, explain, key_reference, loads, template, template_names
from rolloutsim.scenario.causes import CAUSES, Cause
from rolloutsim.scenario.defaults import PROFILES
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.structure import ROOT, all_keys

KEYS = [".".join(path) for path, _ in all_keys()]


def test_a_key_is_explained_from_the_models_metadata() -> None:
    assert explain("network.latency") == Explanation(
        key="network.latency",
        type="time",
        unit="us ms s m h d",
        default="0.1 ms",
        source="assumed: within one data centre",
        description="one way, on every path, beside its links' own",
        example="network: {latency: 0.1 ms}",
    )


@pytest.mark.parametrize("key", ["nodes.web.nic", "nodes.nic", "nic", "nodes.<group>.nic"])
def test_a_users_own_name_can_be_given_or_left_out(key: str) -> None:
    assert explain(key).key == "nodes.<group>.nic"


def test_a_profiles_default_names_every_runtime_and_source() -> None:
    found = explain("parallel_layers")
    assert found.default == "3 (containerd, containerd-1, dockerd), 6 (cri-o)"
    assert found.source == (
        "containerd, containerd-1: containerd internal/cri/config/config_unix.go L34, plugins/transfer/plugin.go L282; "
        "dockerd: moby daemon/config/config.go L28-31; cri-o: containers/image copy/copy.go L38-40"
    )


def test_an_explanation_reads_as_text() -> None:
    assert str(explain("runtime")) == (
        "nodes.<group>.runtime: container runtime: a profile of sourced defaults;\n"
        "  containerd is 2.x, containerd-1 is 1.x. cri-o, of whose library podman makes\n"
        "  use as well, decompresses twice: what arrives, as fast as one core can, and at\n"
        "  its commit\n"
        "  type:    one of containerd, containerd-1, dockerd, cri-o\n"
        "  default: containerd\n"
        "  source:  assumed\n"
        "  allowed: containerd containerd-1 dockerd cri-o\n"
        "  example: nodes: {web: {runtime: cri-o}}"
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "queue",
            "explain queue: several keys have that name; say which: network.links.<link>.queue network.queue",
        ),
        (
            "nodes.parallelLayers",
            "explain nodes.parallelLayers: there is no such key; did you mean 'nodes.parallel_layers'?; the top keys "
            "are: rolloutsim name description model seed replications nodes network registry registries mirrors caches "
            "peers images workloads rollout controller_manager push pushes prepulls background failures prices "
            "calibrated assumed thresholds sweep variants",
        ),
        (
            "zzz",
            "explain zzz: there is no such key; the top keys are: rolloutsim name description model seed replications "
            "nodes network registry registries mirrors caches peers images workloads rollout controller_manager "
            "push pushes prepulls background failures prices calibrated assumed thresholds "
            "sweep variants",
        ),
    ],
)
def test_a_key_that_is_not_clear_is_a_usage_error(key: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(key)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "meant", "about"),
    [
        ("maxSurge", "rollout.max_surge", ""),
        ("deployment.maxUnavailable", "rollout.max_unavailable", ""),
        ("minReadySeconds", "rollout.min_ready", "a time with its unit: 10 s; for example rollout: {min_ready: 10 s}"),
        ("podManagementPolicy", "rollout.parallel",
         "true for Parallel, false for OrderedReady; for example rollout: {parallel: true}"),
        ("imagePullPolicy", "workloads.pull_policy",
         "always, if_not_present or never; for example workloads: {api: {pull_policy: always}}"),
        ("registryPullQPS", "nodes.registry_pull_qps", ""),
        ("DaemonSet", "workloads.daemonset", ""),
        ("Recreate", "rollout.strategy", "all_at_once; for example rollout: {strategy: all_at_once}"),
        ("nodes.bandwidth_limit", "nodes.pull_cap",
         "bandwidth limit of each node's pulls: largest rate of all layers that it fetches together, in payload; for "
         "example nodes: {web: {pull_cap: 500 Mbit/s}}"),
        ("latancy", "network.latency", ""),
        ("rolout_time", "rollout_time", ""),
        ("bandwith", "bandwidth", ""),
        ("metrics", "thresholds", "conditions on metrics; for example thresholds: {rollout_time: max < 60 s}"),
    ],
)  # fmt: skip
def test_a_key_in_other_words_is_told_its_place(key: str, meant: str, about: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(key)
    assert str(caught.value) == (
        f"explain {key}: there is no such key; did you mean '{meant}'?{f' ({about})' if about else ''}; the top keys "
        f"are: {' '.join(ROOT.keys or ())}"
    )


def test_a_key_of_what_is_not_simulated_is_told_so() -> None:
    with pytest.raises(UsageError) as caught:
        explain("hpa")
    assert str(caught.value) == (
        "explain hpa: there is no such key; 'hpa' is not simulated by this version: numbers of pods that change by "
        "themselves; the nearest is workloads.replicas (wanted pods, spread evenly over the nodes); the top keys are: "
        f"{' '.join(ROOT.keys or ())}"
    )


@pytest.mark.parametrize("name", ["latency", "thresholds.latency"])
def test_a_metric_is_explained_and_the_keys_of_its_name_are_told(name: str) -> None:
    assert str(explain(name)) == (
        "thresholds.latency: of a service's requests, before, during or after the\n"
        "  rollout; pushed: beside a push before it, prepulled: beside what nodes pull\n"
        "  before it\n"
        "  type:      time\n"
        "  unit:      us ms s m h d\n"
        "  labels:    background (without it the one that is furthest off counts)\n"
        "             phase, one of before pushed prepulled during after (needed)\n"
        "             image or case (without it each case is checked)\n"
        "  statistic: needed, one of max p50 p95\n"
        "  example:   'latency{phase=during}': p95 < 90 s\n"
        "  also:      of this name are the keys network.latency network.racks.latency\n"
        "             network.sites.latency network.links.<link>.latency"
    )


def test_a_metric_without_labels_is_explained() -> None:
    assert str(explain("rollout_time")) == (
        "thresholds.rollout_time: from the start until the last pod is ready\n"
        "  type:      time\n"
        "  unit:      us ms s m h d\n"
        "  labels:    workload, image, group, rack (pods that have all that are given)\n"
        "             image or case (without it each case is checked)\n"
        "  statistic: optional, one of max min mean p50 p95 p99\n"
        "  example:   rollout_time: max < 90 s"
    )


@pytest.mark.parametrize("name", METRICS)
def test_the_example_of_every_metric_is_a_valid_threshold(name: str) -> None:
    found = explain(name)
    assert found.description == METRICS[name].description
    metric, _, condition = found.example.rpartition(": ")
    text = (
        f"rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {{app: 30 MB}}\nthresholds: {{{metric}: '{condition}'}}\n"
    )
    (threshold,) = loads(text).resolve().thresholds
    assert threshold.metric == name


def test_thresholds_list_every_metric_with_what_it_means_below() -> None:
    lines = explain("thresholds").lines
    head = lines.index("  metric                         type    statistic")
    end = lines.index("", head)
    listed = [line for line in lines[head + 1 : end] if not line.startswith("      ")]
    assert [re.split(r"[{ ]", line.strip())[0] for line in listed] == list(METRICS)
    place = lines.index("  rollout_time                   time    optional")
    assert lines[place + 1] == "      from the start until the last pod is ready"
    assert "  utilisation{link}              share   optional" in listed
    assert "  refused{[registry],status}     number  optional" in listed
    place = lines.index("  latency{[background],phase}    time    needed")
    assert lines[place + 1 : place + 3] == (
        "      of a service's requests, before, during or after the rollout; pushed:",
        "      beside a push before it, prepulled: beside what nodes pull before it",
    )
    assert lines[end:] == (
        "",
        "  labels:    in braces, those in brackets may be left out; image and case go",
        "             with every metric",
        "  pulls:     workload, image, group, rack narrow alone_time bytes_on_wire",
        "             pull_time slowdown failed_pulls bytes_again",
        "  pods:      workload, image, group, rack narrow rollout_time ready pods_ready",
        "             nodes_ready ready_pods",
        "  nodes:     group, rack narrow bytes_per_node most_bytes_per_node fleet_bytes",
        "             collected_bytes peak_utilisation",
        "  phase:     before pushed prepulled during after",
        "  status:    404 429 503 broken dial_timeout tls_timeout header_timeout",
        "  disk:      ssd hdd",
        "  source:    registry mirror cache passed_on peer",
        "  statistic: max min mean p50 p95 p99 (upstream_copies: mean max; latency: max",
        "             p50 p95); where it is optional, over the replications",
        "  size:      B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti",
        "  rate:      bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s",
        "  time:      us ms s m h d",
        "  share:     %",
        "  'rolloutsim explain rollout_time' explains one of them",
    )


def test_what_is_explained_fits_a_terminal_of_80_columns() -> None:
    for key in (*KEYS, *(f"thresholds.{name}" for name in METRICS), *(f"cause.{name}" for name in CAUSES), "causes"):
        assert [line for line in str(explain(key)).splitlines() if len(line) > 80 or line != line.rstrip()] == [], key


def test_the_reference_of_keys_is_what_the_format_says() -> None:
    text = key_reference()
    for key in KEYS:
        about = explain(key)
        whole = key if "." not in key else f"`{key}`"
        assert f"# {whole}\n" in text or f"- `{key}`: as [`" in text, key
        assert f"- example: `{about.example}`\n" in text or f"- `{key}`: as [`" in text, key
    links = set(re.findall(r"\]\(#(\w+)\)", text))
    headings = {re.sub(r"\W", "", line).lower() for line in re.findall(r"^##+ (.+)$", text, re.MULTILINE)}
    assert links <= headings


def test_every_key_has_a_description() -> None:
    for key in KEYS:
        found = explain(key)
        assert found.key == key
        assert found.description, key


def test_every_number_that_is_a_default_has_a_source_or_is_assumed() -> None:
    for path, part in all_keys():
        default = part.field.default if part.field else None
        if isinstance(default, (int, float)):
            assert explain(".".join(path)).source, path


def test_every_default_with_a_number_in_it_has_a_source_or_is_assumed() -> None:
    for key in KEYS:
        found = explain(key)
        assert found.source or not any(char.isdigit() for char in found.default) or "<image>" in found.default, key


@pytest.mark.parametrize(
    "key", ["images.layers.compressed", "images.api.layers.compressed", "images.api.layers.x.compressed"]
)
def test_a_layers_key_is_told_from_an_images(key: str) -> None:
    assert explain(key).key == "images.<image>.layers.<layer>.compressed"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "explain : a key is missing; write for example network.latency"),
        ("nodes[", "explain nodes[: the bracket at column 6 is not closed; write for example network.latency"),
    ],
)
def test_what_is_no_key_is_a_usage_error_that_shows_one(key: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(key)
    assert str(caught.value) == message


def test_every_profile_default_has_a_source_or_is_assumed() -> None:
    for profile in PROFILES.values():
        for default in profile.values():
            assert default.source


def test_an_unknown_template_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        template("rack")
    known = " ".join(template_names())
    assert str(caught.value) == f"no template is named 'rack'; known: {known}; did you mean 'racks'?"


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_every_cause_is_explained_with_keys_that_are_there(cause: Cause) -> None:
    found = explain(f"cause.{cause.name}")
    assert (found.key, found.keys) == (f"cause.{cause.name}", cause.keys)
    assert found.description == f"{cause.noun}: {cause.meaning}"
    known = {".".join(path) for path, _ in all_keys()}
    assert cause.keys
    assert set(cause.keys) <= known


def test_a_causes_name_alone_is_the_cause_unless_one_key_has_it() -> None:
    assert explain("kubelet_queue") == explain("cause.kubelet_queue")
    window = explain("tcp_window")
    assert window.key == "cause.tcp_window"
    assert window.also.startswith("of this name are the keys network.tcp_window ")
    nic = explain("nic")
    assert (nic.key, nic.also) == ("nodes.<group>.nic", "cause.nic is a cause that time goes to")


def test_all_causes_are_listed() -> None:
    lines = [line for line in explain("causes").lines[1:] if not line.startswith("   ")]
    assert [line.split()[0] for line in lines] == list(CAUSES)


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("disk.sync", "nodes.<group>.disk.sync"), ("racks.uplink", "network.racks.uplink"),
        ("layers.digest", "images.<image>.layers.<layer>.digest"), ("retry.broken", "nodes.<group>.retry.broken"),
    ],
)  # fmt: skip
def test_the_end_of_a_path_is_enough(short: str, full: str) -> None:
    assert explain(short).key == full


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("prices.zzz", "explain prices.zzz: there is no such key; the keys of prices are: ssd hdd"),
        (
            "background.backup",
            "explain background.backup: there is no such key; 'backup' would be a name of yours, of <flow>; say which "
            "of its keys, as in 'explain background.backup.links': links between size connections at cap rate request "
            "from until",
        ),
    ],
)
def test_what_stands_in_a_key_is_told_where_a_step_is_none(key: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(key)
    assert str(caught.value) == message


def test_a_groups_name_alone_is_told_the_keys_of_a_group() -> None:
    with pytest.raises(
        UsageError, match="'X' would be a name of yours, of <group>; .* 'explain nodes.X.count': count racks"
    ):
        explain("nodes.X")
