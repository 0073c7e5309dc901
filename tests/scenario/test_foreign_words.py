"""Words of other programs: in a file, in `--set` and in `explain` each has the same answer, true of its place."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import rolloutsim as rs
from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.scenario import explain
from rolloutsim.scenario.cache_profiles import CACHE_PROFILES
from rolloutsim.scenario.defaults import PROFILES, SERIAL_PULLS
from rolloutsim.scenario.examples import example_of, in_place
from rolloutsim.scenario.foreign import FOREIGN, Foreign, foreign, normal, placed, words
from rolloutsim.scenario.hints import near
from rolloutsim.scenario.key_hints import key_hint, short
from rolloutsim.scenario.model.peers import PEER_PROFILES
from rolloutsim.scenario.prepulls import Prepuller
from rolloutsim.scenario.structure import ROOT, Part, all_keys, part_at, schema_path
from rolloutsim.scenario.text import read_value
from tests.long import one_in

TEXT = """\
rolloutsim: 1
nodes: {web: {count: 3}}
network: {rate: 1 Gbit/s, links: {wan: {capacity: 1 Gbit/s}}, racks: {uplink: 1 Gbit/s}}
registry: {via: [wan], rate_limit: {rate: 100/min}}
mirrors: {far: {of: registry}}
caches: {near: {ttl: {time: 1h}}}
images: {app: {layers: {base: {compressed: 30 MB}}}}
workloads: {api: {images: app, replicas: 6, rollout: {max_surge: 1}}}
rollout: {max_surge: 1}
background: {backup: {links: [wan], size: 1 GB}}
failures: {outage: {registry: registry, at: 1 s, back_after: 1 s}}
prepulls: {night: {images: app}}
"""
AS_JSON = json.dumps(yaml.safe_load(TEXT))  # which is YAML, too
EVERY = dict(all_keys())
BY_SHORT_NAME = {short(key): key for key in EVERY}
WORDS = dict(words())
# Where a word may stand, as a path of the scenario above; each is a part that has keys.
PLACES = (
    (), ("nodes", "web"), ("network",), ("network", "links", "wan"), ("network", "racks"), ("registry",),
    ("registry", "rate_limit"), ("images", "app"), ("images", "app", "layers", "base"), ("workloads", "api"),
    ("workloads", "api", "rollout"), ("rollout",), ("background", "backup"), ("failures", "outage"),
    ("prepulls", "night"),
    ("mirrors", "far"), ("caches", "near"), ("caches", "near", "ttl"),
)  # fmt: skip


def camel(word: str) -> str:
    """A word in Kubernetes' spelling."""
    first, *rest = word.split("_")
    return first + "".join(one.capitalize() for one in rest)


def read(key: tuple[str, ...], value: object) -> None:
    """Read a value as the key does; ValidationError if it cannot be."""
    around: Part | None = ROOT
    for step in key[:-1]:
        assert around is not None
        around = around.step(0) if around.is_list else around
        around = around and around.step(step)
    around = around.step(0) if around is not None and around.is_list else around
    assert around is not None
    names = {(info.alias or name): info for name, info in around.kind.model_fields.items()}
    info = names[key[-1]]
    TypeAdapter(info.rebuild_annotation()).validate_python(value)


def in_file(word: str, place: tuple[str, ...]) -> str:
    """What a file with the word in a place is refused with."""
    data = json.loads(AS_JSON)
    inner = data
    for step in place:
        inner = inner[step]
    inner[word] = 1
    with pytest.raises(ScenarioError) as caught:
        rs.loads(json.dumps(data))
    return str(caught.value)


def in_set(word: str, place: tuple[str, ...]) -> str:
    with pytest.raises(UsageError) as caught:
        rs.loads(TEXT, overrides=[".".join((*place, word)) + "=1"])
    return str(caught.value)


def in_explain(word: str) -> str:
    with pytest.raises(UsageError) as caught:
        explain(word)
    return str(caught.value)


def test_there_are_many_words_and_each_stands_once() -> None:
    every = [normal(word) for word, _ in words()]
    assert len(every) == len(set(every)) > 300
    assert not set(every) & {normal(key[-1]) for key in EVERY}


@pytest.mark.parametrize("entries", [words, placed])
def test_every_answer_names_keys_that_are_there(entries: object) -> None:
    for word, entry in entries():  # type: ignore[operator]
        assert entry.absent or entry.keys, word
        assert set(entry.keys) <= BY_SHORT_NAME.keys(), word


@pytest.mark.parametrize("part", one_in(3, range(15)))
def test_explain_tells_each_word_its_key_or_that_it_is_not_simulated(part: int) -> None:
    for word in list(WORDS)[part::15]:
        told_by_explain(word)


def told_by_explain(word: str) -> None:
    entry = WORDS[word]
    for spelling in {word, camel(word), word.replace("_", "-")}:
        try:
            found = explain(spelling)  # a metric or a cause that is called so
        except UsageError as error:
            message = str(error)
        else:
            assert found.key in (f"thresholds.{spelling}", f"cause.{spelling}")
            continue
        if entry.absent:
            assert f"'{spelling}' is not simulated by this version: {entry.absent}" in message
            assert "did you mean" not in message
        else:
            assert f"did you mean '{entry.keys[0]}'? (" in message
            example = re.search(r"; for example (.*)\); the top keys", message)
            assert example is not None
            read(
                BY_SHORT_NAME[entry.keys[0]],
                value_at(BY_SHORT_NAME[entry.keys[0]], read_value(f"{{{example[1]}}}", "")),
            )


def value_at(key: tuple[str, ...], data: object) -> object:
    """The value of a key in a fragment of a scenario."""
    part: Part = ROOT
    for step in key:
        if part.is_list:
            assert isinstance(data, list)
            data, below = data[0], part.step(0)
            assert below is not None
            part = below
        assert isinstance(data, dict)
        data = next(iter(data.values())) if step.startswith("<") else data[step]
        below = part.step(step)
        assert below is not None
        part = below
    return data


@pytest.mark.parametrize("place", one_in(2, PLACES), ids=".".join)
def test_files_and_overrides_answer_alike_and_truly_of_the_place(place: tuple[str, ...]) -> None:
    part = part_at(place)
    assert part is not None
    # Each word in a few of the places: that there are all of them is shown below.
    for word in [*list(WORDS)[PLACES.index(place) % 5 :: 5], *dict(placed())]:
        if word in (part.keys or ()) or word == "size" and place == ("images", "app"):
            continue
        of_file, of_set = in_file(word, place), in_set(word, place)
        entry = foreign(word)
        meant = re.search(r"did you mean '([a-z_]+)'\?", of_file)
        assert (meant is None) == ("did you mean" not in of_set), word
        if meant is not None:
            assert meant[1] in (part.keys or ()), (word, place)
            assert f"did you mean {'.'.join((*place, meant[1]))}?" in of_set
            allowed = [key for one in entries_of(word) if not one.absent for key in one.keys]
            assert meant[1] in {key.rpartition(".")[2] for key in allowed}, (word, place)
        elif entry is not None and entry.absent:
            assert f"'{word}' is not simulated by this version: {entry.absent}" in of_file
            assert f"'{word}' is not simulated by this version: {entry.absent}" in of_set
        elif entry is not None:
            assert "here that is" in of_file, (word, place)
            assert "here that is" in of_set, (word, place)


def entries_of(word: str) -> list[Foreign]:
    every = [(normal(known), entry) for known, entry in (*words(), *placed())]
    # `image` is the singular of `images`, and `requests` the plural of `request`, wherever these may stand.
    spellings = [Foreign((f"{word}s",)), Foreign((word.replace("_", "").removesuffix("s"),))]
    return [entry for known, entry in every if known == normal(word)] + spellings


@pytest.mark.parametrize(
    ("place", "word", "told"),
    [
        (("nodes", "web"), "bandwidth_limit", "did you mean 'pull_cap'?"),
        (("registry",), "bandwidthLimit", "did you mean 'uplink'?"),
        (("background", "backup"), "bandwidth_limit", "did you mean 'cap'?"),
        (("failures", "outage"), "bandwidth", "here that is network.rate"),
        (("nodes", "web"), "max_parallel", "did you mean 'max_parallel_image_pulls'?"),
        ((), "prepull", "did you mean 'prepulls'?"),
        (("nodes", "web"), "registry_mirrors", "did you mean 'hosts'?"),
        (("nodes", "web"), "hosts_toml", "did you mean 'hosts'?"),
        (("nodes", "web"), "mirrors", "did you mean 'hosts'?"),
        (("registry",), "mirrors", "'mirrors' is a key of the scenario"),
        ((), "pull_through_cache", "did you mean 'caches'?"),
        ((), "proxy_cache", "did you mean 'caches'?"),
        ((), "hosts", "did you mean 'nodes'?"),
        (("registry",), "upstream", "'upstream' is a key of caches.<cache>"),
        (("caches", "near"), "proxy_remoteurl", "did you mean 'upstream'?"),
        (("caches", "near"), "proxy_cache_lock_timeout", "here that is 'timeout' in lock"),
        (("caches", "near"), "images", "did you mean 'holds'?"),
        (("caches", "near"), "bandwidth", "did you mean 'uplink'?"),
        (("mirrors", "far"), "upstream", "did you mean 'of'?"),
        (("failures", "outage"), "blackHole", "did you mean 'silent'?"),
        ((), "spegel", "did you mean 'peers'?"),
        (("nodes", "web"), "image_pull_timeout", "did you mean 'pull_timeout'?"),
        (("nodes", "web"), "eventRecordQPS", "'eventRecordQPS' is not simulated by this version: events of kubelets\n"),
        (("nodes", "web"), "maxConcurrentDownloads", "did you mean 'parallel_layers'?"),
        (("workloads", "api"), "minReadySeconds", "here that is 'min_ready' in rollout"),
        (("workloads", "api"), "initContainers", "'initContainers' is not simulated"),
        (("workloads", "api"), "tolerations", "'tolerations' is not simulated"),
        (("nodes", "web"), "limit", ""),
        (("nodes", "web"), "retries", "did you mean 'retry'?"),
    ],
)  # fmt: skip
def test_a_word_has_the_meaning_of_its_place(place: tuple[str, ...], word: str, told: str) -> None:
    message = in_file(word, place) + "\n"
    assert told in message
    assert told or "help:" not in message


# Without the words that are keys, or values of other keys as well.
PRODUCTS = (
    *((name, "caches.profile") for name in CACHE_PROFILES),
    *((name, "peers.profile") for name in PEER_PROFILES),
    *((name, "prepulls.by") for name in get_args(Prepuller) if name not in ("daemonset", "schedule")),
    *((name, "nodes.kubelet") for name in SERIAL_PULLS if name != "upstream"),
    *((name, "nodes.runtime") for name in PROFILES),
)


@pytest.mark.parametrize(("product", "key"), PRODUCTS)
def test_explain_leads_from_each_profile_to_its_key_with_the_profile_as_its_value(product: str, key: str) -> None:
    message = in_explain(product)
    assert f"did you mean '{key}'?" in message
    assert re.search(rf"for example .*{key.rpartition('.')[2]}: {re.escape(product)}}}", message) is not None


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("p2p", "did you mean 'peers'?"),
        ("openkruise", "did you mean 'prepulls.by'? (image_pull_job is OpenKruise's;"),
        ("registry:2", "caches: {rack-cache: {profile: distribution-2}}"),
        ("certs.d", "did you mean 'nodes.hosts'?"),
        ("hosts.toml", "did you mean 'nodes.hosts'?"),
        ("replication", "did you mean 'mirrors.copied'?"),
        ("artifactory", "not simulated by this version: a profile of this product"),
        ("copied.interval", "did you mean 'mirrors.copied.every'?"),
        ("mirrors.site.copied.interval", "did you mean 'mirrors.copied.every'?"),
        ("network.sites.bandwidth", "did you mean 'network.sites.uplink'?"),
        ("network.sites.rtt", "did you mean 'network.sites.latency'?"),
        ("nodes.web.bandwidth", "did you mean 'nodes.nic'?"),
        ("caches.near.bandwidth", "did you mean 'caches.uplink'?"),
        ("replica", "did you mean 'registry.replicas'?"),
    ],
)
def test_explain_tells_a_word_the_key_of_the_part_before_it(word: str, told: str) -> None:
    assert told in in_explain(word)


@pytest.mark.parametrize("word", ["mirror", "cache"])
def test_explain_leads_from_the_key_of_a_failure_to_what_fails(word: str) -> None:
    found = explain(word)
    assert found.key == f"failures.<failure>.{word}"
    assert found.also == f"for {word}s themselves: explain {word}s"


UNRELATED = ("colour", "wallpaper", "invoice", "xyz", "qwertz", "gateway_api", "helm_chart", "webhook", "vip", "foo")


@pytest.mark.parametrize("word", UNRELATED)
def test_an_unrelated_word_gives_no_hint(word: str) -> None:
    assert "did you mean" not in in_explain(word)
    for place in PLACES:
        assert "help:" not in in_file(word, place)
        assert "did you mean" not in in_set(word, place)


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_likeness_never_leads_from_a_word_of_the_table_to_another_key(place: tuple[str, ...]) -> None:
    for word in WORDS:
        found = key_hint(word, schema_path(place))
        assert found is not None, word
        same = normal(found.key[-1] if found.key else "").removesuffix("s") == normal(word).removesuffix("s")
        assert same or found.entry in (FOREIGN[normal(word)], *(one for _, one in placed())), word


@given(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=25), st.sampled_from(PLACES))
def test_what_is_hinted_at_is_near_what_was_written(word: str, place: tuple[str, ...]) -> None:
    found = key_hint(word, schema_path(place))
    if found is not None and found.entry is None and found.where == "here":
        assert abs(len(found.key[-1]) - len(word)) <= 3 + word.count("_")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("latancy", "latency"), ("compresed", "compressed"), ("tresholds", "thresholds"), ("nci", "nic"), ("wrn", "warn")],
)
def test_a_slip_of_the_pen_is_recognised(word: str, meant: str) -> None:
    assert near(word, [meant, "images", "nodes"]) == meant


@pytest.mark.parametrize("top", sorted({key[0] for key in EVERY}))
def test_every_key_has_an_example_that_it_reads(top: str) -> None:
    refused = {}
    for key in (key for key in EVERY if key[0] == top):
        try:
            read(key, value_at(key, read_value(f"{{{in_place(key, example_of(key, EVERY[key]))}}}", "")))
        except ValidationError as error:
            refused[key] = str(error)
    assert refused == {}
