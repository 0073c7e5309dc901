"""Commented scenarios to start from."""

from __future__ import annotations

from importlib.resources import files

from rolloutsim.errors import UsageError
from rolloutsim.scenario.hints import did_you_mean, listing

TEMPLATES = {
    "20nodes": "20 nodes pull four images through one registry uplink",
    "racks": "200 nodes in racks with oversubscribed uplinks",
    "two-registries": "a near and a far registry, the far one behind a slow line",
    "kubernetes": "a Deployment and a DaemonSet, kubelets, rate limits, a push, failures",
    "real": "every default written out: client, disk, unpacking, requests",
}


def template(name: str = "20nodes") -> str:
    """The text of a template.

    Raises
    ------
    UsageError
        If there is no template of that name.
    """
    if name not in TEMPLATES:
        help = did_you_mean(name, TEMPLATES)
        raise UsageError(f"no template is named '{name}'; known: {listing(TEMPLATES)}" + (f"; {help}" if help else ""))
    return files(__name__).joinpath(f"{name}.yaml").read_text("utf-8")
