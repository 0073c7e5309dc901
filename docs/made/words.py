"""Words of Kubernetes and of other programs, and machines of clouds, as the format knows them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import rolloutsim.scenario.presets as machines
from docs.made.commands import plain
from rolloutsim.scenario.foreign import words


def lines() -> Iterator[str]:
    """A table of foreign words: the keys that mean the same here, or what is not simulated."""
    yield from ("| word | here | mind |", "|---|---|---|")
    for word, known in sorted(words()):
        keys = ", ".join(f"`{key}`" for key in known.keys)
        if known.absent:
            keys = f"not simulated{f'; nearest: {keys}' if keys else ''}"
        yield f"| `{word}` | {keys} | {plain(known.means or known.absent)} |"


def presets() -> Iterator[str]:
    """A table of instance types."""
    file = Path(machines.__file__).with_name("presets.csv")
    yield from ("| `preset` | vCPUs | memory | NIC | what it moves to disks | volume |", "|---|--:|--:|--:|--:|---|")
    with file.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            moves = f"{row['disk_mb_s']} MB/s" if row["disk_mb_s"] else ""
            yield (
                f"| `{row['type']}` | {row['vcpus']} | {row['memory_gib']} GiB | {row['nic_gbit_s']} Gbit/s | "
                f"{moves} | {row['volume']} |"
            )
