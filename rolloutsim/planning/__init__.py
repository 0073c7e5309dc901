"""Questions that take more than one run to answer.

`replicate` (the same again with other seeds), `compare` (which is faster, and surely so; `compare_tables` shows it,
`moved` what changed from one run to the next), `sweep` (at many points), `solve` (what does it take), `cheapest`
(what to buy; `cheapest_tables` shows it), `what_if` (what would have been faster, or would meet `targets`; `tried`
shows it), `sensitivity` (which input matters most); `contract`: the JSON Schema of all that is written as JSON.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.planning import (
        cheapest,
        cheapest_tables,
        compare,
        compare_tables,
        contract,
        differences,
        jobs,
        moved,
        replicate,
        sensitivity,
        solve,
        sweep,
        targets,
        trials,
        tried,
        what_if,
    )
else:
    __getattr__ = front(__name__)
