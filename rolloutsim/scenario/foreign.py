"""Words of other programs and of everyday speech, and what they are here: one table for files, `--set` and `explain`.

A word is here another key, or several, each in its place; or it is not simulated, and the nearest key may be told.
Words are compared without case, `_` and `-`: `maxConcurrentDownloads` is `max-concurrent-downloads`. They are those of
Kubernetes (its API, kubelet configuration), containerd, dockerd, CRI-O, registries, what spreads images beside them
(Dragonfly, Kraken, Spegel, lazy snapshotters, image pullers), pull-through caches, and of clouds and their tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from rolloutsim.structs import struct


@struct
class Foreign:
    """What a foreign word is here.

    Parameters
    ----------
    keys : tuple of str
        The keys that mean it, without users' own names, the likeliest first: `nodes.pull_cap`; where it is not
        simulated, the nearest ones.
    means : str
        What their values are, where the word's own values are others; empty: what the keys' descriptions say.
    absent : str
        What is not simulated; empty: it is.
    """

    keys: tuple[str, ...]
    means: str = ""
    absent: str = ""


# Words, the keys that mean the same, and what to know of the value.
_KNOWN: Sequence[tuple[str, str, str]] = (
    # Kubernetes: workloads and controllers
    ("deployment deployments pods stateful_sets daemon_sets replica_set replication_controller", "workloads", ""),
    ("stateful_set ordered_ready", "rollout.strategy", "statefulset; with parallel: true its pods do not wait"),
    ("recreate", "rollout.strategy", "all_at_once"),
    ("rolling_update", "rollout.strategy", "rolling; max_surge and max_unavailable stand beside it"),
    ("update_strategy deployment_strategy rollout_strategy", "rollout.strategy", ""),
    ("min_ready_seconds", "rollout.min_ready", "a time with its unit: 10 s"),
    ("progress_deadline_seconds", "rollout.progress_deadline", "a time with its unit: 600 s"),
    ("termination_grace_period_seconds termination_grace_period grace_period",
     "rollout.termination workloads.termination",
     "how long an old pod takes to be gone; the grace period is the most that it may take"),
    ("pod_management_policy", "rollout.parallel", "true for Parallel, false for OrderedReady"),
    ("canary canaries batches batch_size stages", "rollout.waves", "the sizes of the parts, one after another"),
    ("bake_time pause_duration", "rollout.waves.pause", ""),
    ("containers", "workloads.images", "the images of all containers of a pod"),
    ("node_selector node_affinity", "workloads.groups", "the groups of nodes that may run it"),
    ("image_pull_policy", "workloads.pull_policy", "always, if_not_present or never"),
    ("replica_count desired_replicas", "workloads.replicas", ""),
    ("startup_time boot_time startup_duration", "rollout.startup workloads.startup", ""),
    ("kube_controller_manager", "controller_manager", ""),
    ("kube_api_qps", "controller_manager.qps", "of kube-controller-manager; the kubelet's own is not simulated"),
    ("kube_api_burst", "controller_manager.burst", "of kube-controller-manager; the kubelet's own is not simulated"),
    ("depends_on sync_wave", "workloads.after", ""),
    ("pre_pull pre_pulled pre_pulled_images image_preload preload prefetch image_puller image_pull_jobs "
     "image_list_pull_job warmup warm_images preheat warm", "prepulls",
     "by the name of what pulls; images that are there from the beginning are nodes.cached"),
    ("image_pull_job kube_fledged", "prepulls.by", ""),
    ("openkruise kruise", "prepulls.by", "image_pull_job is OpenKruise's"),
    ("active_deadline_seconds timeout_seconds image_pull_deadline_duration", "prepulls.pull_timeout", ""),
    # Kubernetes: nodes and the kubelet
    ("node_pools node_pool node_groups node_group agent_pools machine_pools instance_groups", "nodes",
     "groups of equal nodes, by name"),
    ("node_count instance_count desired_size desired_capacity", "nodes.count", ""),
    ("max_image_pulls parallel_image_pulls max_parallel max_parallel_pulls parallel_pulls concurrent_pulls "
     "pull_concurrency", "nodes.max_parallel_image_pulls push.parallel", ""),
    ("image_pull_progress_timeout image_pull_progress_deadline", "nodes.pull_progress_timeout", ""),
    ("image_pull_timeout pull_deadline", "nodes.pull_timeout", ""),
    ("backoff image_pull_back_off pull_backoff", "nodes.image_backoff", ""),
    ("max_backoff", "nodes.image_backoff.max", ""),
    ("registry_qps image_pull_qps", "nodes.registry_pull_qps", ""),
    ("image_gc_high_threshold_percent", "nodes.image_gc.high", "a share: 85%"),
    ("image_gc_low_threshold_percent", "nodes.image_gc.low", "a share: 80%"),
    ("garbage_collection image_garbage_collection", "nodes.image_gc", ""),
    ("eviction eviction_thresholds disk_pressure", "nodes.eviction_hard", ""),
    ("nat nat_gateway behind_nat", "nodes.shared_address", "true: registries see one address"),
    # container runtimes
    ("container_runtime cri", "nodes.runtime", ""),
    ("max_concurrent_downloads concurrent_downloads parallel_downloads max_parallel_downloads image_parallel_copies "
     "concurrency", "nodes.parallel_layers push.parallel", ""),
    ("max_concurrent_uploads concurrent_uploads", "push.parallel", ""),
    ("concurrent_layer_fetch_buffer", "nodes.layer_fetch_buffer", ""),
    ("stargz estargz nydus soci overlaybd dadi lazy_pull lazy_pulling lazy_loading lazy image_streaming "
     "remote_snapshotter seekable_oci", "nodes.snapshotter",
     "stargz, soci, nydus or overlaybd: layers are mounted by their indexes"),
    ("parallel_pull_unpack soci_parallel parallel_pull_mode soci_parallel_pull fast_pull", "nodes.layer_fetch_buffer",
     "with parallel_layers and parallel_unpacks: SOCI's parallel mode pulls all of an image before containers start"),
    ("peer p2p peer_to_peer torrent swarm", "peers",
     "nodes that hand layers to one another, by a profile; nodes.hosts says who asks them"),
    ("spegel peerd dragonfly dfdaemon kraken bittorrent k3s rke2 embedded_registry", "peers.profile peers",
     "what nodes that hand layers to one another do; nodes.hosts says who asks them"),
    ("seed_peer seed_peers seed_client super_node superseed seeders kraken_origin", "peers.seeds", ""),
    ("working_set touched_bytes needed_bytes", "nodes.snapshotter.needed images.needed nodes.volume_snapshot.needed",
     ""),
    ("prefetch_landmark landmark prioritized_files", "nodes.snapshotter.prefetched", ""),
    ("span_size chunk_size refill_size", "nodes.snapshotter.read_size", ""),
    ("background_fetch no_background_fetch prefetch_all", "nodes.snapshotter.background", "true or false"),
    ("silence_period silence_period_msec", "nodes.snapshotter.background_after", "a time with its unit: 30 s"),
    ("zstd_chunked enable_partial_images partial_image partial_pulls partial_pull", "nodes.partial_images images.reuse",
     "partial_images: true on the nodes, and the share that they have in reuse of the image"),
    ("max_concurrent_unpacks unpack_concurrency", "nodes.parallel_unpacks", ""),
    ("discard_unpacked_layers", "nodes.keeps_compressed", "the opposite: false where discard_unpacked_layers is true"),
    ("retries max_retries retry_count attempts max_attempts max_download_attempts", "nodes.retry",
     "the waits before each further attempt, as a list, or those of a client outside Kubernetes"),
    ("dial_timeout connect_timeout connection_timeout", "nodes.timeouts.dial", ""),
    ("tls_handshake_timeout", "nodes.timeouts.tls", ""),
    ("response_header_timeout", "nodes.timeouts.header", ""),
    ("keep_alive keep_alives disable_keep_alives max_idle_conns_per_host max_idle_conns", "nodes.kept_connections",
     "how many are kept open; 0: none"),
    ("hedging hedged hedged_requests hedge_delay", "peers.hedge", "after how long a second holder is asked: 50 ms"),
    ("lookup_cache lookup_cache_ttl", "peers.remembers", ""),
    ("mirror_resolve_timeout", "peers.timeout", ""),
    ("mirror_resolve_retries", "peers.found", ""),
    # machines and images
    ("instance_type machine_type vm_size sku instance_types node_type", "nodes.preset", ""),
    ("nic_speed network_performance interface_speed", "nodes.nic", ""),
    ("ram memory_size", "nodes.memory", ""),
    ("disk_size disk_size_gb volume_size root_volume_size boot_disk_size", "nodes.disk.capacity",
     "a size with its unit: 100 GB"),
    ("disk_speed disk_throughput disk_bandwidth write_speed", "nodes.disk.rate", ""),
    ("disk_iops provisioned_iops", "nodes.disk.iops", ""),
    ("ebs_snapshot snapshot snapshot_id disk_snapshot data_volume secondary_boot_disk secondary_boot_disks "
     "baked_images machine_image ami", "nodes.volume_snapshot", "the images that it holds are nodes.cached"),
    ("volume_initialization_rate initialization_rate initialisation_rate", "nodes.volume_snapshot.rate",
     "in bytes: 200 MiB/s"),
    ("fast_snapshot_restore fsr", "nodes.volume_snapshot.rate", "unlimited: all of the volume can be read at once"),
    ("operating_system", "nodes.os", ""),
    ("ramp ramp_up", "nodes.start", "a random time: {min: 0 s, max: 30 s}"),
    ("image_size download_size compressed_size size_mb", "images.compressed images.layers.compressed",
     "bytes on the wire; what 'docker images' shows is unpacked"),
    ("uncompressed uncompressed_size virtual_size unpacked_size", "images.unpacked images.layers.unpacked", ""),
    ("base_image parent parent_image", "images.base", ""),
    ("layer_count num_layers", "images.equal_layers", ""),
    ("compression_ratio", "images.ratio", "unpacked / compressed bytes"),
    # the network
    ("bandwidth speed throughput line_rate link_speed",
     "network.rate network.links.capacity network.racks.uplink network.sites.uplink registry.uplink nodes.nic "
     "nodes.disk.rate nodes.unpack.rate push.link background.rate mirrors.copied.rate prepulls.rate", ""),
    ("network_bandwidth network_speed", "network.rate nodes.nic", ""),
    ("registry_uplink registry_bandwidth uplink_speed", "registry.uplink", ""),
    ("bandwidth_limit bandwidth_cap bwlimit download_limit total_rate_limit max_bandwidth pull_bandwidth pull_rate "
     "rate_cap", "nodes.pull_cap registry.uplink network.links.capacity background.cap", ""),
    ("connection_rate per_connection_limit", "nodes.connection_cap registry.connection_cap background.cap", ""),
    ("delay ping", "network.latency network.links.latency network.racks.latency network.sites.latency", "one way"),
    ("rtt round_trip_time round_trip",
     "network.latency network.links.latency network.racks.latency network.sites.latency",
     "one way: half of the round trip"),
    ("oversubscribed oversubscription_ratio contention_ratio", "network.racks.oversubscription", ""),
    ("jumbo_frames", "network.mtu", "9000 for jumbo frames"),
    ("aqm qdisc", "network.queue network.links.queue", ""),
    ("bufferbloat queue_length buffer_size", "network.buffer network.links.buffer",
     "a time: how long the full queue holds a packet back"),
    ("tcp congestion_algorithm tcp_congestion_control", "network.congestion_control", ""),
    ("tcp_rmem receive_window rwnd window_size", "network.tcp_window registry.tcp_window", ""),
    # registries
    ("throttle throttling quota pull_limit requests_per_second rps pulls_per_hour", "registry.rate_limit",
     "so many in a time: 50/s, or 100/6h"),
    ("max_conns max_clients worker_connections", "registry.max_connections", ""),
    ("object_storage blob_storage s3 gcs azure_blob", "registry.redirect",
     "true where the bytes of layers come from it"),
    ("cold cold_objects", "registry.first_fetch", ""),
    ("response_time server_latency", "registry.ttfb", ""),
    ("https ssl", "registry.tls", ""),
    ("storage_backend", "registry.storage", "its read rate"),
    ("uploads", "push", ""),
    # caches, mirrors and who asks them
    ("pull_through pull_through_cache pull_through_caches proxy_cache proxy_caches registry_cache image_cache "
     "proxy_registry proxy_registries", "caches", ""),
    ("harbor zot varnish nginx nexus quay ecr distribution docker_registry registry2 registry3",
     "caches.profile caches",
     "of a pull-through cache; a registry that has the images by itself is one of registries, one to which they are "
     "copied one of mirrors"),
    ("docker_hub ghcr gcr acr google_artifact_registry", "registries registry.rate_limit",
     "by a name of your own; what it allows is its rate_limit"),
    ("registry_mirror registry_mirrors hosts_toml certs_d registries_conf registries_yaml mirror_hosts",
     "nodes.hosts mirrors caches",
     "the names of caches and mirrors, in the order in which nodes ask them"),
    ("replication replicate replicated", "mirrors.copied",
     "when and how fast images are copied to a mirror; how often a run is repeated is replications"),
    ("replication_policy registry_replication replication_rule", "mirrors.copied",
     "when and how fast images are copied to a mirror"),
    ("trigger event_based", "mirrors.copied.on", ""),
    ("max_job_workers job_workers", "mirrors.copied.workers", ""),
    ("upstreams remote_url proxy_remoteurl remote_registry", "caches.upstream", ""),
    ("single_flight request_coalescing proxy_cache_lock cooperation", "caches.coalesce",
     "lock or stream, where requests for the same layer do not go upstream one by one"),
    ("proxy_cache_lock_timeout", "caches.lock.timeout", ""),
    ("proxy_cache_lock_age", "caches.lock.age", ""),
    ("metadata_max_age manifest_check_interval tag_ttl", "caches.tag_check", ""),
    ("time_to_live expiry expires content_max_age", "caches.ttl", ""),
    ("cache_size max_cache_size", "caches.disk.capacity", "a size with its unit: 500 GB"),
    ("edge_sites branches branch_offices locations", "nodes.sites", ""),
    ("black_hole drops_packets", "failures.silent", ""),
    # traffic, failures
    ("background_traffic cross_traffic traffic iperf", "background", "traffic of other applications, by name"),
    ("flows streams", "background.connections", ""),
    ("interval cron", "background.request.every nodes.join.every mirrors.copied.every", ""),
    ("faults chaos outage outages incidents", "failures", "what goes wrong, by name"),
    ("duration lasts recovery_time mttr repair_time", "failures.back_after", "how long it lasts"),
    ("mtbf", "failures.rate", "how often it happens: 2/h"),
    ("error_rate failure_rate", "failures.flaky", "the share of requests that fail"),
    ("crash host", "failures.node", "the name of the node that crashes"),
    # planning
    ("slo slos sla objectives assertions criteria metrics", "thresholds", "conditions on metrics"),
    ("cost costs price", "prices", ""),
    ("runs repetitions repeats trials iterations", "replications", ""),
    ("samples", "sweep.points", ""),
    ("random_seed rng_seed", "seed", ""),
    ("title", "name", ""),
    ("level", "thresholds.severity", ""),
    ("environments alternatives", "variants", ""),
)  # fmt: skip

# Keys of the format that are looked for where another one means it; elsewhere they say what they say there.
_PLACED: Sequence[tuple[str, str, str]] = (
    ("replicas", "nodes.count", ""), ("instances", "registry.replicas nodes.count workloads.replicas", ""),
    ("image", "workloads.images images", ""), ("nodes", "workloads.groups", ""), ("steps", "rollout.waves", ""),
    ("readiness", "rollout.startup workloads.startup", ""), ("type", "rollout.strategy", ""),
    ("size", "nodes.disk.capacity images.layers.compressed", ""), ("cpus", "nodes.unpack.cores", ""),
    ("bytes", "background.size background.request.size", ""), ("limit", "registry.rate_limit", ""),
    ("from", "failures.at images.base nodes.join.at", ""), ("begin",
     "background.from failures.at nodes.join.at push.at", ""),
    ("start", "background.from failures.at nodes.join.at push.at", ""), ("end", "background.until", ""),
    ("until", "failures.back_after", "how long it lasts"), ("end", "failures.back_after", "how long it lasts"),
    ("window", "registry.rate_limit.rate", "the time is part of it: 100/6h"),
    ("upload", "push", ""), ("hosts", "nodes", "groups of equal nodes, by name"),
    ("timeout", "nodes.pull_timeout", "of a whole pull; those of its requests are nodes.timeouts"),
    ("workers", "nodes", "groups of equal nodes, by name"),
    ("cache", "caches nodes.hosts", ""), ("caches", "nodes.hosts", ""), ("mirror", "mirrors nodes.hosts", ""),
    ("mirrors", "nodes.hosts", ""), ("upstream", "caches.upstream mirrors.of", ""), ("of", "caches.upstream", ""),
    ("images", "caches.holds", ""), ("holds", "mirrors.images", ""), ("capacity", "caches.disk.capacity", ""),
    ("backoff", "nodes.retry.after", ""), ("count", "workloads.replicas registry.replicas", ""),
    ("period", "background.request.every nodes.join.every mirrors.copied.every", ""),
)  # fmt: skip

# Words, what is not simulated, and the nearest keys.
_ABSENT: Sequence[tuple[str, str, str]] = (
    ("artifactory jfrog squid", "a profile of this product: the keys of caches say what one does", "caches.profile"),
    ("ipfs", "nodes that find content by a network of their own", "peers"),
    ("gke_image_streaming riptide gcfs artifact_streaming azure_artifact_streaming acr_streaming",
     "a cloud's own lazy pulling, of which neither sizes of reads nor rates are published",
     "nodes.snapshotter"),
    ("additional_layer_store stargz_store", "lazy layers of CRI-O and Podman", "nodes.partial_images"),
    ("http_proxy https_proxy no_proxy proxy", "proxies", "network.links"),
    ("cdn cloudfront", "content delivery networks", "registry.redirect"),
    ("storage_driver overlay2 overlayfs", "the choice of a snapshotter that is not lazy", "nodes.unpack"),
    ("zstd gzip compression pigz igzip", "how layers are compressed, beside sizes and speeds",
     "nodes.unpack.rate"),
    ("hpa horizontal_pod_autoscaler vpa autoscaler autoscaling keda", "numbers of pods that change by themselves",
     "workloads.replicas"),
    ("cluster_autoscaler karpenter node_autoscaling max_size min_size", "nodes that come and go by demand",
     "nodes.join"),
    ("pdb pod_disruption_budget min_available", "disruption budgets, which no rollout asks", "rollout.max_unavailable"),
    ("affinity anti_affinity pod_affinity pod_anti_affinity topology_spread_constraints tolerations taints",
     "rules of the scheduler, beside the groups of nodes", "workloads.groups"),
    ("resources requests limits resource_requests resource_limits max_pods pods_per_core", "room for pods: all fit",
     ""),
    ("cpu", "cores, but for those that unpack", "nodes.unpack.cores"),
    ("priority_class_name priority_class preemption", "priorities of pods", ""),
    ("readiness_probe liveness_probe startup_probe readiness_gates initial_delay_seconds", "probes",
     "rollout.startup"),
    ("init_containers", "containers that run one after another before the others", "workloads.images"),
    ("job jobs cron_job cron_jobs", "pods that end by themselves", "workloads"),
    ("on_delete", "pods that are replaced when somebody deletes them", "rollout.waves"),
    ("blue_green", "a second set of pods that takes over at once", "rollout.max_surge"),
    ("rollback revision_history_limit paused suspend", "rollouts that are held or taken back", "rollout.waves.pause"),
    ("image_pull_secrets image_credential_provider auth authentication token credentials", "access rights, but for the "
     "requests that they take", "nodes.resolve_requests"),
    ("event_record_qps event_burst", "events of kubelets", ""),
    ("runtime_request_timeout", "time limits of the runtime's other requests", "nodes.pull_timeout"),
    ("eviction_soft eviction_soft_grace_period", "soft eviction", "nodes.eviction_hard"),
    ("image_minimum_gc_age image_maximum_gc_age pinned_images", "ages of images, and those that stay",
     "nodes.image_gc"),
    ("volume_type disk_type storage_class", "what a cloud's disks have: say it", "nodes.disk"),
    ("spot preemptible", "nodes that a cloud takes back", "failures.group"),
    ("arch architecture", "other processors", "nodes.os"),
    ("zone zones availability_zones region regions", "zones: say which links lie between", "network.links"),
    ("packet_loss loss", "packets that are lost at random", "network.buffer"),
    ("vpc_endpoint private_link", "endpoints of a cloud: say which links lie between", "registry.via"),
    ("scan scanning vulnerability_scanning", "scanning of images", ""),
    ("egress_cost data_transfer_cost", "prices of traffic", "prices"),
    ("labels annotations namespace metadata env ports command args volumes volume_mounts service_account "
     "security_context host_network config_map secret", "this part of a pod: it changes no rollout", ""),
    ("service services ingress load_balancer", "traffic that pods serve", "background.request"),
)  # fmt: skip

# Words that stand for a value of a key, and that value.
VALUES: Mapping[str, str] = {
    "recreate": "all_at_once", "ordered_ready": "statefulset", "deployment": "rolling", "rolling_update": "rolling",
    "canary": "waves", "batches": "waves", "steps": "waves", "docker": "dockerd", "moby": "dockerd", "crio": "cri-o",
    "podman": "cri-o", "tail_drop": "drop_tail", "pfifo": "drop_tail", "codel": "fq_codel", "warning": "warn",
    "stateful_set": "statefulset", "vanilla": "upstream", "kubeadm": "upstream", "leaky_bucket": "token_bucket",
    "ip": "address", "estargz": "stargz", "dadi": "overlaybd", "seekable_oci": "soci",
    "dfdaemon": "dragonfly", "rke2": "k3s", "embedded_registry": "k3s", "openkruise": "image_pull_job",
    "kruise": "image_pull_job", "image_list_pull_job": "image_pull_job", "distribution": "distribution-3",
    "docker_registry": "distribution-3", "registry2": "distribution-2", "registry3": "distribution-3",
}  # fmt: skip


@lru_cache(4096)
def normal(word: str) -> str:
    """A word without case and separators."""
    return re.sub(r"[\W_]", "", word).lower()


def _entries(rows: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, Foreign]]:
    for words, keys, means in rows:
        for word in words.split():
            yield word, Foreign(tuple(keys.split()), means)


def words() -> Iterator[tuple[str, Foreign]]:
    """Every foreign word, in snake case, and what it is."""
    yield from _entries(_KNOWN)
    for names, absent, keys in _ABSENT:
        for word in names.split():
            yield word, Foreign(tuple(keys.split()), absent=absent)


def placed() -> Iterator[tuple[str, Foreign]]:
    """Every word that is another key in some places only, and the keys of these places."""
    return _entries(_PLACED)


FOREIGN: Mapping[str, Foreign] = {normal(word): one for word, one in words()}
_VALUES: Mapping[str, str] = {normal(word): value for word, value in VALUES.items()}


def foreign(word: str) -> Foreign | None:
    """What a word of other programs is here, however it is spelt; None: it is none of these."""
    return FOREIGN.get(normal(word))


def at_places(word: str) -> Iterator[Foreign]:
    """What a word is in some places only."""
    return (one for known, one in placed() if normal(known) == normal(word))


def value_of(word: str) -> str | None:
    """The word of the format that stands for a value of other programs."""
    return _VALUES.get(normal(word))
