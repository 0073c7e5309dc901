"""Defaults of how queues fill and how TCP shares, in one place, each with its source.

"Measured" stands for pulls from docker-registry over rate-limited links of one Linux machine, as in
`rolloutsim.scenario.profiles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rolloutsim.scenario.profiles import Default
from rolloutsim.scenario.resolved import Fairness

CongestionControl = Literal["cubic", "bbr"]

BUFFER = Default(0.0, "0 s (queues are left out)", "assumed: buffers differ too much to have a default")
QUEUE = Default("drop_tail", "drop_tail", "assumed: what switches do that are not told otherwise")
CONGESTION_CONTROL = Default("cubic", "cubic", "Linux: net/ipv4/Kconfig DEFAULT_TCP_CONG")

# Sigma of the lognormal weights whose shares have the measured coefficients of variation c: sqrt(ln(1 + c^2)).
_SIGMA: Mapping[CongestionControl, float] = {"cubic": 0.41, "bbr": 0.70}
SIGMA = Default(
    _SIGMA,
    "0.41 (cubic), 0.70 (bbr)",
    "measured: coefficient of variation of the shares of equal pulls 0.3 to 0.55 with cubic, 0.6 to 1.0 with bbr; "
    "sigma = sqrt(ln(1 + c^2)) at the middles, c = 0.425 and 0.80",
)
MEMORY = Default(float("inf"), "unlimited", "assumed: a connection keeps its weight for its life")
CONQUEST = Default(
    True,
    "true",
    "measured with cubic: a new connection needs (0.3 W / 0.4)^(1/3) s, W in packets, to win its share; RFC 9438",
)


def fairness(
    congestion_control: CongestionControl, sigma: float | None, memory: float | None, conquest: bool | None
) -> Fairness:
    """The fairness that a scenario means: what it leaves out is as measured for the congestion control."""
    return Fairness(
        sigma=_SIGMA[congestion_control] if sigma is None else sigma,
        memory=MEMORY.value if memory is None else memory,
        conquest=CONQUEST.value if conquest is None else conquest,
    )
