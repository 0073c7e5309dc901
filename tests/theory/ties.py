"""Many random cases in which events tie, against exact arithmetic: `python -m tests.theory.ties --cases 100000`.

Each case is drawn from its number alone, so that one that fails can be played again: `--first 4711 --cases 1`.
"""

from __future__ import annotations

import argparse
import sys
from random import Random

from joblib import Parallel, delayed

from tests.theory import tying_networks, tying_scenarios
from tests.theory.peering_networks import peering_network

KINDS = ("networks", "peers", "scenarios", "uneven")


def differences(kind: str, number: int) -> list[str]:
    """What the engine says otherwise than exact arithmetic in one case; a defect that ends it counts as well."""
    try:
        return found(kind, Random(number))
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def found(kind: str, random: Random) -> list[str]:
    """What the engine says otherwise than exact arithmetic in a case that is drawn."""
    if kind == "networks":
        return tying_networks.differences(tying_networks.tying_network(random))
    if kind == "peers":
        return tying_networks.differences(peering_network(random))
    if kind == "uneven":
        return tying_scenarios.differences(tying_scenarios.uneven_scenario(random))
    return tying_scenarios.differences(tying_scenarios.tying_scenario(random))


def main() -> None:
    """Play cases on all cores, and print those that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, default="scenarios")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=-1)
    given = parser.parse_args()
    numbers = range(given.first, given.first + given.cases)
    played = Parallel(n_jobs=given.jobs)(delayed(differences)(given.kind, number) for number in numbers)
    different = [(number, words) for number, words in zip(numbers, played, strict=True) if words]
    for number, words in different:
        print(f"{given.kind} {number}: {'; '.join(words[:3])}")
    print(f"{len(different)} of {given.cases} {given.kind} differ from exact arithmetic")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
