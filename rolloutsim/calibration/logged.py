"""Pulls of which nothing is known but what a registry logged: their network part, from the first request to the last.

A registry does not say of which pull a request was. Requests of a client that follow one another are taken for a pull
where they are of all layers of one image and of nothing else, each once; everything else is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rolloutsim.calibration.parameters import Parameter
from rolloutsim.calibration.requests import BUFFER, OfLayer, of_layers
from rolloutsim.errors import UsageError
from rolloutsim.imports.observed import Observed, ObservedPull, ObservedRequest
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario.resolved import Image, ResolvedScenario
from rolloutsim.structs import struct

_KINDS = ("uplink", "nic", "connection", "disk")  # of numbers that the network's part of a pull may hang on
_GAP = 2.0  # [s] without a request after which a client begins another pull (assumed)
_SMALLEST = 20 * BUFFER  # of an image: the end of its last request is known to 5 % (BUFFER says why)
NOTE = (
    "no events were given: a pull is taken to be the requests of a client for all layers of an image, from the first "
    "request to the end of the last (up to 4 MiB may be on their way then); unpacking and fixed times are not in it, "
    "and not fitted: kubectl get events -A -o json has them"
)
_NONE = 1e-3  # [s] of a pull that fetches nothing by the scenario (assumed: no pull that was logged is as short)


@struct
class Logged:
    """Pulls, and why requests are of none.

    Parameters
    ----------
    pulls : list of ObservedPull
        As if they were seen; their node is the client's address.
    left_out : dict of str to int
        Why requests are of none of them, and how many.
    """

    pulls: list[ObservedPull]
    left_out: dict[str, int]


def logged(requests: Sequence[ObservedRequest], scenario: ResolvedScenario) -> Logged:
    """Find pulls in what a registry logged.

    Parameters
    ----------
    requests : sequence of ObservedRequest
        Of blobs, answered in full.
    scenario : ResolvedScenario
        Whose images they may be of.
    """
    timed = [one for one in requests if one.duration is not None and one.ended is not None and one.client]
    found, strange = of_layers(timed, list(scenario.images.values()))
    left_out = Counter({
        "requests without a duration, a time or a client": len(requests) - len(timed),
        "requests of blobs that no image of the scenario has, or more than one by size": strange,
    })  # fmt: skip
    whole: dict[frozenset[str], list[Image]] = {}
    for image in scenario.images.values():
        whole.setdefault(frozenset(layer.digest for layer in image.layers), []).append(image)
    pulls = []
    had: dict[str, set[str]] = {}
    for client, together in _together(found):
        digests = {one.layer for one in together}
        images = whole.get(frozenset(digests), [])
        before = had.setdefault(client, set())
        if len(images) != 1 or len(together) != len(digests) or before & digests:
            left_out["requests that are not of all layers of one image, each once, and for the first time"] += len(
                together
            )
        elif images[0].compressed < _SMALLEST:
            left_out["requests of images so small that they are done when they are in a socket's buffer"] += len(
                together
            )
        else:
            pulls.append(_pull(client, images[0], together))
        before |= digests
    return Logged(pulls, dict(+left_out))


def as_pulls(observed: Observed, scenario: ResolvedScenario) -> Observed:
    """What was seen, with pulls made of what a registry logged; histograms are of whole pulls, and so left out.

    Parameters
    ----------
    observed : Observed
        What was seen, requests but no pulls.
    scenario : ResolvedScenario
        Whose images they may be of.
    """
    found = logged(observed.requests, scenario)
    more = Counter({"histograms of metrics, which count unpacking as well": len(observed.histograms)})
    return replace(
        observed, pulls=found.pulls, requests=[], histograms={}, notes=[*observed.notes, NOTE],
        left_out=dict(Counter(observed.left_out) + Counter(found.left_out) + more),
    )  # fmt: skip


def of_network(parameters: Sequence[Parameter]) -> list[Parameter]:
    """The numbers that the network's part of pulls may hang on.

    Parameters
    ----------
    parameters : sequence of Parameter
        All of them.

    Raises
    ------
    UsageError
        If another one is asked for.
    """
    for one in parameters:
        if one.kind not in _KINDS and one.is_asked_for:
            raise UsageError(
                f"--fit {one.key}: a registry's log does not tell {one.bounds.says}; give events beside it: "
                "kubectl get events -A -o json"
            )
    return [one for one in parameters if one.kind in _KINDS]


def time_on_network(case: CaseRecords, row: int) -> float:
    """From a pull's first request of a layer to its last byte of one, by a simulation [s]."""
    own = np.flatnonzero(case.fetches.pull == row)
    if not len(own):
        return _NONE
    return float(np.max(case.fetches.fetched[own]) - np.min(case.fetches.connected[own]))


def _together(found: Sequence[OfLayer]) -> Iterator[tuple[str, list[OfLayer]]]:
    """Requests of a client that follow one another."""
    by_client: dict[str, list[tuple[float, float, OfLayer]]] = {}
    for one in found:
        assert one.request.ended is not None
        assert one.request.duration is not None
        by_client.setdefault(one.request.client, []).append(
            (one.request.ended - one.request.duration, one.request.ended, one)
        )
    for client, every in by_client.items():
        every.sort(key=lambda one: one[:2])
        members: list[OfLayer] = []
        last = every[0][1]
        for start, end, one in every:
            if members and start > last + _GAP:
                yield client, members
                members = []
            members.append(one)
            last = max(last, end) if len(members) > 1 else end
        yield client, members


def _pull(client: str, image: Image, together: Sequence[OfLayer]) -> ObservedPull:
    ends = [one.request.ended or 0.0 for one in together]
    began = min(end - (one.request.duration or 0.0) for end, one in zip(ends, together, strict=True))
    return ObservedPull(
        image.name, client, None, began, max(ends), 0.0, max(ends) - began, 0.0, None, None, "registry log",
        together[0].request.place,
    )  # fmt: skip
