"""Which pull policy an image has where its workload says none, and that it is said."""

from __future__ import annotations

import pytest

from rolloutsim.scenario import loads
from rolloutsim.scenario.policies import pull_policy
from rolloutsim.scenario.settings import settings

SCENARIO = """
rolloutsim: 1
nodes: 4
network: 1 Gbit/s
images: {{"{image}": 10 MB}}
workloads: {{app: {{images: "{image}", replicas: {replicas}{more}}}}}
"""


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        # kubernetes/api core/v1/types.go: always for the tag latest, or none.
        ("api:latest", "always"),
        ("registry.example/team/api", "always"),
        ("registry:5000/api", "always"),
        ("localhost/api", "always"),
        ("localhost:5000/api:latest", "always"),
        ("api:1.2", "if_not_present"),
        ("registry:5000/api:1.2", "if_not_present"),
        ("registry.example/api@sha256:abc", "if_not_present"),
        ("api:latest@sha256:abc", "if_not_present"),
        # Names of the scenario's own.
        ("api", "if_not_present"),
        ("team/api", "if_not_present"),
    ],
)
def test_only_a_reference_with_a_registry_or_a_tag_has_kubernetes_rule(image: str, policy: str) -> None:
    assert pull_policy(image)[0] == policy


@pytest.mark.parametrize(
    ("image", "replicas", "more", "note"),
    [
        ("api", 8, "", "does not ask the registry (pull_policy: if_not_present; neither registry nor tag: a name that "
         "says nothing of latest)."),
        ("api:latest", 8, "", "asks the registry all the same (pull_policy: always; tag latest)."),
        ("api:1", 8, "", ""),
        ("api", 4, "", ""),
        ("api", 8, ", pull_policy: always", ""),
    ],
)  # fmt: skip
def test_the_policy_that_was_taken_is_said_where_it_may_matter(image: str, replicas: int, more: str, note: str) -> None:
    scenario = loads(SCENARIO.format(image=image, replicas=replicas, more=more)).resolve()
    said = [one for one in scenario.notes if "pull_policy" in one]
    assert said == ([f"A pod that starts where its node holds {image} {note}"] if note else [])


def test_show_says_the_policy_of_the_workloads_images_and_why() -> None:
    text = SCENARIO.format(image="api", replicas=8, more="")
    (found,) = [one for one in settings(loads(text).resolve()) if one.key == "workloads.app.pull_policy"]
    assert (found.value, found.given) == ("if_not_present", False)
    assert found.source == "api: neither registry nor tag: a name that says nothing of latest"
