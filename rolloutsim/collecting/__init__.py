"""From a finished case to its records.

- `cases`: the ledgers' columns as arrays, and what has to be worked out.
- `background`: what happened to other applications.
"""

from rolloutsim.collecting.cases import collect as collect
from rolloutsim.collecting.cases import with_last_bytes as with_last_bytes
from rolloutsim.collecting.cases import with_times_alone as with_times_alone
