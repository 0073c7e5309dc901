"""The parts of the JSON contract, which `rolloutsim.results.document` describes and puts together.

- `case`: the object of a case, with what only some have
- `columns`: one row a node, pull, layer or pod, also for DataFrames
- `schema`: which keys stand where, with what; `shapes` makes a JSON Schema of it
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results.contract import columns
else:
    __getattr__ = front(__name__)
