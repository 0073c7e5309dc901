"""Why a rollout took as long as it did.

- `words`: the bottleneck in a few sentences, and which nodes are last
- `critical`: what the last pod waited for, back to the rollout's start: the causes of a case's rollout time
- `bottlenecks`: what the pulls of a case waited for, links that act as one together
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results.why import critical
else:
    __getattr__ = front(__name__)
