"""A link's name says whose it is, and which of its links."""

from __future__ import annotations

import pytest

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import loads
from rolloutsim.scenario.resources import LinkName


@pytest.mark.parametrize(
    ("name", "owner", "part", "group"),
    [
        ("web-007.nic.in", "web-007", "nic.in", "web"),
        ("web.nic.out", "web", "nic.out", "web"),
        ("eu.web-1-007.disk", "eu.web-1-007", "disk", "eu.web-1"),
        ("registry-0.uplink", "registry-0", "uplink", None),
        ("registry.uplink.in", "registry", "uplink.in", None),
        ("r1.down", "r1", "down", None),
        ("wan", "wan", "", None),
        ("eu.wan", "eu.wan", "", None),
        ("wan.", "wan.", "", None),
        ("nic.in", "nic.in", "", None),
    ],
)
def test_a_name_is_taken_apart_and_put_together_again(name: str, owner: str, part: str, group: str | None) -> None:
    link = LinkName.of(name)
    assert (link, link.group, str(link)) == (LinkName(owner, part), group, name)


def test_a_failure_of_a_link_of_a_node_names_that_node_though_its_group_has_a_dot() -> None:
    text = (
        "rolloutsim: 1\nnodes: {eu.web: 2}\nnetwork: 1 Gbit/s\nimages: {app: 1 MB}\n"
        "failures: {cut: {link: eu.web-001.nic.in, at: 1 s}}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    (found,) = caught.value.diagnostics
    assert found.message == (
        "link 'eu.web-001.nic.in' is one node's own; a failure is of a shared link: registry.uplink"
    )
    assert found.help == "crash the node: node: eu.web-001"
