"""Registries: their lines, replicas, limits, and where the bytes of layers come from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, get_args

from rolloutsim.scenario.fields import (
    END,
    Frequency,
    Often,
    Quantity,
    Short,
    Text,
    Whole,
    Word,
    fault,
    is_long,
    key,
    quoted,
    short,
)
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.model.kinds import (
    AnyRate,
    AnySize,
    ByteRate,
    LastingTime,
    Name,
    Names,
    OnOff,
    PositiveShare,
    Rate,
    Spec,
    Time,
    ruled,
    says,
    without,
)
from rolloutsim.scenario.resolved import Counted, LimitKind, Per

REGISTRY = "registry"  # the registry that `registry:` stands for, and the one of a scenario that names none

_OFTEN = Often("100/min")


class RateLimitSpec(Spec):
    """A rate limit of a registry: a token bucket or a fixed window; a request over it is answered with 429."""

    model_config = ruled(
        {
            "if": says("kind", "fixed_window"),
            "then": {"properties": {"burst": False}},
            "else": {"properties": {"resets_after": False}},
        }
    )

    rate: Annotated[Frequency, _OFTEN] = key(
        unit="so many in a time: 100/min, 100/6h, 50/s", description="how many it accepts in the long run"
    )
    kind: Annotated[LimitKind, Word(get_args(LimitKind))] = key(
        "token_bucket", source="quay conf/nginx/rate-limiting.conf.jnj: nginx limit_req, a leaky bucket with a burst",
        description="token_bucket: what is used comes back at the rate; fixed_window: all of it at once when a time of "
        "the rate is over, which services tell as a reset (GitHub REST API: x-ratelimit-reset)",
    )  # fmt: skip
    burst: Annotated[int, Whole(1, 1_000_000_000)] | None = key(
        None, unit="requests or pulls", shown="the number in the rate, at least 1",
        description="how many it accepts at once after a pause",
        source="assumed: a limit of 100 in 6 hours lets 100 through at once",
    )  # fmt: skip
    per: Annotated[Per, Word(get_args(Per))] = key(
        "account", source="Amazon ECR service quotas: per account",
        description="whether all nodes share the limit, or each client address has its own; nodes.<group>."
        "shared_address puts a group behind one address",
    )  # fmt: skip
    counts: Annotated[Counted, Word(get_args(Counted))] = key(
        "requests", source="assumed: hosted registries count every request; Docker Hub counts pulls",
        description="requests: every request; pulls: only the GET of a manifest, layers are free",
    )  # fmt: skip
    used: Annotated[int, Whole(0, 1_000_000_000)] = key(
        0, unit="requests or pulls", source="assumed: nobody asked before",
        description="how many of it are used up when the rollout starts; per address: of each address's",
    )  # fmt: skip
    resets_after: LastingTime | None = key(
        None, unit="time", shown="a whole window", source="assumed: the longest that it can take",
        description="fixed_window: when the window ends that runs as the rollout starts",
    )  # fmt: skip

    @property
    def most(self) -> float:
        """How many it accepts at once."""
        return float(self.burst) if self.burst is not None else max(1.0, self.rate.count)


_SHORT = short("rate", _OFTEN)


class _Connections(Text):
    """A number of connections from 2 on, which is a name in a map."""

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^(?=.{{1,100}}{END})0*([2-9]|[1-9][0-9]+){END}"}


def _one_limit(value: Any) -> Any:
    if isinstance(value, Mapping) and value and not value.keys() & RateLimitSpec.model_fields.keys():
        help = "several limits stand in 'rate_limits', by name"
        raise fault(f"a rate limit has any of the keys {listing(RateLimitSpec.model_fields)}", help)
    return _SHORT.expand(value)


RateLimit = Annotated[RateLimitSpec, replace(_SHORT, expand=_one_limit)]


class RedirectSpec(Spec):
    """Object storage that serves the bytes of layers in the registry's place."""

    via: Names = key((), description="shared links between the storage and the network's core, in order")
    connection_cap: AnyRate = key(
        85e6, unit="rate", shown="85 MB/s", description="largest rate of one connection, in payload",
        source="Amazon S3 user guide, optimizing-performance-design-patterns: 85 to 90 MB/s per request",
    )  # fmt: skip
    ttfb: Time = key(
        0.1, unit="time", shown="100 ms", description="the storage's time until the first byte of each answer",
        source="Amazon S3 user guide, optimizing-performance: roughly 100 to 200 ms; the lower end",
    )  # fmt: skip


def _redirect(value: Any) -> Any:
    """`true` as a map, `false` as none."""
    if isinstance(value, bool):
        return {} if value else None
    if value is None or is_long(value):
        return value
    raise fault(f"{quoted(value)} is not allowed here; allowed: true, false, or a map")


class FirstFetchSpec(Spec):
    """How a registry hands out a layer that nobody has read yet."""

    rate: Rate | None = key(
        None, unit="rate", shown="as all others",
        description="largest rate of one connection, in payload, until one reader has all of the layer",
    )  # fmt: skip
    time: Time = key(
        0.0, unit="time", shown="0 s", source="assumed",
        description="until the first byte, beside ttfb, of all who ask until one reader has all of the layer",
    )  # fmt: skip


class RegistrySpec(Spec):
    """A registry."""

    model_config = ruled(
        without("rate_limit", "rate_limits"),
        {
            "if": {"properties": {"redirect": {"not": {"const": False}}}, "required": ["redirect"]},
            "then": {"properties": {"efficiency_at": {"maxProperties": 0}}},
        },
    )

    uplink: AnyRate | None = key(
        None, unit="rate", shown="network.rate", description="line rate of the registry's own link, of each replica's"
    )
    via: Names = key((), description="shared links between the registry and the network's core, in order")
    storage: ByteRate = key(
        float("inf"), unit="rate", shown="unlimited",
        description="read rate of the registry's storage, which replicas share", source="assumed: layers come from "
        "memory",
    )  # fmt: skip
    max_connections: Annotated[float, Whole(0, 1_000_000, unlimited=True)] = key(
        float("inf"), unit="connections", shown="unlimited", source="assumed",
        description="layers that each replica serves at a time, others wait in line, as long as their nodes' timeouts "
        "allow; 0: none is ever served",
    )  # fmt: skip
    efficiency_at: dict[Annotated[str, _Connections(name=True)], PositiveShare] = key(
        {}, name="connections", shown="100% for any number",
        source="assumed: a curve is one's own measurement; in goharbor/harbor#20523 a registry's CPU is full at 1200 "
        "parallel pulls",
        description="share of its uplink that each replica fills with so many connections, {200: 90%, 1000: 60%}: "
        "straight lines from 100% at one connection on, and level after the last; alone_time leaves it out",
    )  # fmt: skip
    ttfb: Time = key(
        1e-3, unit="time", shown="1 ms", description="the server's time until the first byte of each answer",
        source="measured on docker-registry 2.8.2, data in page cache: 1 ms for each request of a plain HTTP client",
    )  # fmt: skip
    manifest_ttfb: Time | None = key(
        None, unit="time", shown="ttfb", source="assumed: as for any other request",
        description="the same for requests about manifests, three of a pull: HEAD tag, GET index, GET manifest "
        "(containerd core/remotes/docker); a database or a policy check makes them slow",
    )  # fmt: skip
    connection_cap: Rate | None = key(
        None, unit="rate", shown="none",
        description="largest rate of one connection, in payload (no protocol overhead is taken off)",
    )  # fmt: skip
    tcp_window: AnySize | None = key(
        None,
        unit="size",
        shown="network.tcp_window",
        description="the most that a connection to it has on its way",
    )
    first_fetch: Annotated[FirstFetchSpec, short("rate", Quantity("rate"))] | None = key(
        None, shown="as all others", source="assumed: no object is colder than others",
        description="cold objects, which storage behind the registry hands out slowly to the first readers of a layer; "
        "alone_time is that of a warm one",
    )  # fmt: skip
    tls: OnOff = key(False, description="one more round trip for each new connection", source="assumed")
    replicas: Annotated[int, Whole(1, 1000)] = key(
        1, source="assumed",
        description="servers behind a balancer that gives each new connection to the next; each has an uplink of its "
        "own, <registry>-0.uplink and so on",
    )  # fmt: skip
    rate_limit: RateLimit | None = key(
        None,
        shown="none",
        description="how often it may be asked; more is refused with 429; reads on demand of "
        "layers that are mounted by their indexes are no requests here: nothing counts them, nor holds them back",
    )
    rate_limits: dict[Name, RateLimit] | None = key(
        None, name="limit", min_length=1, description="several rate limits, by name; a request must pass all"
    )
    redirect: Annotated[
        RedirectSpec | None, Short(_redirect, "true or false", lambda long: [{"type": "boolean"}], off=False)
    ] = key(
        None, shown="false", source="assumed: a registry on its own disks",
        description="object storage from which the bytes of layers come; they do not cross the registry's uplink",
    )  # fmt: skip


Registry = Annotated[RegistrySpec, short("uplink", Quantity("rate", unlimited=True))]
