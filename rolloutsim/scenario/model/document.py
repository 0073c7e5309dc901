"""The whole of a scenario file."""

from typing import Annotated, Any, get_args

from rolloutsim.scenario.fields import Version, Whole, Word, key
from rolloutsim.scenario.model.caches import Cache, Mirror
from rolloutsim.scenario.model.calibrated import CalibratedSpec
from rolloutsim.scenario.model.images import Image
from rolloutsim.scenario.model.kinds import Also, Lines, Name, Spec, Words, ruled, without
from rolloutsim.scenario.model.network import Network, NetworkSpec
from rolloutsim.scenario.model.nodes import Groups
from rolloutsim.scenario.model.peers import PeersSpec
from rolloutsim.scenario.model.planning import MOST_REPLICATIONS, Conditions, Overrides, Sweep
from rolloutsim.scenario.model.registries import Registry
from rolloutsim.scenario.model.rollout import (
    ControllerManager,
    ControllerManagerSpec,
    PrepullSpec,
    Rollout,
    RolloutSpec,
    WorkloadSpec,
)
from rolloutsim.scenario.model.traffic import BackgroundSpec, FailureSpec, PricesSpec, PushSpec
from rolloutsim.scenario.resolved import LARGEST_SEED, Model


class Document(Spec):
    """A scenario file."""

    model_config = ruled(without("registry", "registries"), without("push", "pushes"))

    rolloutsim: Annotated[int, Version(1)] = key(
        1, description="format version; the first line of every scenario", source="the format's first version"
    )
    name: Words | None = key(None, shown="unnamed scenario", description="title of the scenario")
    description: Lines | None = key(None, description="the question that it asks")
    model: Annotated[Model, Word(get_args(Model))] = key(
        "real",
        description="ideal: only bandwidth sharing, layer slots and caches, and what controllers, kubelets, rate "
        "limits and failures do; no protocol overhead, latency, queues, uneven sharing, windows, time for requests, "
        "cold objects, disk, unpacking, start-up, controller overhead, or limit on connections or on controllers' "
        "calls",
        source="assumed",
    )
    seed: Annotated[int, Whole(0, LARGEST_SEED)] = key(1, description="of all random numbers", source="assumed")
    replications: Annotated[int, Whole(1, MOST_REPLICATIONS)] = key(
        1, unit="runs", description="runs with independent random numbers; several give intervals", source="assumed"
    )
    nodes: Groups = key(name="group", min_length=1, description="the nodes that pull, in groups by name")
    network: Network = key(NetworkSpec(), description="the network between registries and nodes", shown="no rate")
    registry: Registry | None = key(
        None, description="the only registry, named registry", shown="one with all defaults"
    )
    registries: dict[Name, Registry] | None = key(
        None, name="registry", min_length=1, description="registries, by name"
    )
    mirrors: dict[Name, Mirror] = key(
        {}, name="mirror", description="registries that have what was copied to them, by name; see nodes.<group>.hosts"
    )
    caches: dict[Name, Cache] = key(
        {}, name="cache", description="pull-through caches, by name; see nodes.<group>.hosts"
    )
    peers: dict[Name, PeersSpec] = key(
        {}, name="peers", description="nodes that hand layers to one another, by name; see nodes.<group>.hosts"
    )
    images: dict[Words, Image] = key(name="image", min_length=1, description="images, by name")
    workloads: dict[Words, WorkloadSpec] | None = key(
        None, name="workload", min_length=1,
        description="pods that roll out together, by name; without any, each image is a case of its own",
    )  # fmt: skip
    rollout: Rollout = key(RolloutSpec(), description="who pulls when", shown="all_at_once")
    controller_manager: ControllerManager = key(
        ControllerManagerSpec(), shown="{qps: 20, burst: 30}", source="those of its keys",
        description="how often the controllers of workloads may call the API server; unlimited in the ideal model",
    )  # fmt: skip
    push: PushSpec | None = key(None, description="images that are uploaded before the rollout, or meanwhile")
    pushes: dict[Name, Annotated[PushSpec, Also(properties={"from": False})]] | None = key(
        None, name="pusher", min_length=1,
        description="several pushes, by the name of what pushes, in place of push",
    )  # fmt: skip
    prepulls: dict[Name, PrepullSpec] = key(
        {}, name="prepull", description="images that nodes pull before the rollout, by the name of what pulls them"
    )
    background: dict[Name, BackgroundSpec] = key({}, name="flow", description="traffic of other applications, by name")
    failures: dict[Name, FailureSpec] = key({}, name="failure", description="what goes wrong, by name")
    prices: PricesSpec = key(PricesSpec(), description="what storage costs", shown="none")
    calibrated: dict[Words, CalibratedSpec] = key(
        {}, name="number",
        description="which numbers were fitted to pulls that somebody saw, as rolloutsim calibrate writes it: path of "
        "the key → how well it is known; it changes no simulation",
    )  # fmt: skip
    assumed: dict[Words, Words] = key(
        {}, name="key",
        description="which of its values nobody measured, as rolloutsim import writes it: path of the key, as --set "
        "takes it → why it is what it is; it changes no simulation, and reports tell of it",
    )  # fmt: skip
    thresholds: dict[str, Conditions] = key(
        {}, name="metric", description="conditions on metrics; a miss ends the run with exit code 3"
    )
    # In Python `scenario.sweep` is the call.
    varied: Sweep | None = key(
        None, alias="sweep", description="what `rolloutsim sweep` varies; a single run leaves it alone"
    )
    variants: dict[Name, Annotated[Any, Overrides()]] = key(
        {}, name="variant",
        description="what to set side by side: name → keys, as --set takes them, with their values (null takes a key "
        "away); {} is the file itself; the first is what the others are compared with, one alone is compared with the "
        "file itself",
    )  # fmt: skip
