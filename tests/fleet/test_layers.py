"""The layers that nodes hold, and the recipes by which they pull: as many as are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rolloutsim import simulation
from rolloutsim.fleet.build import build
from rolloutsim.fleet.recipes import WORD, LayerStep, words
from rolloutsim.scenario import loads
from tests.benchmarks import shapes
from tests.fleet.scenes import MB, run, scene

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors


def test_words_hold_the_layers_that_they_are_made_of() -> None:
    held = words([0, 3, WORD - 1, WORD, 5 * WORD + 7])
    assert set(held) == {0, 1, 5}
    found = [n for n in range(7 * WORD) if held.get(_step(n).word, 0) & _step(n).bit]
    assert found == [0, 3, WORD - 1, WORD, 5 * WORD + 7]


def _step(number: int) -> LayerStep:
    return LayerStep(number, 1.0, 1.0, None, 0.0, False)


def test_a_node_fetches_each_of_many_layers_that_it_lacks_and_no_other() -> None:
    # Of 150 layers of 1 MB every third is held, as a part of another image; the rest comes at 100 MB/s.
    layers = [f"{{digest: d{i}, compressed: 1 MB}}" for i in range(150)]
    s = scene(f"{{a: {{layers: [{', '.join(layers)}]}}, b: {{layers: [{', '.join(layers[::3])}]}}}}")
    case = run(replace(s, groups=(replace(s.groups[0], cached={"b": 1}),)))
    assert sorted(case.fetches.layer.tolist()) == [i for i in range(150) if i % 3]
    assert case.fetches.bytes_done.sum() == 100 * MB
    assert case.pulls.pulled[0] == pytest.approx(1.0)


def actors_of(shape: str, nodes: int) -> Actors:
    """What the first case of a shape was built as, after its simulation."""
    built: list[Actors] = []

    def noting(*args: Any) -> Actors:
        built.append(build(*args))
        return built[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "build", noting)
        simulation.simulate(loads(shapes.text(shape, nodes)).resolve(), alone=False)
    return built[0]


def test_recipes_are_made_for_the_images_that_a_node_is_asked_for() -> None:
    recipes = actors_of("own_image", 30).recipes
    assert len(recipes) == 30
    # Each of 30 nodes is asked for another of 30 images.
    assert sum(len(one) for one in {id(one): one for one in recipes}.values()) == 30


@pytest.mark.parametrize(("shape", "ways"), [("cached_sets", 1), ("own_image", 1), ("own_nic", 8), ("own_link", 8)])
def test_groups_that_do_not_differ_in_how_they_pull_have_their_recipes_in_common(shape: str, ways: int) -> None:
    recipes = actors_of(shape, 8).recipes
    assert len(recipes) == 8
    assert len({id(one) for one in recipes}) == ways
