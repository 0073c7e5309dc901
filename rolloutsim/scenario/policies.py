"""Kubernetes' pull policy of an image where its workload says none, and why it is that one.

References
----------
kubernetes/api `core/v1/types.go` L3294: always for the tag latest, or no tag; else if it is not present.
distribution/reference `normalize.go` splitDockerDomain: what stands before the first slash is a registry if it has a
dot or a colon, or is localhost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.scenario.orchestration import PullPolicy


def pull_policy(image: str) -> tuple[PullPolicy, str]:
    """The policy of an image by its name, and the reason.

    A name with neither a registry nor a tag is what the scenario calls an image, and says nothing about its tag.
    """
    if "@" in image:
        return "if_not_present", "it has a digest"
    tag = _tag(image)
    if tag:
        return ("always", "tag latest") if tag == "latest" else ("if_not_present", "a tag that is not latest")
    if _has_registry(image):
        return "always", "no tag, which is latest"
    return "if_not_present", "neither registry nor tag: a name that says nothing of latest"


def has_tag(image: str) -> bool:
    """Whether a name says which version of an image it is, by a tag or a digest."""
    return "@" in image or bool(_tag(image))


def repository(image: str) -> str:
    """The repository of an image by its name: what stands before its tag and digest."""
    name = image.partition("@")[0]
    tag = _tag(name)
    return name.removesuffix(f":{tag}") if tag else name


def _tag(image: str) -> str:
    return image.rsplit("/", 1)[-1].partition(":")[2]


def _has_registry(image: str) -> bool:
    registry, slash, _ = image.partition("/")
    return bool(slash) and ("." in registry or ":" in registry or registry == "localhost")
