"""Profiles of pull-through caches: what each product does with what it does not hold, with sources.

"Measured" stands for docker-registry 2.8.2 as a proxy, nginx and varnish on one Linux machine, with an upstream 40 ms
away that asks for a token.

Pinned sources: distribution 0d6b721, harbor c50c7dd, nexus-public aec50e4, zot 6d19b44, quay ffba0c7, nginx 3f6f782.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from rolloutsim.scenario.defaults import Default, by_value

_YES, _NO = "true", "false"
_PROXY = "distribution registry/proxy/"
_DIST_BLOBS = _PROXY + "proxyblobstore.go"
_DIST_TRIPS = "measured, an upstream that asks for a token: "
_HARBOR = "harbor src/controller/proxy/controller.go"
_NEXUS = "nexus-public ProxyFacetSupport.java"
_COOPERATION = "nexus-public CooperatingFuture.java"
_QUAY = "quay data/registry_model/registry_proxy_model.py"
_ZOT = "zot pkg/extensions/sync/on_demand.go"
_NGINX = "nginx src/http/ngx_http_file_cache.c"
_VARNISH = "varnish-cache doc/sphinx/users-guide: "
_ECR = "Amazon ECR user guide, pull-through cache rules"
_AS_DISTRIBUTION = "assumed: as distribution-2"


# Of the products whose rules nobody has looked up.
_RANGES = Default(False, _NO, "assumed: a range of a layer that it lacks is answered as such")


def _no_lock(source: str) -> dict[str, Default]:
    """What goes with a lock, where there is none."""
    return {
        "lock.timeout": Default(inf, "unlimited", source),
        "lock.age": Default(inf, "unlimited", source),
        "lock.poll": Default(0.0, "0 s", source),
    }


def _trips(tag: float, manifest: float, layer: float, source: str) -> dict[str, Default]:
    """Round trips to the upstream."""
    trips = {"tag": tag, "manifest": manifest, "layer": layer}
    return {f"upstream_round_trips.{key}": Default(value, f"{value:g}", source) for key, value in trips.items()}


_DISTRIBUTION_2: Mapping[str, Default] = {
    "coalesce": Default("none", "none", f"{_DIST_BLOBS}; measured: N nodes at once fetch N + 1 copies"),
    "serve": Default("streaming", "streaming", f"{_DIST_BLOBS}; measured"),
    "own_copy": Default(
        True, _YES, "measured: 2.00 copies for one node; distribution 2.8 registry/proxy/proxyblobstore.go: "
        "what is served is not stored, a second request to the upstream is",
    ),
    "whole_images": Default(False, _NO, f"{_PROXY}proxymanifeststore.go"),
    "ignores_ranges": Default(True, _YES, f"{_DIST_BLOBS}: what passes is written whole, with status 200"),
    **_no_lock("assumed: it has no lock"),
    "most_waiting": Default(inf, "unlimited", "assumed: nobody waits"),
    "store": Default(
        "repository", "repository", f"{_PROXY}proxyregistry.go: the blobs of the local repository; measured: layers "
        "that came through another repository are fetched again",
    ),
    "memory": Default("replica", "replica", f"{_PROXY}scheduler/scheduler.go: each process has its own"),
    "tag_check": Default(0.0, "always", f"{_PROXY}proxytagservice.go; measured: a HEAD for each pull of a tag"),
    "upstream_round_trips.tag": Default(3.0, "3", _DIST_TRIPS + "3 round trips for a tag that is there"),
    "upstream_round_trips.manifest": Default(
        9.0, "9", _DIST_TRIPS + "9 round trips for a tag that is not there"
    ),
    "upstream_round_trips.layer": Default(4.0, "4", _DIST_TRIPS + "4 round trips for a blob"),
    "serves_stale": Default(
        True, _YES, f"{_PROXY}proxytagservice.go: the local tag if the upstream fails; measured: no failure, no delay"
    ),
    "manifest_late": Default(0.0, "0 s", f"{_PROXY}proxymanifeststore.go: stored as it is served"),
    "ttl.time": Default(168 * 3600.0, "168h", f"{_PROXY}scheduler/scheduler.go, proxyregistry.go repositoryTTL"),
    "ttl.renewed": Default(False, _NO, f"{_PROXY}scheduler/scheduler.go: from the fill on"),
}  # fmt: skip

_DISTRIBUTION_3: Mapping[str, Default] = {
    **_DISTRIBUTION_2,
    "coalesce": Default(
        "none", "none", f"{_DIST_BLOBS}: the first miss fills the store; who asks meanwhile is served by a request of "
        "its own, which is not stored",
    ),
    "serve": Default("streaming", "streaming", f"{_DIST_BLOBS}: to the client and the store at once"),
    "own_copy": Default(False, _NO, f"{_DIST_BLOBS}: the first client's bytes are stored"),
    "store": Default("repository", "repository", f"{_PROXY}proxyregistry.go: the blobs of the local repository"),
    "tag_check": Default(0.0, "always", f"{_PROXY}proxytagservice.go"),
    **_trips(3, 9, 4, "assumed: as distribution-2, measured"),
    "serves_stale": Default(True, _YES, f"{_PROXY}proxytagservice.go: the local tag if the upstream fails"),
}  # fmt: skip

_HARBOR_PROXY: Mapping[str, Default] = {
    "coalesce": Default("none", "none", f"{_HARBOR}: each miss is a request of its own"),
    "serve": Default("streaming", "streaming", f"{_HARBOR}: a proxied reader"),
    "own_copy": Default(True, _YES, f"{_HARBOR}, inflight.go: one more request in the background, pushed into Harbor"),
    "whole_images": Default(False, _NO, _HARBOR),
    "ignores_ranges": Default(
        True, _YES, "harbor src/server/middleware/repoproxy/proxy.go: what passes is written whole, with status 200"
    ),
    **_no_lock("assumed: it has no lock"),
    "most_waiting": Default(inf, "unlimited", "assumed: nobody waits"),
    "store": Default("shared", "shared", "harbor src/controller/proxy/local.go: blobs of the project"),
    "memory": Default("replica", "replica", "harbor src/controller/proxy/inflight.go: in each core's memory"),
    "tag_check": Default(0.0, "always", f"{_HARBOR} UseLocalManifest: a HEAD upstream"),
    **_trips(3, 9, 4, _AS_DISTRIBUTION),
    "serves_stale": Default(True, _YES, f"{_HARBOR}: at 429 of the upstream the local copy; assumed: else, too"),
    "manifest_late": Default(
        30.0, "30 s", "harbor src/controller/proxy/manifestcache.go: looks for the blobs every 20 s, so 20 to 40 s "
        "after; the middle",
    ),
    "ttl.time": Default(inf, "unlimited", "assumed: quota and retention are set by people"),
    "ttl.renewed": Default(False, _NO, "assumed: nothing expires"),
}  # fmt: skip

_NEXUS_PROXY: Mapping[str, Default] = {
    "coalesce": Default("lock", "lock", f"{_COOPERATION}: on by default"),
    "serve": Default("store_and_forward", "store_and_forward", f"{_NEXUS}: stored, then served"),
    "own_copy": Default(False, _NO, _NEXUS),
    "whole_images": Default(False, _NO, _NEXUS),
    "ignores_ranges": _RANGES,
    **_no_lock(f"{_COOPERATION}: waits as long as it takes; 30 s within another wait, left out"),
    "most_waiting": Default(100, "100", f"{_COOPERATION}: more on one key are refused with 503"),
    "store": Default("shared", "shared", "assumed: blobs are stored by digest"),
    "memory": Default("replica", "replica", f"{_COOPERATION}: each node its own; clustered is off by default"),
    "tag_check": Default(1440 * 60.0, "24h", f"{_NEXUS}: metadataMaxAge 1440 min"),
    **_trips(3, 9, 4, _AS_DISTRIBUTION),
    "serves_stale": Default(True, _YES, f"{_NEXUS}: what is stored, if the upstream fails"),
    "manifest_late": Default(0.0, "0 s", _NEXUS),
    "ttl.time": Default(inf, "unlimited", "assumed: cleanup policies are set by people"),
    "ttl.renewed": Default(False, _NO, "assumed: nothing expires"),
}

_ZOT_SYNC: Mapping[str, Default] = {
    "coalesce": Default("lock", "lock", f"{_ZOT}: one for each repository and reference"),
    "serve": Default("store_and_forward", "store_and_forward", "zot pkg/api/routes.go: after the sync"),
    "own_copy": Default(False, _NO, _ZOT),
    "whole_images": Default(True, _YES, "zot pkg/api/routes.go: the manifest waits until all of it is synced"),
    "ignores_ranges": _RANGES,
    **_no_lock(f"{_ZOT}: waits for the sync; its SyncTimeout of 3 h is left out"),
    "most_waiting": Default(inf, "unlimited", f"{_ZOT}: no limit"),
    "store": Default("repository", "repository", f"{_ZOT}: images are synced by repository"),
    "memory": Default("replica", "replica", f"{_ZOT}: each process its own"),
    "tag_check": Default(0.0, "always", f"{_ZOT}: unless ManifestCheckInterval is set"),
    **_trips(3, 9, 4, _AS_DISTRIBUTION),
    "serves_stale": Default(True, _YES, "zot pkg/api/routes.go: what is stored, if the sync fails"),
    "manifest_late": Default(0.0, "0 s", _ZOT),
    "ttl.time": Default(inf, "unlimited", "assumed: retention is set by people"),
    "ttl.renewed": Default(False, _NO, "assumed: nothing expires"),
}

_QUAY_PROXY: Mapping[str, Default] = {
    "coalesce": Default("none", "none", f"{_QUAY}: each request downloads"),
    "serve": Default("store_and_forward", "store_and_forward", f"{_QUAY}: into storage, then to the client"),
    "own_copy": Default(False, _NO, _QUAY),
    "whole_images": Default(False, _NO, _QUAY),
    "ignores_ranges": _RANGES,
    **_no_lock("assumed: it has no lock"),
    "most_waiting": Default(inf, "unlimited", "assumed: nobody waits"),
    "store": Default("shared", "shared", "assumed: blobs are stored by digest"),
    "memory": Default("shared", "shared", f"{_QUAY}: placeholders in the database"),
    "tag_check": Default(0.0, "always", _QUAY),
    **_trips(3, 9, 4, _AS_DISTRIBUTION),
    "serves_stale": Default(True, _YES, f"{_QUAY}: a tag that has not expired, if the upstream fails"),
    "manifest_late": Default(0.0, "0 s", _QUAY),
    "ttl.time": Default(86400.0, "24h", f"{_QUAY}: 86,400 s"),
    "ttl.renewed": Default(True, _YES, f"{_QUAY}: by each pull"),
}

_NGINX_CACHE: Mapping[str, Default] = {
    "coalesce": Default("none", "none", f"{_NGINX}: proxy_cache_lock is off; measured: N copies for N nodes"),
    "serve": Default("streaming", "streaming", "measured"),
    "own_copy": Default(False, _NO, "measured: no copy beside those of the nodes"),
    "whole_images": Default(False, _NO, _NGINX),
    "ignores_ranges": _RANGES,
    **_no_lock("assumed: it has no lock"),
    "most_waiting": Default(inf, "unlimited", f"{_NGINX}: no limit"),
    "store": Default("repository", "repository", "nginx ngx_http_proxy_module proxy_cache_key: the request's URI"),
    "memory": Default("replica", "replica", f"{_NGINX}: a zone of shared memory on each host"),
    "tag_check": Default(
        600.0, "10m", "assumed: proxy_cache_valid has no default; rpardini/docker-registry-proxy nginx.conf: 10 min"
    ),
    **_trips(2, 4, 2, "assumed: TCP set-up and the request, which is passed on as it came; of a manifest two of both"),
    "serves_stale": Default(False, _NO, "nginx ngx_http_proxy_module: proxy_cache_use_stale is off"),
    "manifest_late": Default(0.0, "0 s", _NGINX),
    "ttl.time": Default(600.0, "10m", f"{_NGINX}: inactive 10 min"),
    "ttl.renewed": Default(True, _YES, f"{_NGINX}: inactive counts from the last request"),
}

_NGINX_LOCK: Mapping[str, Default] = {
    **_NGINX_CACHE,
    "coalesce": Default("lock", "lock", f"{_NGINX}: proxy_cache_lock on; measured: 1.00 copy of a layer within 5 s"),
    "serve": Default("streaming", "streaming", f"{_NGINX}: to the first; measured: who waits gets it when it is there"),
    "lock.timeout": Default(5.0, "5 s", f"{_NGINX}: proxy_cache_lock_timeout 5 s; measured: N copies of longer layers"),
    "lock.age": Default(5.0, "5 s", f"{_NGINX}: proxy_cache_lock_age 5 s"),
    "lock.poll": Default(0.5, "500 ms", f"{_NGINX}: 500 ms; measured"),
}

_VARNISH_CACHE: Mapping[str, Default] = {
    **_NGINX_CACHE,
    "coalesce": Default("stream", "stream", "measured: 1.00 copy, and all nodes end with the fetch"),
    "store": Default("repository", "repository", f"{_VARNISH}vcl_hash: the request's URL"),
    "memory": Default("replica", "replica", f"{_VARNISH}storage of each process"),
    "whole_images": Default(False, _NO, "measured"),
    "most_waiting": Default(inf, "unlimited", "assumed: no limit"),
    "tag_check": Default(120.0, "2m", "varnishd(1): default_ttl 120 s, where the upstream says nothing"),
    **_trips(1, 2, 1, "assumed: the request, which is passed on as it came, on a kept connection; of a manifest two"),
    "serves_stale": Default(False, _NO, "assumed: default_grace is 10 s"),
    "manifest_late": Default(0.0, "0 s", "measured"),
    "ttl.time": Default(
        365 * 86400.0, "365d", "distribution registry/storage/blobserver.go: Cache-Control of a year with blobs"
    ),
    "ttl.renewed": Default(False, _NO, f"{_VARNISH}ttl counts from the fetch"),
}

_ECR_RULE: Mapping[str, Default] = {
    "coalesce": Default("none", "none", "assumed: AWS says nothing; the first pull streams from the upstream"),
    "serve": Default("streaming", "streaming", f"{_ECR}: the first pull may be slower"),
    "own_copy": Default(False, _NO, "assumed"),
    "whole_images": Default(False, _NO, "assumed"),
    "ignores_ranges": _RANGES,
    **_no_lock("assumed: it has no lock"),
    "most_waiting": Default(inf, "unlimited", "assumed"),
    "store": Default("repository", "repository", f"{_ECR}: a repository for each of the upstream's"),
    "memory": Default("shared", "shared", "assumed: a service"),
    "tag_check": Default(86400.0, "24h", f"{_ECR}: once in 24 hours at most"),
    **_trips(3, 9, 4, _AS_DISTRIBUTION),
    "serves_stale": Default(True, _YES, "assumed"),
    "manifest_late": Default(0.0, "0 s", "assumed"),
    "ttl.time": Default(inf, "unlimited", f"{_ECR}: lifecycle policies are set by people"),
    "ttl.renewed": Default(False, _NO, "assumed: nothing expires"),
}

CACHE_PROFILES: Mapping[str, Mapping[str, Default]] = {
    "distribution-2": _DISTRIBUTION_2,
    "distribution-3": _DISTRIBUTION_3,
    "harbor": _HARBOR_PROXY,
    "nexus": _NEXUS_PROXY,
    "zot": _ZOT_SYNC,
    "quay": _QUAY_PROXY,
    "nginx": _NGINX_CACHE,
    "nginx-lock": _NGINX_LOCK,
    "varnish": _VARNISH_CACHE,
    "ecr": _ECR_RULE,
}
DEFAULT_CACHE = "distribution-3"


def shown_of_caches(field: str) -> str:
    """A key's default in all profiles of caches, as text."""
    shown = {name: profile[field].shown for name, profile in CACHE_PROFILES.items()}
    return by_value(shown, "{value} ({names})", ", ")


def source_of_caches(field: str) -> str:
    """Where a key's defaults come from, for all profiles of caches."""
    return by_value({name: profile[field].source for name, profile in CACHE_PROFILES.items()}, "{names}: {value}", "; ")
