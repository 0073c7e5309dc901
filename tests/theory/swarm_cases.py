"""Swarms to hold the model against: random ones played by the oracle, an independent simulator's, measured ones.

The outcomes of the random ones are kept, since all together take minutes: `python -m tests.theory.swarm_cases` plays
them anew and writes the file. The first 150 were looked at while `KRAKEN`'s mechanisms were chosen, and most of them
are in its fit; the last 60 were played afterwards, and only counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import ceil, exp, log
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

from rolloutsim.scenario.swarms import BITTORRENT, SwarmProfile
from tests.oracle.swarm import Rules, Swarm, simulate

DATA = Path(__file__).parents[1] / "data"
PIECE = 4194304.0  # Kraken's [bytes]
PAYLOAD = 1448 / 1514  # of what a rate of the measured links counts
SEEN = (*range(700, 730), *range(800, 860), *range(900, 960))
CHECKED = range(1000, 1060)
KRAKENS = Rules()
PLAYS = 3  # of a swarm, with different numbers; the median of each figure counts


@dataclass(frozen=True)
class Case:
    """A swarm, and what is true of it."""

    name: str
    swarm: Swarm
    mean: float
    makespan: float
    copies: float
    rules: Rules = KRAKENS


def draw(number: int) -> dict[str, Any]:
    """What a random swarm is like."""
    random = Random(f"swarm {number}")

    def between(low: float, high: float) -> float:
        return exp(random.uniform(log(low), log(high)))

    members, pieces, ratio = round(between(5, 300)), round(between(8, 500)), round(between(0.5, 10), 2)
    seeds = random.choice([2, 2, 3, 3, 4, 5, 6, 8])
    seed = random.choice([1.0, 1.0, 0.5, 2.0, 4.0])  # a seed's uplink, in members'
    spread = random.choice([0, 0, 0.25, 0.5, 1.0, 2.0])  # of the starts, in times that a member alone takes
    slow = random.choice([1, 1, 2, 4, 8])  # by which some members' links are slower
    part = random.choice([0.25, 0.5, 0.75])
    alone = round(between(30, 120), 1)  # what a member alone takes [s]
    return {
        "number": number, "alone": alone, "members": members, "pieces": pieces, "ratio": ratio, "seeds": seeds,
        "seed": seed, "spread": spread, "slow": slow, "part": part if slow > 1 else 0,
    }  # fmt: skip


def swarm_of(case: dict[str, Any]) -> Swarm:
    """The swarm."""
    random = Random(f"members {case['number']}")
    members = case["members"]
    some = round(members * case["part"])
    links = [1 / case["slow"]] * some + [1.0] * (members - some)
    down = case["pieces"] * PIECE / case["alone"]
    starts = [0.0] * members
    if case["spread"]:
        starts = sorted(random.uniform(0, case["spread"] * case["alone"]) for _ in range(members))
        starts = [start - starts[0] for start in starts]
    random.shuffle(links)
    return Swarm(
        case["pieces"],
        PIECE,
        [case["seed"] * case["ratio"] * down] * case["seeds"],
        [down * link for link in links],
        [down * case["ratio"] * link for link in links],
        starts,
    )


def played(number: int) -> dict[str, Any]:
    """A random swarm with the outcome of the oracle."""
    case = draw(number)
    outcomes = [simulate(swarm_of(case), seed) for seed in range(PLAYS)]
    return case | {
        "mean": median(one.mean for one in outcomes),
        "makespan": median(one.makespan for one in outcomes),
        "copies": median(one.seed_copies for one in outcomes),
    }


def random_cases(numbers: Collection[int]) -> list[Case]:
    """Random swarms with the outcomes that are kept."""
    kept = [json.loads(line) for line in (DATA / "swarms" / "oracle.jsonl").read_text().splitlines()]
    return [
        Case(f"{case['number']}", swarm_of(case), case["mean"], case["makespan"], case["copies"])
        for case in kept
        if case["number"] in numbers
    ]


def reference_cases() -> list[Case]:
    """The runs of an independent piece-level simulator."""
    cases = []
    for line in (DATA / "reference" / "swarm.jsonl").read_text().splitlines():
        run = json.loads(line)
        given, found = run["input"], run["output"]
        members, seeds, pieces = int(given["N"]), int(given["S"]), int(given["M"])
        dag = given.get("topo") == "dag"
        name = (
            f"{'dag-' * dag}{given['disc']}-{members}-{pieces}-{given['U'] / given['D']:g}-{given['US'] / given['D']:g}"
        )
        cases.append(
            Case(
                name,
                Swarm(
                    pieces, given["P"], [given["US"]] * seeds, [given["D"]] * members, [given["U"]] * members,
                    [0.0] * members,
                ),
                found["mean"],
                found["makespan"],
                found["seedGB"] * 1e9 / pieces / given["P"],
                Rules("dag" if dag else "graph", "fifo" if given["disc"] == "fifo" else "shares"),
            )
        )  # fmt: skip
    return cases


def measured_cases() -> list[tuple[Case, bool, SwarmProfile]]:
    """Swarms of real BitTorrent clients, whether they are the well reproducible ones, and the profile."""
    cases = []
    for run in json.loads((DATA / "swarms" / "measured.json").read_text()):
        down = _rates(run["node_mbit_per_s"], run["download_cap_mbit_per_s"])
        up = _rates(run["node_up_mbit_per_s"], run["upload_cap_mbit_per_s"])
        pieces = ceil(run["file_bytes"] / run["piece_bytes"])
        swarm = Swarm(
            pieces,
            run["file_bytes"] / pieces,
            _rates([run["registry_mbit_per_s"]], None),
            down,
            up,
            run["start_offsets_s"],
        )
        runs = run["runs"]
        case = Case(
            run["name"],
            swarm,
            median(mean(one["node_s"]) for one in runs),
            median(one["rollout_s"] for one in runs),
            median(one["seed_payload_up"] for one in runs) / run["file_bytes"],
        )
        cases.append((case, run["core"], connected(BITTORRENT, run["connections"], run["seed_connections"])))
    return cases


def connected(profile: SwarmProfile, connections: int, seed_connections: int) -> SwarmProfile:
    """The same with other limits of connections."""
    values = {name: getattr(profile, name) for name in SwarmProfile.__dataclass_fields__}
    return SwarmProfile(**values | {"connections": connections, "seed_connections": seed_connections})


def _rates(mbit: list[float], cap: float | None) -> list[float]:
    return [min(rate * PAYLOAD, rate if cap is None else cap) * 125e3 for rate in mbit]


def main() -> None:
    """Play all random swarms, and keep the outcomes."""
    with ProcessPoolExecutor() as pool, (DATA / "swarms" / "oracle.jsonl").open("w") as file:
        for case in pool.map(played, [*SEEN, *CHECKED]):
            file.write(json.dumps(case) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
