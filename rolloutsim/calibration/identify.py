"""What the data cannot tell, in words, and what would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rolloutsim.calibration.fit import Floats
from rolloutsim.calibration.parameters import Kind, Parameter
from rolloutsim.calibration.replay import Replay

_ALONG = 0.1  # of the least singular value to the largest: numbers that only their product tells (assumed)
_SHARE = 0.3  # of a direction, that a number has to be named (assumed)
_APART = 0.1  # of a logarithm (assumed)
_FELT = 0.05  # of a derivative: a number that ten per cent of moves a duration by half a per cent (assumed)


def untold(
    replay: Replay, parameters: Sequence[Parameter], fitted: Sequence[int], jacobian: Floats, ways: Sequence[Floats]
) -> Iterator[str]:
    """Sentences of what the data cannot tell.

    Parameters
    ----------
    replay : Replay
        The pulls.
    parameters : sequence of Parameter
        Those that may be fitted.
    fitted : sequence of int
        Those that were.
    jacobian : array, shape (pulls, parameters)
        Derivatives of logarithms of durations.
    ways : sequence of array
        Logarithms of the numbers of fits that are nearly as likely.
    """
    said: set[Kind] = set()
    differ = np.ptp(np.array(ways), axis=0) > _APART
    for along in [*_directions(jacobian), *([tuple(np.flatnonzero(differ).tolist())] if differ.sum() > 1 else [])]:
        kinds = [parameters[one].kind for one in along]
        if not set(kinds) <= said:
            said |= set(kinds)
            yield f"{_all(parameters, along)} cannot be told apart: {_why(replay)}; {_tells(replay, kinds)}"
    felt = np.abs(jacobian).max(axis=0, initial=0.0)
    for number, one in enumerate(parameters):
        if number in fitted or one.kind in said:
            continue
        if felt[number] < _FELT:
            yield f"{one.key} cannot be told: these pulls take as long whatever it is; {_tells(replay, [one.kind])}"
        else:
            yield (
                f"{one.key} cannot be told: pulls differ by more than it changes them; more pulls, or "
                f"{_tells(replay, [one.kind]).removeprefix('what would tell: ')}, would tell"
            )


def _directions(jacobian: Floats) -> Iterator[tuple[int, ...]]:
    """Numbers of which a change of several together changes no duration."""
    length = np.sqrt((jacobian**2).mean(axis=0)) if len(jacobian) else np.zeros(jacobian.shape[1])
    felt = np.flatnonzero(length > _FELT)
    if len(felt) < 2:
        return
    _, values, ways = np.linalg.svd(jacobian[:, felt] / np.linalg.norm(jacobian[:, felt], axis=0), full_matrices=True)
    for place, way in enumerate(ways):
        if place >= len(values) or values[place] < _ALONG * values[0]:
            yield tuple(int(felt[one]) for one in np.flatnonzero(np.abs(way) > _SHARE))


def _why(replay: Replay) -> str:
    pulls, bursts = replay.pulls, replay.bursts
    images, nodes = len({one.image for one in pulls}), len({one.node for one in pulls})
    most = max((len(burst.pulls) for burst in bursts), default=0)
    groups = len({one.group for one in pulls})
    of = "one image" if images == 1 else f"{images} images"
    on = "one node" if nodes == 1 else f"{nodes} {'equal nodes' if groups == 1 else f'nodes of {groups} groups'}"
    at = "one at a time" if most == 1 else f"up to {most} at a time"
    return f"all pulls are of {of} on {on}, {at}"


def _tells(replay: Replay, kinds: Sequence[Kind]) -> str:
    """Which measurement would tell."""
    images = {one.image for one in replay.pulls}
    most = max((len(burst.pulls) for burst in replay.bursts), default=0)
    ways = []
    if "uplink" in kinds:
        ways.append("many nodes at once" if most == 1 else f"more than {most} nodes at once, and a pull on one alone")
    if "connection" in kinds:
        ways.append("an image of one large layer and one of several")
    if "fixed" in kinds:
        ways.append("a very small image and a large one" if len(images) < 3 else "pulls of a very small image")
    if {"unpack", "disk"} & set(kinds):
        ways.append("images that compress differently, or nodes with another disk")
    if "nic" in kinds and "uplink" not in kinds:
        ways.append("nodes with another NIC, or iperf3 between a node and the registry")
    return f"what would tell: {'; '.join(dict.fromkeys(ways))}"


def _all(parameters: Sequence[Parameter], numbers: Sequence[int]) -> str:
    words = list(dict.fromkeys(f"{parameters[one].bounds.says} ({parameters[one].key})" for one in numbers))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
