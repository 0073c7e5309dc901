"""Compose files and Swarm stacks, as what Docker Swarm rolls out of them.

`docker stack deploy` makes a service of each; a new image replaces its tasks as `deploy.update_config` says. Swarm's
updater has as many workers as `parallelism`: each takes the next task, stops it and starts the new one (`stop-first`)
or the other way round (`start-first`), waits until the new one runs, waits for `delay`, and takes the next
(moby/swarmkit manager/orchestrator/update/updater.go `worker`, `updateTask`). That is a rolling update in which as
many tasks may be unavailable, or surplus, as there are workers, and a new one counts after `delay`: `min_ready`. With
parallelism 0 all are replaced at once. Without `update_config` one task after another is, stop-first and without a
delay (api/defaults/service.go; docker/cli cli/compose/convert/service.go `convertUpdateConfig`).

`docker compose up` starts the same file on one host, which no rollout over nodes is; the difference is noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundGuess, FoundStartup, FoundWorkload
from rolloutsim.imports.shapes import mapping, part, text, whole
from rolloutsim.units import QuantityError, parse_time, plain_text

_RENDER = "docker compose -f FILE config | rolloutsim import - (of a stack: docker stack config -c FILE)"
_MODES = ("replicated", "global", "replicated-job", "global-job")
_ORDERS = ("stop-first", "start-first")
# Compose's words, and what they are here; source: the Compose specification, services.pull_policy.
_POLICIES = {"always": "always", "missing": "if_not_present", "if_not_present": "if_not_present", "never": "never"}
_NOW_AND_THEN = ("daily", "weekly", "every_")
_UPDATE = ("parallelism", "delay", "order", "failure_action", "monitor", "max_failure_ratio")
# docker moby daemon/health.go: defaultProbeInterval, defaultStartInterval.
_INTERVAL, _START_INTERVAL = 30.0, 5.0


def is_compose(content: Any) -> bool:
    """Whether a document is a compose file or a stack: services with an image, or something in its place."""
    if part(content, "apiVersion") is not None:
        return False
    return any(
        isinstance(service, Mapping) and any(key in service for key in ("image", "build", "extends"))
        for service in mapping(content, "services").values()
    )


def take(one: Document, found: Found) -> None:
    """Take in the services of a compose file.

    Parameters
    ----------
    one : Document
        The file.
    found : Found
        Takes them, and notes of what is left out.

    Raises
    ------
    UnreadableError
        If something stands elsewhere (variables, extends, include), a service has no image, or a value is of the
        wrong kind.
    """
    if part(one.content, "include"):
        raise UnreadableError(f"{one.place}: it includes other files; let Compose join them: {_RENDER}")
    for name, service in mapping(one.content, "services").items():
        place = f"{one.place}: services.{name}"
        if not isinstance(service, Mapping):
            raise UnreadableError(f"{place} is no map; is the file cut?")
        why = _left_out(service, place)
        if why:
            found.notes.append(f"service {name} is left out: {why}")
        else:
            found.workloads.append(_service(str(name), service, one, place))
            if part(service, "deploy", "placement", "max_replicas_per_node"):
                found.notes.append(f"service {name}: max_replicas_per_node is not taken; tasks are spread evenly")
    if not any(isinstance(one, Mapping) and "deploy" in one for one in mapping(one.content, "services").values()):
        found.notes.append(
            f"{one.label} is taken as a stack on the nodes of a Swarm; docker compose up starts it on one host"
        )


def _left_out(service: Mapping[str, Any], place: str) -> str | None:
    profiles = part(service, "profiles")
    if isinstance(profiles, list) and profiles:
        shown = ", ".join(str(one) for one in profiles)
        return f"it starts with the profiles {shown} only; with them: docker compose --profile {profiles[0]} config"
    if text(service, "pull_policy") == "build" and "image" in service:
        return "its image is built where it runs (pull_policy build), and not pulled"
    if "extends" not in service and _replicas(service, place)[0] == 0:
        return "it has no tasks: its replicas are 0"
    return None


def _service(name: str, service: Mapping[str, Any], one: Document, place: str) -> FoundWorkload:
    if "extends" in service:
        raise UnreadableError(f"{place}.extends: let Compose fill it in: {_RENDER}")
    image = _image(name, service, place)
    deploy = mapping(service, "deploy")
    mode = _word(deploy, place, "deploy", "mode", _MODES)
    replicas, told = _replicas(service, place)
    if mode.startswith("global") and part(deploy, "replicas") is not None:
        raise UnreadableError(f"{place}.deploy: mode {mode} has a task on each node, and no replicas; leave them out")
    remarks = {"replicas": told} if told else {}
    guesses: list[FoundGuess] = []
    policy = _policy(service, place, remarks)
    if mode.endswith("-job"):
        rollout: dict[str, Any] = {"strategy": "all_at_once"}
    else:
        rollout = _rollout(mapping(deploy, "update_config"), mode == "global", place, remarks)
    _place(deploy, guesses)
    return FoundWorkload(
        kind="service",
        name=name,
        origin=one.label,
        images=(image,),
        replicas=None if mode.startswith("global") else replicas,
        pull_policy=policy,
        rollout=rollout,
        selector={},
        tolerations=(),
        remarks=remarks,
        startup=_startup(service, place),
        guesses=tuple(guesses),
        creates=f"{mode}: each run has new tasks" if mode.endswith("-job") else "",
        is_swarm=True,
    )


def _plain(value: Any, place: str) -> Any:
    """A value without a variable."""
    if isinstance(value, str) and "$" in value:
        raise UnreadableError(f"{place} is {value!r:.60}, a variable; let Compose fill it in: {_RENDER}")
    return value


def _image(name: str, service: Mapping[str, Any], place: str) -> str:
    image = _plain(part(service, "image"), f"{place}.image")
    if isinstance(image, str) and image:
        return image
    if "image" not in service:
        what = "it is built, and has no image that nodes could pull" if "build" in service else "no image"
        raise UnreadableError(
            f"{place}: {what}; give it one: 'image: REGISTRY/{name}:TAG' beside 'build', pushed with docker compose "
            "push; docker compose config --images shows all"
        )
    raise UnreadableError(f"{place}.image is {image!r:.60}; it must be the reference of an image")


def _word(content: Mapping[str, Any], place: str, where: str, key: str, allowed: tuple[str, ...]) -> str:
    value = _plain(part(content, key), f"{place}.{where}.{key}")
    if value in (None, ""):
        return allowed[0]
    if value not in allowed:
        raise UnreadableError(f"{place}.{where}.{key} is {value!r:.40}; allowed: {', '.join(allowed)}")
    return str(value)


def _number(content: Any, place: str, *path: str) -> int | None:
    """A whole number, which a file may hold as text: that Compose would take it as well."""
    value = _plain(part(content, *path), f"{place}.{'.'.join(path)}")
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return whole(content, place, *path)


def _time(content: Mapping[str, Any], place: str, key: str) -> float | None:
    """A time [s], such as `1m30s`."""
    value = _plain(part(content, key), f"{place}.{key}")
    if value is None:
        return None
    try:
        return 0.0 if value in (0, "0") else parse_time(value)
    except QuantityError as error:
        raise UnreadableError(f"{place}.{key}: {error}") from None


def _replicas(service: Mapping[str, Any], place: str) -> tuple[int, str]:
    """How many tasks a service has; 1 if nothing is said (docker/cli cli/compose/convert/service.go, moby's API)."""
    given, scale = _number(service, place, "deploy", "replicas"), _number(service, place, "scale")
    if None not in (given, scale) and given != scale:
        raise UnreadableError(f"{place}: scale is {scale} and deploy.replicas {given}; Compose takes one number only")
    if given is not None:
        return given, ""
    if scale is not None:
        return scale, "scale"
    return 1, "no replicas given, and Docker's default is 1"


def _policy(service: Mapping[str, Any], place: str, remarks: dict[str, str]) -> str:
    """Whether nodes ask for an image that they hold.

    `docker stack deploy` resolves the tag once, and tasks name the digest (`--resolve-image always`, the default):
    a node that holds that asks nobody (moby daemon/cluster/executor/container/adapter.go `pullImage`).
    """
    given = _plain(part(service, "pull_policy"), f"{place}.pull_policy")
    if given is None:
        remarks["derived"] = "docker stack deploy resolves the tag to a digest once; a node that holds that asks nobody"
        return "if_not_present"
    if isinstance(given, str) and given.startswith(_NOW_AND_THEN):
        remarks["derived"] = f"assumed: {given}, with the last pull longer ago than that"
        return "always"
    if not isinstance(given, str) or given not in _POLICIES:
        allowed = ", ".join((*_POLICIES, "build", *_NOW_AND_THEN))
        raise UnreadableError(f"{place}.pull_policy is {given!r:.40}; allowed: {allowed}")
    return _POLICIES[given]


def _rollout(update: Mapping[str, Any], is_global: bool, place: str, remarks: dict[str, str]) -> dict[str, Any]:
    """How tasks are replaced."""
    where = f"{place}.deploy.update_config"
    unknown = [str(key) for key in update if key not in _UPDATE and not str(key).startswith("x-")]
    if unknown:
        raise UnreadableError(f"{where}: {unknown[0]!r:.40} is unknown; allowed: {', '.join(_UPDATE)}")
    workers = _number(update, where, "parallelism")
    delay = _time(update, where, "delay") or 0.0
    order = _word(update, place, "deploy.update_config", "order", _ORDERS)
    rollout: dict[str, Any] = {"strategy": "daemonset" if is_global else "rolling"}
    if workers is None:
        workers = 1
    elif workers == 0 and order == _ORDERS[0]:
        rollout = {"strategy": "all_at_once"}
    if workers != 0 or order != _ORDERS[0]:
        amounts = (0, workers or "100%") if order == _ORDERS[0] else (workers or "100%", 0)
        rollout["max_surge"], rollout["max_unavailable"] = amounts
        if delay and workers:
            rollout["min_ready"] = plain_text("time", delay)
        if not is_global:
            rollout["progress_deadline"] = "off"
    said = ["update_config" if update else "no update_config, so Swarm's default: one task at a time, stop-first"]
    if "min_ready" in rollout:
        said.append("min_ready is its delay, after which the next task's turn comes")
    failing = [key for key in ("failure_action", "monitor", "max_failure_ratio") if part(update, key) is not None]
    if failing:
        said.append(f"{', '.join(failing)} not taken: a rollout here goes on")
    remarks["rollout"] = "; ".join(said)
    return rollout


def _place(deploy: Mapping[str, Any], guesses: list[FoundGuess]) -> None:
    """What a service wants of its nodes: nothing that is read tells their labels and roles."""
    constraints = part(deploy, "placement", "constraints")
    if isinstance(constraints, list) and constraints:
        shown = ", ".join(str(one) for one in constraints)
        guesses.append(FoundGuess(
            "groups", "all", f"it runs on nodes with {shown}",
            "docker node ls -q | xargs docker node inspect --format "
            "'{{.Description.Hostname}} {{.Spec.Role}} {{.Spec.Labels}}'",
        ))  # fmt: skip


def _startup(service: Mapping[str, Any], place: str) -> FoundStartup | None:
    """A lower bound of the time until a task runs: with a health check not before the first check passes.

    That comes one interval after the start, within `start_period` after `start_interval` (moby daemon/health.go
    `monitor`; a task runs when it is healthy: daemon/cluster/executor/container/controller.go `Start`). A health check
    of the image itself is not known here.
    """
    check, where = mapping(service, "healthcheck"), f"{place}.healthcheck"
    test = part(check, "test")
    if not check or part(check, "disable") is True or test in (None, "NONE", []) or (
        isinstance(test, list) and test[0] == "NONE"
    ):  # fmt: skip
        return None
    least = _time(check, where, "interval") or _INTERVAL
    told = "healthcheck.interval" if part(check, "interval") is not None else "the default of healthcheck.interval"
    period = _time(check, where, "start_period")
    if period:
        early = min(_time(check, where, "start_interval") or _START_INTERVAL, period)
        if early < least:
            least, told = early, "healthcheck.start_interval and start_period"
    return FoundStartup(least, f"{told}, a lower bound: the first check")
