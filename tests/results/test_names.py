"""Results in words: nothing is called by a key, an id or a metric."""

import pytest

from rolloutsim.results.shown.names import cause_words, link_words, metric_words, plain_words, target_words
from rolloutsim.results.thresholds import ThresholdResult
from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.metrics import METRICS


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("registry.uplink", "registry uplink"), ("hub.uplink.in", "hub uplink (inbound)"),
        ("hub.storage", "hub storage"), ("r1.up", "link of r1, outward"), ("r1.down", "link of r1, towards its nodes"),
        ("wan", "wan link"), ("web.nic.in", "NICs of web"), ("web-007.nic.in", "NIC of web-007"),
        ("web.nic.out", "NICs of web, outbound"), ("web.disk", "disks of web"), ("web.unpack", "cores of web"),
        ("web.pull_cap", "pull limits of web"),
    ],
)  # fmt: skip
def test_links(link: str, words: str) -> None:
    assert link_words(link) == words


def test_a_link_of_a_rack_or_site_is_called_after_where_it_leads() -> None:
    assert link_words("r1.up", "rack") == "rack r1, outward"
    assert link_words("shop-3.down", "site") == "site shop-3, towards its nodes"
    assert cause_words("shop-3.down", "site") == "site shop-3, towards its nodes"
    assert link_words("wan", "link") == "wan link"


def test_every_cause_has_words() -> None:
    assert [name for name in CAUSES if not cause_words(name) or "_" in cause_words(name)] == []
    assert cause_words("registry.uplink") == "registry uplink"


@pytest.mark.parametrize(
    ("metric", "of", "words"),
    [
        ("rollout_time", "image=builder", "rollout time of builder"), ("rollout_time", "case=all", "rollout time"),
        ("rollout_time", "", "rollout time"), ("rollout_time", 'image="a,b"', "rollout time of a,b"),
        ("rollout_time", "case=all,workload=api,group=web", "rollout time of api on group web"),
        ("pull_time", "image=a,rack=r1", "pull time in rack r1 of a"),
        ("pods_ready", "case=all,share=95%", "time until 95% of the pods are ready"),
        ("nodes_ready", "group=web,share=50%", "time until 50% of the nodes are ready on group web"),
        ("utilisation", "image=a,link=wan", "utilisation of the wan link of a"),
        ("time_split", "case=all,cause=disk", "time that pods wait for: node disks"),
        ("latency", "case=all,background=shop,phase=during", "latency of shop during the rollout"),
        ("refused", "case=all,registry=hub,status=429", "refused requests, registry hub, status 429"),
    ],
)  # fmt: skip
def test_metrics(metric: str, of: str, words: str) -> None:
    name = f"{metric}{{{of}}}" if of else metric
    assert metric_words(ThresholdResult("all", "max < 1", name, 0.5, True, "error", "", "", of=of)) == words


def test_every_metric_has_words() -> None:
    for name in METRICS:
        assert "_" not in metric_words(ThresholdResult("all", "max < 1", name, 0.5, True, "error", "", ""))


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("max < 60 s", "under 60 s"), ("< 60 s", "under 60 s"), ("p95 <= 5m", "p95 at most 5m"),
        ("mean > 3", "mean over 3"), (">= 95%", "at least 95%"),
    ],
)  # fmt: skip
def test_targets(check: str, words: str) -> None:
    assert target_words(check) == words


def test_sentences_have_kubernetes_names_and_no_keys() -> None:
    said = "pods wait (controller_manager.qps), max_unavailable 15, rate_limit and my_service"
    assert plain_words(said) == "pods wait, maxUnavailable 15, rate limit and my_service"
    # What a user has called so stays.
    assert plain_words("rate_limit waits", {"rate_limit"}) == "rate_limit waits"
