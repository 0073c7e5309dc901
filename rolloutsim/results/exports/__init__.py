"""A case for other tools: stages of KWOK and SimKube, metrics of Prometheus, spans of OpenTelemetry.

- `delays`: what each pod waited for its images
- `stages`: those as Stages, which KWOK plays
- `histograms`: the kubelet's metric of pulls
- `spans`: pulls and their layers as a trace of OTLP
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results.exports import delays, histograms, spans, stages
else:
    __getattr__ = front(__name__)
