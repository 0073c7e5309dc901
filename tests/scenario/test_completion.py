"""What may stand at a place of a text, `|` being the place."""

from __future__ import annotations

import pytest

from rolloutsim.scenario.completion import complete
from rolloutsim.scenario.cursor import cursor

HEAD = "rolloutsim: 1\n"


def at(text: str) -> tuple[str, int, int]:
    before, _, after = text.partition("|")
    return before + after, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def labels(text: str) -> list[str]:
    return [one.label for one in complete(*at(HEAD + text)).options]


@pytest.mark.parametrize(
    ("text", "path", "where", "word"),
    [
        ("|", (), "key", ""), ("no|", (), "key", "no"), ("nodes:\n  web:\n    |", ("nodes", "web"), "key", ""),
        ("nodes:\n  web: {count: 3, n|", ("nodes", "web"), "key", "n"),
        ("nodes:\n  web: {\n    count: 3,\n    nic: 1|", ("nodes", "web", "nic"), "value", "1"),
        ("nodes:\n  web:\n    count: 3\n  |", ("nodes",), "key", ""),
        ("nodes:\n  web:\n    count: 3\n|", (), "key", ""),
        ("images:\n  a:\n    layers:\n    - 3 MB\n    - 4|", ("images", "a", "layers", 1), "value", "4"),
        ("images:\n  a:\n    layers:\n      - {ratio: 3|}", ("images", "a", "layers", 0, "ratio"), "value", "3"),
        ("images: {'a: b': {ratio: |", ("images", "a: b", "ratio"), "value", ""),
        ("name: \"a: {b\"\nmodel: i|", ("model",), "value", "i"), ("# nodes: {\nmodel: |", ("model",), "value", ""),
        ("nodes: 20  # {a\nseed: |", ("seed",), "value", ""),
    ],
)  # fmt: skip
def test_a_place_is_found_in_what_is_not_finished(text: str, path: tuple[object, ...], where: str, word: str) -> None:
    found = cursor(*at(text))
    assert (found.path, found.at, found.word) == (path, where, word)


def test_keys_are_those_that_are_allowed_and_not_there() -> None:
    assert {"images", "network", "workloads"} <= set(labels("nodes: 3\n|"))
    assert "nodes" not in labels("nodes: 3\n|")
    assert labels("network:\n  rate: 1 Gbit/s\n  m|")[:2] == ["mtu", "efficiency"]
    assert labels("nodes:\n  |") == []  # names are the user's own


def test_values_are_words_names_and_quantities_with_units() -> None:
    assert labels("model: |") == ["real", "ideal"]
    assert labels("nodes: {web: {runtime: |}}") == ["containerd", "containerd-1", "dockerd", "cri-o"]
    assert labels("registries: {hub: {}, far: {}}\nimages: {a: {size: 1 MB, registry: |}}")[:2] == ["hub", "far"]
    assert labels("network: 10 g|")[:2] == ["10 Gbit/s", "10 GB/s"]
    assert "rollout_time" in labels("thresholds:\n  |")


def test_it_begins_where_the_word_does() -> None:
    assert complete(*at(HEAD + "nodes:\n  web: {ru|}")).start == 9


def test_places_that_there_are_not_have_no_options() -> None:
    for line, column in ((99, 1), (1, 99), (0, 0)):
        complete("rolloutsim: 1\n", line, column)
    assert labels("nothing: {like: {it: |") == []
