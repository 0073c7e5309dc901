"""An image that a DaemonSet has brought to all nodes before costs a Deployment nothing."""

from __future__ import annotations

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.metrics import summarise

SCENARIO = """
rolloutsim: 1
nodes: 20
network: 1 Gbit/s
images: {{"{image}": {{layers: [30 MB, 20 MB]}}}}
workloads:
  prepull: {{images: "{image}", daemonset: true, create: true}}
  app: {{images: "{image}", replicas: 40, {after}}}
"""


@pytest.mark.parametrize("image", ["app:1", "app", "reg.example/app", "app:latest"])
@pytest.mark.parametrize("after", ["start: 1h", "after: prepull"])
def test_the_bytes_of_a_deployment_whose_image_was_pulled_before_are_0(image: str, after: str) -> None:
    run = rs.loads(SCENARIO.format(image=image, after=after)).run().run
    case = run.cases[0]
    rollout = summarise(run).cases["all"].rollout
    assert rollout is not None
    prepull, app = rollout.workloads
    assert prepull.bytes_on_wire == pytest.approx(20 * 50e6)
    assert app.bytes_on_wire == 0.0
    # With the tag latest, or a registry's image without a tag, the registry is asked; else not even that.
    assert app.pulls == 0
    assert app.rechecks == (40 if image in ("reg.example/app", "app:latest") else 0)
    begun = float(case.pods.created[case.pods.workload == 1].min())
    assert np.all(case.fetches.granted < begun)
    assert app.start_s == begun
