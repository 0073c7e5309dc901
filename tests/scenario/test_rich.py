"""One scenario that uses nearly every part of the format, in the words that the documentation fixes."""

from __future__ import annotations

from pathlib import Path

from rolloutsim.scenario import Scenario, load
from rolloutsim.scenario.orchestration import Amount

RICH = Path(__file__).parents[1] / "data" / "rich.yaml"


def test_the_rich_example_resolves_whole() -> None:
    scenario = load(RICH)
    resolved = scenario.resolve()
    (case,) = resolved.cases
    api, agent = case.workloads
    assert (api.strategy.name, api.strategy.max_surge, api.strategy.max_unavailable) == (
        "rolling", Amount(share=0.25), Amount(share=0.1),
    )  # fmt: skip
    assert (agent.strategy.name, agent.strategy.max_surge, agent.strategy.max_unavailable) == (
        "daemonset", Amount(count=0), Amount(count=1),
    )  # fmt: skip
    assert (api.replicas, agent.replicas, resolved.replications) == (400, 200, 30)
    assert [fault.kind for fault in resolved.faults] == ["node", "registry"]
    assert [flow.request is not None for flow in resolved.background] == [False, True]
    assert resolved.links["wan"].buffer == 0.02
    assert scenario.varied is not None
    assert dict(scenario.varied.parameters) == {"network.links.wan.capacity": ("1 Gbit/s", "2 Gbit/s", "10 Gbit/s")}
    assert Scenario(**scenario.model_dump(mode="json", exclude_unset=True, by_alias=True)).resolve() == resolved
