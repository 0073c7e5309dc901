"""What Python and Jupyter see: a scenario that can be run (`scenarios`), and its result (`result`).

Nothing here prints, and nothing is computed before it is asked for. The names are imported by `rolloutsim`.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.api import plotting, result
else:
    __getattr__ = front(__name__)
