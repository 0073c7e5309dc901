"""Which points a design has."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import qmc

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.planning.sweep.designs import MOST_POINTS, Design, Range, from_data, from_mapping, from_options
from rolloutsim.planning.sweep.sobol import MOST_AXES, sobol


def values(design: Design) -> list[tuple[object, ...]]:
    return [tuple(choice.value for choice in point) for point in design.points()]


@pytest.mark.parametrize("count", [1, 7, 1024])
def test_sobol_points_are_those_of_scipy(count: int) -> None:
    """Oracle: scipy.stats.qmc.Sobol, unscrambled, from the whole table of Joe & Kuo; bit for bit."""
    oracle = qmc.Sobol(MOST_AXES, scramble=False, bits=30).random(1024)
    assert np.array_equal(np.array(sobol(count, MOST_AXES)), oracle[:count])


def test_a_grid_has_every_combination_and_the_last_parameter_varies_fastest() -> None:
    design = from_options(["nodes=20,50", "network=1 Gbit/s,10 Gbit/s"])
    assert values(design) == [(20, "1 Gbit/s"), (20, "10 Gbit/s"), (50, "1 Gbit/s"), (50, "10 Gbit/s")]


def test_a_zip_takes_values_side_by_side() -> None:
    design = from_options(["nodes=20,50", "network=1 Gbit/s,10 Gbit/s"], "zip")
    assert values(design) == [(20, "1 Gbit/s"), (50, "10 Gbit/s")]


def test_a_sobol_range_keeps_the_unit_of_its_lower_end() -> None:
    """By hand: the first points of the first axis are 0, 1/2, 3/4, 1/4."""
    assert values(from_options(["network=1 Gbit/s..9 Gbit/s"], "sobol", 4)) == [
        ("1 Gbit/s",), ("5 Gbit/s",), ("7 Gbit/s",), ("3 Gbit/s",),
    ]  # fmt: skip
    assert values(from_options(["network.efficiency=50%..90%"], "sobol", 2)) == [("50%",), ("70%",)]


def test_a_log_range_takes_equal_factors_for_equal_steps() -> None:
    """By hand: 100 Mbit/s times 100 to the power of 0, 1/2, 3/4, 1/4."""
    assert values(from_options(["network=100 Mbit/s..10 Gbit/s log"], "sobol", 4)) == [
        ("100 Mbit/s",), ("1000 Mbit/s",), ("3162.27766 Mbit/s",), ("316.227766 Mbit/s",),
    ]  # fmt: skip


def test_a_range_of_whole_numbers_has_each_equally_often_both_ends_included() -> None:
    found = Counter(number for (number,) in values(from_options(["nodes=3..10"], "sobol", 64)))
    assert found == dict.fromkeys(range(3, 11), 8)


def test_a_list_in_a_sobol_design_has_each_value_equally_often() -> None:
    design = from_options(["model=real,ideal", "nodes=1..8"], "sobol", 16)
    assert Counter(values(design)) == Counter((model, number) for model in ("real", "ideal") for number in range(1, 9))


def test_values_may_be_lists_maps_and_quoted_text_with_commas() -> None:
    design = from_options(["nodes.web.racks=[r1],[r1, r2]", 'name="a, b",c', "nodes.web={count: 3},{count: 5}"], "zip")
    assert [parameter.values for parameter in design.parameters] == [
        (["r1"], ["r1", "r2"]), ("a, b", "c"), ({"count": 3}, {"count": 5}),
    ]  # fmt: skip


def test_the_same_design_from_options_from_python_and_from_a_file() -> None:
    options = from_options(["nodes=20,50", "network=1 Gbit/s..2 Gbit/s log"], "sobol", 8)
    mapping = {"nodes": np.array([20, 50]), "network": {"from": "1 Gbit/s", "to": "2 Gbit/s", "scale": "log"}}
    python = from_mapping(mapping, "sobol", 8)
    long = {"design": "sobol", "points": 8, "parameters": {"nodes": [20, 50], "network": mapping["network"]}}
    file = from_data({"sweep": long})
    assert file is not None
    assert values(options) == values(python) == values(file)
    assert [p.key for p in options.parameters] == [p.key for p in file.parameters] == ["nodes", "network"]


def test_the_short_form_of_a_files_sweep_is_a_grid() -> None:
    design = from_data({"sweep": {"network.links.wan.capacity": ["1 Gbit/s", "2 Gbit/s"], "nodes": 3}})
    assert design is not None
    assert (design.kind, values(design)) == ("grid", [("1 Gbit/s", 3), ("2 Gbit/s", 3)])
    assert from_data({"nodes": 3}) is None


def test_options_take_the_place_of_a_files_design_and_points() -> None:
    data = {"sweep": {"design": "sobol", "points": 8, "parameters": {"nodes": [20, 50], "seed": [1, 2]}}}
    for kind, count, points in ((None, None, 8), (None, 16, 16), ("zip", None, 2), ("grid", None, 4)):
        design = from_data(data, kind, count)
        assert design is not None
        assert len(design.points()) == points


_UNITS = "bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s"


@pytest.mark.parametrize(
    ("options", "kind", "count", "message"),
    [
        (["nodes=1..4"], None, None,
         "nodes is a range, 1..4, and design grid needs values; list them, or take design sobol and a number of "
         "points"),
        (["nodes=1,2"], None, 3, "a number of points is for design sobol; design grid has those of its values"),
        (["nodes=1,2"], "zip", 3, "a number of points is for design sobol; design zip has those of its values"),
        (["nodes=1..4"], "sobol", None,
         "design sobol needs a number of points; a power of two, such as 64, spreads them best"),
        (["nodes=1..4"], "sobol", 0, "0 points are none; give at least 1"),
        (["nodes=1..4"], "sobol", MOST_POINTS + 1,
         "that are 100,001 points; the most is 100,000: take fewer values, or design sobol"),
        ([f"images.i{i}=1 MB,2 MB" for i in range(17)], None, None,
         "that are 131,072 points; the most is 100,000: take fewer values, or design sobol"),
        ([f"images.i{i}=1 MB,2 MB" for i in range(22)], "sobol", 8,
         "design sobol has at most 21 parameters, and there are 22"),
        (["nodes=1,2", "seed=1,2,3"], "zip", None,
         "design zip takes values side by side, but nodes has 2, seed has 3; give all the same number of values"),
        (["nodes=4..1"], "sobol", 8, "nodes: a range goes up, and '4' is not below '1'"),
        (["nodes=1.5..4"], "sobol", 8,
         "nodes: '1.5' is no number that nodes can have; it is a whole number from 1 to 1000000"),
        (["nodes=0..10 log"], "sobol", 8,
         "nodes: '0' is no number that nodes can have; it is a whole number from 1 to 1000000"),
        (["network.efficiency=0%..90%"], "sobol", 8,
         "network.efficiency: '0%' is no number that network.efficiency can have; it is a share above zero and up to "
         "100%, with one of the units %"),
        (["network.racks.oversubscription=0..4"], "sobol", 8,
         "network.racks.oversubscription: '0' is no number that network.racks.oversubscription can have; it is a "
         "number from 0.001 up to 1000000"),
        (["network=1 GB..2 GB"], "sobol", 8,
         f"network: '1 GB' is no number that network can have; it is a rate above zero, with one of the units "
         f"{_UNITS}"),
        (["network.latency=0 s..1 s log"], "sobol", 8,
         "network.latency: a log range begins above zero, and '0 s' does not; use scale linear"),
        (["model=ideal..real"], "sobol", 8,
         "model: 'ideal' is no number that model can have; only numbers have a range; list its values"),
    ],
)  # fmt: skip
def test_a_design_that_does_not_fit(options: list[str], kind: str | None, count: int | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_options(options, kind, count).points()  # type: ignore[arg-type]
    assert str(caught.value) == message


_FORM = "write KEY=VALUE,VALUE, for example -p 'network=1 Gbit/s,10 Gbit/s'"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("nodes", UsageError, f"-p nodes: a value is missing; {_FORM}"),
        ("=3", UsageError, f"-p =3: a key is missing; {_FORM}"),
        ("nodes=", ScenarioError, "-p nodes: error: a value is missing after '='"),
        ("nodes=~,1", ScenarioError,
         "-p nodes: error: '~,1' is not a list of values; write them with commas in between"),
        ("nodes=1], [2", ScenarioError, "-p nodes: error: not YAML: did not find expected <document start>"),
    ],
)  # fmt: skip
def test_an_option_without_that_form(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        from_options([text])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"nodes": []}, None, "nodes has no values; give at least one"),
        ({"nodes": [1]}, "sobel", "there is no design 'sobel'; allowed: grid zip sobol"),
        ({"network": {"from": "1 Gbit/s", "to": "2 Gbit/s", "scale": "cubic"}}, "sobol",
         "sweep network: there is no scale 'cubic'; allowed: linear log"),
        ({"network": {"from": "1 Gbit/s", "to": "2 Gbit/s", "step": 2}}, "sobol",
         "sweep network: unknown key 'step' in a range; allowed: from to scale"),
        ({"nodes": [1], " nodes": [2]}, None,
         "sweep  nodes: a key is missing; write for example network.latency"),
    ],
)  # fmt: skip
def test_a_mapping_that_is_no_design(given: dict[str, object], kind: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_mapping(given, kind, 4 if kind == "sobol" else None).points()
    assert str(caught.value) == message


def test_a_parameter_given_twice() -> None:
    with pytest.raises(UsageError, match=r"^nodes is varied twice; give all its values at once$"):
        from_options(["nodes=1,2", "nodes=3"])


def test_a_range_reads_as_it_is_written() -> None:
    assert str(Range("1 Gbit/s", "2 Gbit/s", "log")) == "1 Gbit/s..2 Gbit/s log"
