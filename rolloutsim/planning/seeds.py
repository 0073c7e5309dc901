"""The seeds of replications.

Replication 0 has the seed that was asked for, so that one replication is the run itself; the others take theirs
from one `numpy.random.SeedSequence`, whose children are independent of each other (O'Neill's seed sequences; NumPy
reference, "Parallel random number generation"). Replication i has the same seed whatever their number, and in every
scenario: compared ones see the same random numbers.
"""

from __future__ import annotations

import numpy as np


def seeds(seed: int, count: int) -> tuple[int, ...]:
    """The seeds of so many replications, each 0 to 2^63 - 1; the first is `seed`."""
    children = np.random.SeedSequence(seed).spawn(max(count - 1, 0))
    return seed, *(int(child.generate_state(1, np.uint64)[0]) >> 1 for child in children)
