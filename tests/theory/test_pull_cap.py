"""A bandwidth limit of all of a node's pulls together: times by hand, where it acts, and how it is found."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.what_if import what_if
from rolloutsim.scenario import explain

LIMITED = (
    "rolloutsim: 1\n"
    "nodes: {web: {count: 3, nic: 1 Gbit/s, pull_cap: 50 Mbit/s}}\n"
    "registry: 10 Gbit/s\n"
    "images: {api: {layers: [200 MB, 200 MB, 100 MB]}}\n"
)


def test_500_megabytes_in_3_layers_at_50_megabits_in_all_take_80_seconds() -> None:
    # 500 MB × 8 / 50 Mbit/s, in payload, however many connections there are.
    ideal = rs.loads(LIMITED).with_({"model": "ideal"}).run()
    assert ideal["api"].rollout_time == pytest.approx(80.0)
    real = rs.loads(LIMITED).with_({"nodes.web.disk": "unlimited", "nodes.web.unpack": "unlimited"}).run()
    assert 80.0 <= real["api"].rollout_time <= 81.5  # requests and the runtime's own steps


def test_a_connections_cap_is_another_thing() -> None:
    # Three connections at 50 Mbit/s each: 200 MB × 8 / 50 Mbit/s for the larger layers, side by side.
    capped = rs.loads(LIMITED.replace("pull_cap", "connection_cap")).with_({"model": "ideal"}).run()
    assert capped["api"].rollout_time == pytest.approx(32.0)


def test_two_pulls_of_a_node_share_the_limit() -> None:
    text = LIMITED.replace("images: {", "images: {other: 250 MB, ")
    text = text.replace("web: {", "web: {pulls: [{image: api}, {image: other}], parallel_layers: 9, ")
    result = rs.loads(f"{text}model: ideal\nrollout: {{strategy: schedule}}\n").run()
    # 750 MB in all at 6.25 MB/s.
    assert result["all"].rollout_time == pytest.approx(120.0)


def test_the_time_goes_to_the_limit_and_its_link_is_full() -> None:
    case = rs.loads(LIMITED).with_({"model": "ideal"}).run()
    summary = case.summary.cases["api"]
    assert summary.time_split_s == {"pull_cap": pytest.approx(3 * 80.0)}
    row = summary.link("web.pull_cap")
    assert (row.capacity_bytes_per_s, row.bytes, row.utilisation) == (6.25e6, 500e6, pytest.approx(1.0))
    assert case.why().startswith("node pull caps 100 % busy for the whole rollout")


def test_unpacking_and_background_traffic_do_not_count() -> None:
    # The node's disk writes, its cores unpack, and a transfer fills its NIC while the pulls take 50 Mbit/s.
    text = LIMITED.replace("count: 3", "count: 1") + "background: {backup: {links: [web-000.nic.in], size: 10 TB}}\n"
    shared = rs.loads(text).with_({"model": "ideal"}).run()
    assert shared["api"].rollout_time == pytest.approx(80.0)
    with pytest.raises(RolloutsimError, match="does not cross 'web-000.pull_cap'"):
        rs.loads(text.replace("nic.in", "pull_cap"))


@pytest.mark.parametrize("word", ["bandwidth_limit", "nodes.bandwidth_limit", "bwlimit", "download_limit", "rate_cap"])
def test_explain_finds_it_from_what_it_is_called_elsewhere(word: str) -> None:
    with pytest.raises(RolloutsimError, match=r"did you mean 'nodes\.pull_cap'\?"):
        explain(word)
    assert "all layers that it fetches together" in str(explain("pull_cap"))


def test_the_error_in_a_file_names_it_too() -> None:
    with pytest.raises(RolloutsimError, match=r"did you mean 'pull_cap'\?"):
        rs.loads(LIMITED.replace("pull_cap", "bandwidth_limit"))
    # What all connections of a registry get together is its uplink, and never what one of them gets.
    with pytest.raises(RolloutsimError, match=r"did you mean 'uplink'\?"):
        rs.loads(LIMITED.replace("registry: 10 Gbit/s", "registry: {bandwidth_limit: 10 Gbit/s}"))


def test_what_if_offers_twice_the_limit_and_none() -> None:
    found = what_if(rs.loads(LIMITED).with_({"model": "ideal"}).run().outcome, jobs=1)
    times = {one.change: one.after for one in found.tried}
    assert times["limit of a node's pulls 100 Mbit/s"] == pytest.approx(40.0)
    # 500 MB over the NIC, of whose 1 Gbit/s the ideal model takes nothing off.
    assert times["no limit of a node's pulls"] == pytest.approx(4.0)


def test_without_a_limit_there_is_no_link() -> None:
    result = rs.loads(LIMITED.replace(", pull_cap: 50 Mbit/s", "")).run()
    assert "web.pull_cap" not in {row.link for row in result.summary.cases["api"].links}
    assert result["api"].rollout_time == rs.loads(LIMITED.replace("50 Mbit/s", "unlimited")).run()["api"].rollout_time
