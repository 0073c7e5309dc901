"""Small texts of scenarios that would be large, or of which much is wrong: refused before anything is made of them."""

from __future__ import annotations

import sys

import pytest

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import loads
from rolloutsim.scenario.problems import validate

HEAD = "rolloutsim: 1\nnetwork: {rate: 1 Gbit/s, sites: 100 Mbit/s}\n"
LINKS = (
    "links are too many; the most is 200,000, of all racks, sites, and replicas of registries, caches and mirrors "
    "together"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "nodes: {a: {count: 1000000, sites: 1000000}}\nimages: {app: 3 MB}\n",
            f"2,000,001 {LINKS}",
        ),
        (
            "nodes: {a: {count: 1000, sites: 1000}}\ncaches: {c: {in: site, replicas: 1000}}\nimages: {app: 3 MB}\n",
            f"2,002,001 {LINKS}",
        ),
        (
            "nodes: {a: {count: 2, sites: 2}}\nimages: {"
            + ", ".join(f"i{number}: {{size: 1 GB, layers: 1000}}" for number in range(501))
            + "}\n",
            "501,000 layers are too many; the most is 500,000, of all images together with those of their bases",
        ),
        (
            "nodes: {a: {count: 2, sites: 2}}\nimages: {i0: {size: 1 GB, layers: 1000}"
            + "".join(f", i{number + 1}: {{base: i{number}, layers: [1 MB]}}" for number in range(500))
            + "}\n",
            "626,250 layers are too many; the most is 500,000, of all images together with those of their bases",
        ),
    ],
    ids=["sites", "caches", "layers", "bases"],
)
def test_what_is_too_large_is_refused_before_it_is_made(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(HEAD + text)
    assert [one.message for one in caught.value.diagnostics] == [message]


def test_bases_in_a_circle_are_no_layers_without_end() -> None:
    with pytest.raises(ScenarioError, match="the bases go in a circle: a → b → a"):
        loads("rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {a: {base: b}, b: {base: a}}\n")


def calls(data: object) -> int:
    """How often functions of Python are called to find out what is wrong."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        validate(data)
    finally:
        sys.setprofile(None)
    return count


BASE = {"rolloutsim": 1, "nodes": 2000, "network": "1 Gbit/s", "images": {"app": "3 MB"}}


def chain(number: int) -> object:
    """Workloads, one after another."""
    one = {"images": "app", "replicas": 1}
    return BASE | {"workloads": {"w0": one} | {f"w{i + 1}": one | {"after": f"w{i}"} for i in range(number)}}


def caches(number: int) -> object:
    """Caches, each of which asks another."""
    return BASE | {"caches": {"c0": {}} | {f"c{i + 1}": {"upstream": f"c{i}"} for i in range(number)}}


def test_four_times_as_many_caches_that_ask_one_another_take_sixteen_times_as_long_at_the_most() -> None:
    validate(caches(2))
    assert calls(caches(200)) < 17 * calls(caches(50))


def test_ten_times_as_many_workloads_after_one_another_take_ten_times_as_long() -> None:
    validate(chain(2))
    assert calls(chain(1000)) < 12 * calls(chain(100))


@pytest.mark.parametrize(("others", "help"), [(99, "did you mean 'network'?"), (100, None)])
def test_only_of_unknown_keys_that_are_shown_it_is_looked_for_what_was_meant(others: int, help: str | None) -> None:
    # It takes 10 ms a key.
    _, problems = validate(BASE | {f"{i}": 1 for i in range(others)} | {"netwrok": 1})
    assert problems[-1].help == help


def test_of_very_many_names_that_are_none_not_all_are_looked_for() -> None:
    cached = {f"imag{i}": 1 for i in range(500)}
    _, problems = validate(BASE | {"nodes": {"web": {"count": 1, "cached": cached}}})
    assert len(problems) == 200


def test_a_name_of_very_many_digits_is_a_name() -> None:
    # Python makes no number of more than 4,300 digits.
    with pytest.raises(ScenarioError, match="no image is named '9999"):
        loads(f"rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {{app: 3 MB}}\npush: {{images: '{'9' * 5000}'}}\n")
