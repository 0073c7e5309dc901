"""What Jupyter shows: scenario, run, comparison and sweep; names cannot smuggle in HTML."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import rolloutsim as rs

EVIL = "<script>alert('x')</script>&\""
# Where anything may stand: a scenario's name and description, and images' names. Other names have letters and digits.
QUICK = """\
rolloutsim: 1
name: {name}
description: {name}
model: ideal
nodes: 2
network: 1 Gbit/s
images: {{{name}: {{layers: [10 MB, 5 MB]}}}}
thresholds: {{rollout_time: max < 1 s}}
"""
ONE = """\
rolloutsim: 1
name: one node
description: What does it show?
model: ideal
nodes: {web: {count: 2, nic: 1 Gbit/s}}
network: 1 Gbit/s
images: {small: 10 MB, large: {layers: [60 MB, 40 MB]}}
thresholds: {"rollout_time{image=large}": {check: max < 1 s, severity: warn}}
"""


class Reader(HTMLParser):
    """The tags of a page, each opened one closed again, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


@pytest.fixture(scope="module")
def evil() -> rs.Scenario:
    return rs.loads(QUICK.format(name=quoted(EVIL)))


def test_a_scenario_shows_its_parts() -> None:
    reader = Reader(rs.loads(ONE)._repr_html_())
    assert [text.strip() for text in reader.text] == [
        "one node", "model", "ideal, seed 1", "nodes", "web: 2, NIC 1 Gbit/s, containerd",
        "links", "registry.uplink: 1 Gbit/s", "images", "small: 10 MB", "large: 100 MB in 2 layers",
        "thresholds", "rollout_time{image=large}: max < 1 s", "What does it show?",
    ]  # fmt: skip


def test_of_many_parts_a_screenful_is_shown() -> None:
    images = ", ".join(f"i{number}: 1 MB" for number in range(30))
    texts = Reader(rs.loads(ONE.replace("small: 10 MB", images))._repr_html_()).text
    assert "and 20 more" in texts
    assert "i11: 1 MB" not in texts


def test_a_result_shows_the_table_why_the_thresholds_and_the_curve() -> None:
    result = rs.loads(ONE).run()
    html = result._repr_html_()
    reader = Reader(html)
    assert html.startswith("<table><caption>one node</caption>")
    assert "1.60 s" in reader.text
    assert any(text.startswith("registry uplink 100 % busy") for text in reader.text)
    assert "Thresholds" in reader.text
    assert reader.tags[-1] == "img"
    (image,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert ElementTree.fromstring(b64decode(image)).tag.endswith("}svg")
    assert html == rs.loads(ONE).run()._repr_html_()


def test_a_result_in_which_nothing_became_ready_has_no_curve() -> None:
    result = rs.loads(
        ONE.replace("model: ideal", "model: real\nregistry: {uplink: 1 Gbit/s, max_connections: 0}")
    ).run()
    assert "img" not in Reader(result._repr_html_()).tags


def test_numbers_of_a_table_stand_on_the_right_and_what_never_happened_is_a_dash() -> None:
    table = rs.Table({"node": ["a", "b"], "ready_s": [1.23456789, float("nan")], "bytes": [346e6, 0.5]})
    html = table._repr_html_()
    assert re.findall(r'<td style="text-align:(\w+)">([^<]*)</td>', html) == [
        ("left", "a"), ("right", "1.23457"), ("right", "346000000"),
        ("left", "b"), ("right", "–"), ("right", "0.5"),
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["scenario", "result", "pulls", "comparison", "sweep", "solution"])
def test_names_are_escaped(evil: rs.Scenario, what: str) -> None:
    shown = {
        "scenario": lambda: evil,
        "result": lambda: evil.run(),
        "pulls": lambda: evil.run()[EVIL].pulls,
        "comparison": lambda: rs.compare(evil, evil.with_({"model": "real"}), names=[EVIL, "b"]),
        "sweep": lambda: evil.sweep({"model": ["ideal", "real"]}, jobs=1),
        "solution": lambda: evil.solve("nodes", "rollout_time < 0.3 s", largest=True),
    }[what]()
    reader = Reader(shown._repr_html_())
    assert set(reader.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "div", "img"}
    # In a label, as of a solution's metric, a quote has a backslash before it.
    assert any(EVIL in text.replace('\\"', '"') for text in reader.text)
