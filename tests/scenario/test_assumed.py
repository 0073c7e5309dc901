"""What a scenario says of its values that nobody measured: checked, kept where it is so, and of no effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.errors import ScenarioError
from rolloutsim.report.inputs import assumed_table, given_table
from rolloutsim.results.caveats import about_assumptions
from rolloutsim.scenario import load, loads
from rolloutsim.scenario.settings import show

PLAIN = """\
rolloutsim: 1
nodes: {web: {count: 20, disk: 125 MB/s}}
network: {rate: 1 Gbit/s, latency: 1 ms}
images:
  "golang:1.8-alpine": {compressed: 200 MB}
"""
ASSUMED = f"""\
{PLAIN}assumed:
  network.rate: nobody measured the NICs
  'images["golang:1.8-alpine"].compressed': nothing tells its size
  nodes.web.count: a guess
  nodes.web.disk: gp3
"""
KEYS = ["network.rate", 'images["golang:1.8-alpine"].compressed', "nodes.web.count", "nodes.web.disk"]


def problems(text: str) -> list[tuple[int | None, str, str | None]]:
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    return [(one.line, one.message, one.help) for one in caught.value.diagnostics]


def test_it_changes_no_simulation() -> None:
    assert loads(ASSUMED).resolve().sha256 == loads(PLAIN).resolve().sha256


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("network.buffer", "the scenario has no value at network.buffer that could be assumed"),
        ("nodes.db.count", "the scenario has no value at nodes.db.count that could be assumed"),
        ("images.golang:1", "the scenario has no value at images.golang:1 that could be assumed"),
        ("nodes.web.count.more", "the scenario has no value at nodes.web.count.more that could be assumed"),
    ],
)
def test_what_is_not_there_cannot_be_assumed(key: str, message: str) -> None:
    help = "take it out of assumed, or write its path as --set takes it"
    assert problems(f"{PLAIN}assumed:\n  {key}: a guess\n") == [(7, message, help)]


def test_what_is_no_path_is_an_error_with_its_form() -> None:
    (found,) = problems(f'{PLAIN}assumed:\n  "images[x": a guess\n')
    assert found[0] == 7
    assert "'images[x' is no path of a key; write it as --set takes it, for example network.rate" in found[1]


def test_what_was_calibrated_is_not_assumed() -> None:
    fitted = "calibrated: {network.rate: {low: 1 Mbit/s, high: 2 Mbit/s, pulls: 3, images: 1}}\n"
    assert problems(ASSUMED + fitted) == [
        (7, "network.rate was calibrated, and so is assumed no more", "take it out of assumed, or of calibrated")
    ]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"network": "10 Gbit/s"}, [KEYS[1], KEYS[2], KEYS[3]]),
        ({"network.rate": "10 Gbit/s"}, [KEYS[1], KEYS[2], KEYS[3]]),
        ({"network.latency": "2 ms"}, KEYS),
        ({"nodes": 50}, [KEYS[0], KEYS[1], KEYS[3]]),
        ({"nodes.web.disk.capacity": "100 GB"}, [*KEYS[:3], "nodes.web.disk.rate"]),
        ({"nodes.web.disk": "1 GB/s"}, KEYS[:3]),
        ({"nodes.web.disk": None}, KEYS[:3]),
        ({'images["golang:1.8-alpine"]': "20 MB"}, [KEYS[0], KEYS[2], KEYS[3]]),
    ],
)
def test_what_is_said_in_its_place_is_not_assumed(changes: dict[str, object], left: list[str]) -> None:
    assert list(loads(ASSUMED).with_(changes).assumed) == left


def test_nothing_is_assumed_where_all_of_it_is_said(tmp_path: Path) -> None:
    one = loads(f"{PLAIN}assumed: {{network.rate: a guess}}\n").with_({"network.rate": "2 Gbit/s"})
    assert "assumed" not in one.model_fields_set
    assert list(about_assumptions(one.resolve())) == []


def test_another_file_and_a_variant_say_what_is_not_assumed(tmp_path: Path) -> None:
    base, over = tmp_path / "base.yaml", tmp_path / "over.yaml"
    base.write_text(f"{ASSUMED}variants: {{fast: {{network.rate: 10 Gbit/s}}, large: {{nodes: 90}}}}\n")
    over.write_text("nodes: {web: {count: 7}}\nassumed: {network.latency: within one room}\n")
    assert list(load(base, overlays=[over]).assumed) == [KEYS[0], KEYS[1], KEYS[3], "network.latency"]
    assert list(load(base).variant("fast").assumed) == KEYS[1:]
    assert list(load(base).variant("large").assumed) == [KEYS[0], KEYS[1], KEYS[3]]


def test_show_names_it_as_the_source_and_shows_a_scenario() -> None:
    text = show(loads(ASSUMED).resolve())
    for line in (
        "    count: 20  # assumed: a guess", "      rate: 125 MB/s  # assumed: gp3",
        "  rate: 1 Gbit/s  # assumed: nobody measured the NICs", "  latency: 1 ms",
        "    compressed: 200 MB  # assumed: nothing tells its size",
    ):  # fmt: skip
        assert line in text.splitlines()
    assert list(loads(text).assumed) == KEYS


def test_a_line_says_how_many_values_are_assumed() -> None:
    (said,) = about_assumptions(loads(ASSUMED).resolve())
    assert said == (
        '4 values of the scenario are assumed, not measured: network.rate, images["golang:1.8-alpine"].compressed … '
        "(2 more); the report says why."
    )
    (one,) = about_assumptions(loads(f"{PLAIN}assumed: {{network.rate: a guess}}\n").resolve())
    assert one == "1 value of the scenario is assumed, not measured: network.rate; the report says why."
    assert list(about_assumptions(loads(PLAIN).resolve())) == []


def test_a_report_tells_what_is_assumed_from_what_is_given() -> None:
    scenario = loads(ASSUMED).resolve()
    table = assumed_table(scenario)
    assert table is not None
    assert [tuple(row) for row in table.cells()] == [
        ("network.rate", "1 Gbit/s", "nobody measured the NICs"),
        (KEYS[1], "200 MB", "nothing tells its size"),
        ("nodes.web.count", "20", "a guess"),
        ("nodes.web.disk", "125 MB/s", "gp3"),
    ]
    assert [tuple(row) for row in given_table(scenario).cells()] == [
        ("nodes.web.count", "20 (assumed)"), ("nodes.web.disk.rate", "125 MB/s (assumed)"),
        ("network.rate", "1 Gbit/s (assumed)"), ("network.latency", "1 ms"), (KEYS[1], "200 MB (assumed)"),
    ]  # fmt: skip
    assert assumed_table(loads(PLAIN).resolve()) is None


def test_what_is_not_there_was_not_calibrated() -> None:
    fitted = "calibrated: {registry.uplink: {low: 1 Mbit/s, high: 2 Mbit/s, pulls: 3, images: 1}}\n"
    help = "take it out of calibrated, or write its path as --set takes it"
    message = "the scenario has no value at registry.uplink that could be calibrated"
    assert problems(PLAIN + fitted) == [(6, message, help)]
    loads(PLAIN + fitted.replace("registry.uplink", "network.rate"))


def test_a_value_that_is_set_otherwise_is_calibrated_no_more() -> None:
    fitted = "calibrated: {network.rate: {low: 1 Mbit/s, high: 2 Mbit/s, pulls: 3, images: 1}}\n"
    resolved = loads(PLAIN + fitted, overrides=["network.rate=7 Gbit/s"]).resolve()
    assert "calibrated" not in (resolved.document or "")
