"""Changes that could make a rollout faster, each as overrides of the scenario in the words of `--set`.

- `situation`: what is known about a case, and what a change is.
- `speeds`: links, NICs, disks and cores at twice their speed and at standard speeds, alone and where they tie together.
- `nodes`, `registries`, `rollouts`, `images`: everything else, by the part of the scenario that it changes.

`candidates` gathers them; `rolloutsim.planning.what_if` tries them.
"""

from rolloutsim.planning.changes.candidates import candidates as candidates
from rolloutsim.planning.changes.situation import Candidate as Candidate
