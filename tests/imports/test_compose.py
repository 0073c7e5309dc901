"""Compose files and Swarm stacks, read as what Docker Swarm does with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported
from rolloutsim.scenario.places import dotted

STACK = Path(__file__).parent.parent / "data" / "imports" / "files" / "07a-docker-stack.yml"
DEFAULT = {"strategy": "rolling", "max_surge": 0, "max_unavailable": 1, "progress_deadline": "off"}


def made_of(folder: Path, content: Any, name: str = "stack.yml") -> Any:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return imported([str(path)])


def stack(deploy: Any = None, **service: Any) -> Any:
    return {"services": {"web": {"image": "app:1", **({"deploy": deploy} if deploy is not None else {}), **service}}}


def web(folder: Path, content: Any) -> Any:
    made = made_of(folder, content)
    assert loads(made.text).run(seed=1)["all"].rollout_time > 0
    return yaml.safe_load(made.text)["workloads"]["web"]


def test_a_real_stack() -> None:
    services = {
        "redis": ("redis:alpine", 1), "db": ("postgres:15-alpine", 1),
        "vote": ("dockersamples/examplevotingapp_vote", 2), "result": ("dockersamples/examplevotingapp_result", 1),
        "worker": ("dockersamples/examplevotingapp_worker", 2),
    }  # fmt: skip
    made = imported([str(STACK)])
    assert yaml.safe_load(made.text) == {
        "rolloutsim": 1, "name": "imported from 07a-docker-stack.yml", "network": "1 Gbit/s",
        "nodes": {
            "node": {"count": 10, "runtime": "dockerd", "serialize_image_pulls": False, "registry_pull_qps": 0}
        },
        "images": {image: {"compressed": "200 MB"} for image, _ in services.values()},
        "workloads": {
            name: {
                "images": [image], "replicas": replicas, "pull_policy": "if_not_present", "rollout": DEFAULT,
            }
            for name, (image, replicas) in services.items()
        },
        "controller_manager": "unlimited",
        "assumed": {
            "nodes.node.count": "nothing that was given tells it",
            "network.rate": "the line rate of every NIC and of every registry's uplink",
            **{dotted(("images", image, "compressed")): "nothing that was given tells its size"
               for image, _ in services.values()},
        },
    }  # fmt: skip
    assert [one.key for one in made.assumed if not one.key.startswith("images.")] == [
        "nodes", "network", "rollout.startup", "rollout.step_overhead", "nodes.<group>.disk.rate",
    ]  # fmt: skip
    assert made.notes == ()


@pytest.mark.parametrize(
    ("update", "rollout"),
    [
        ({}, DEFAULT),
        ({"delay": "10s"}, {**DEFAULT, "min_ready": "10 s"}),
        ({"parallelism": 3, "order": "stop-first", "delay": "1m30s"},
         {**DEFAULT, "max_unavailable": 3, "min_ready": "90 s"}),
        ({"parallelism": 2, "order": "start-first"}, {**DEFAULT, "max_surge": 2, "max_unavailable": 0}),
        ({"parallelism": 0, "delay": "5s"}, {"strategy": "all_at_once"}),
        ({"parallelism": 0, "order": "start-first"}, {**DEFAULT, "max_surge": "100%", "max_unavailable": 0}),
        # What Compose writes of numbers that were variables.
        ({"parallelism": "2", "delay": "0s"}, {**DEFAULT, "max_unavailable": 2}),
    ],
)  # fmt: skip
def test_an_update_is_swarms(tmp_path: Path, update: Any, rollout: Any) -> None:
    assert web(tmp_path, stack({"replicas": 4, "update_config": update}))["rollout"] == rollout


@pytest.mark.parametrize("is_global", [False, True])
@pytest.mark.parametrize("order", ["stop-first", "start-first"])
@pytest.mark.parametrize(("workers", "replicas", "delay"), [(1, 4, 0), (2, 7, 31), (5, 3, 7), (3, 40, 1)])
def test_tasks_take_turns_as_with_the_workers_of_swarms_updater(
    tmp_path: Path, workers: int, replicas: int, delay: int, order: str, is_global: bool
) -> None:
    # A worker that has a task running waits for the delay and takes the next task: so the first begin at once, and
    # each of the others exactly when one of those before has run for the delay.
    deploy: dict[str, Any] = {"update_config": {"parallelism": workers, "delay": f"{delay}s", "order": order}}
    deploy |= {"mode": "global"} if is_global else {"replicas": replicas}
    made = made_of(tmp_path, stack(deploy))
    pods = list(loads(made.text).run(seed=1)["all"].pods)
    assert len(pods) == (10 if is_global else replicas)
    begun = sorted(pod["created_s"] for pod in pods)
    free = [0.0] * workers + sorted(pod["ready_s"] + delay for pod in pods)
    assert begun == pytest.approx(free[: len(begun)], abs=1e-9)


@pytest.mark.parametrize(
    ("deploy", "expected"),
    [
        (None, {"replicas": 1, "rollout": DEFAULT}),
        ({}, {"replicas": 1, "rollout": DEFAULT}),
        ({"mode": "replicated", "replicas": 3}, {"replicas": 3, "rollout": DEFAULT}),
        ({"mode": "global"},
         {"daemonset": True, "rollout": {"strategy": "daemonset", "max_surge": 0, "max_unavailable": 1}}),
        ({"mode": "replicated-job", "replicas": 3},
         {"replicas": 3, "create": True, "rollout": {"strategy": "all_at_once"}}),
        ({"mode": "global-job"}, {"daemonset": True, "create": True, "rollout": {"strategy": "all_at_once"}}),
    ],
)  # fmt: skip
def test_modes(tmp_path: Path, deploy: Any, expected: Any) -> None:
    assert web(tmp_path, stack(deploy)) == {"images": ["app:1"], "pull_policy": "if_not_present", **expected}


@pytest.mark.parametrize(
    ("given", "policy"),
    [({"image": "app"}, "if_not_present"), ({"pull_policy": "missing"}, "if_not_present"),
     ({"pull_policy": "always"}, "always"), ({"pull_policy": "daily"}, "always"),
     ({"pull_policy": "every_12h"}, "always")],
)  # fmt: skip
def test_swarm_resolves_a_tag_once(tmp_path: Path, given: Any, policy: str) -> None:
    assert web(tmp_path, stack(**given))["pull_policy"] == policy


@pytest.mark.parametrize(
    ("check", "startup"),
    [
        ({"test": "true"}, "30 s"),
        ({"test": ["CMD", "true"], "interval": "12s"}, "12 s"),
        ({"test": "true", "interval": "12s", "start_period": "40s"}, "5 s"),
        ({"test": "true", "interval": "12s", "start_period": "40s", "start_interval": "2s"}, "2 s"),
        ({"test": "true", "interval": "1s", "start_period": "40s"}, "1 s"),
        ({"test": "true", "start_period": "3s"}, "3 s"),
        ({"test": "true", "start_period": "0s"}, "30 s"),
        ({"test": "true", "disable": True}, None),
        ({"test": ["NONE"]}, None),
        ({"interval": "10s"}, None),  # the test is the image's, if there is one
    ],
)  # fmt: skip
def test_a_task_with_a_health_check_does_not_run_before_the_first(tmp_path: Path, check: Any, startup: Any) -> None:
    content = stack(healthcheck=check)
    assert web(tmp_path, content).get("startup") == startup
    keys = [one.key for one in made_of(tmp_path, content).assumed]
    assert ("workloads.web.startup" in keys) is (startup is not None)
    assert ("rollout.startup" in keys) is (startup is None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"services": {"web": {"build": "."}}},
         "services.web: it is built, and has no image that nodes could pull; give it one: 'image: REGISTRY/web:TAG'"),
        ({"services": {"web": {"build": ".", "image": None}}}, "services.web.image is None"),
        ({"services": {"web": {"image": "a"}, "db": {"command": "x"}}}, "services.db: no image; give it one"),
        (stack(image="${APP:-app}:1"), "services.web.image is '${APP:-app}:1', a variable; let Compose fill it in: "
         "docker compose -f FILE config | rolloutsim import - (of a stack: docker stack config -c FILE)"),
        (stack({"replicas": "${N}"}), "services.web.deploy.replicas is '${N}', a variable"),
        (stack({"update_config": {"delay": "$D"}}), "services.web.deploy.update_config.delay is '$D', a variable"),
        (stack(extends={"service": "base"}), "services.web.extends: let Compose fill it in"),
        ({"include": ["more.yml"], **stack()}, "it includes other files; let Compose join them"),
        (stack({"mode": "all"}), "services.web.deploy.mode is 'all'; allowed: replicated, global"),
        (stack({"replicas": -1}), "deploy.replicas is -1; it must be a whole number"),
        (stack({"replicas": 3}, scale=2), "scale is 2 and deploy.replicas 3"),
        (stack({"update_config": {"order": "both"}}), "order is 'both'; allowed: stop-first, start-first"),
        (stack({"update_config": {"delay": "soon"}}), "update_config.delay: 'soon' is not a time"),
        (stack({"update_config": {"delay": 10}}), "update_config.delay"),
        (stack({"update_config": {"paralellism": 1}}), "'paralellism' is unknown; allowed: parallelism, delay"),
        (stack({"mode": "global", "replicas": 2}), "mode global has a task on each node, and no replicas"),
        (stack(pull_policy="maybe"), "services.web.pull_policy is 'maybe'; allowed: always, missing"),
        ({"services": {"web": {"image": "a"}, "db": None}}, "services.db is no map"),
        (stack({"replicas": 0}), "service web is left out: it has no tasks: its replicas are 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where_and_what_to_do(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        made_of(tmp_path, content)
    assert message in str(raised.value)
    assert "stack.yml" in str(raised.value)


def test_what_is_left_out_is_noted(tmp_path: Path) -> None:
    made = made_of(tmp_path, {"services": {
        "web": {"image": "a", "deploy": {"placement": {"max_replicas_per_node": 2}}},
        "tool": {"image": "b", "profiles": ["debug"]},
        "mine": {"image": "c", "build": ".", "pull_policy": "build"},
    }})  # fmt: skip
    assert list(yaml.safe_load(made.text)["workloads"]) == ["web"]
    assert made.notes == (
        "service web: max_replicas_per_node is not taken; tasks are spread evenly",
        "service tool is left out: it starts with the profiles debug only; with them: docker compose --profile debug "
        "config",
        "service mine is left out: its image is built where it runs (pull_policy build), and not pulled",
    )


def test_a_file_without_deploy_is_said_to_be_taken_as_a_stack(tmp_path: Path) -> None:
    made = made_of(tmp_path, stack(scale=3), "compose.yml")
    assert made.notes == (
        "compose.yml is taken as a stack on the nodes of a Swarm; docker compose up starts it on one host",
    )
    assert yaml.safe_load(made.text)["workloads"]["web"]["replicas"] == 3


def test_constraints_are_said_where_nothing_tells_the_nodes(tmp_path: Path) -> None:
    made = made_of(tmp_path, stack({"placement": {"constraints": ["node.role == worker", "node.labels.ssd != no"]}}))
    assert ("workloads.web.groups", "it runs on nodes with node.role == worker, node.labels.ssd != no") in [
        (one.key, one.why) for one in made.assumed
    ]


def test_what_an_update_does_not_carry_is_said(tmp_path: Path) -> None:
    text = made_of(tmp_path, stack({"update_config": {"delay": "3s", "failure_action": "rollback"}})).text
    assert "min_ready is its delay, after which the next task's turn comes; failure_action not taken" in text


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    content = (
        "x-deploy: &deploy {replicas: 3, update_config: {parallelism: 2}}\n"
        "services:\n  web: &web\n    image: app:1\n    deploy: {<<: *deploy, replicas: 5}\n"
        "  api: {<<: *web, image: b}\n"
    )
    found = yaml.safe_load(made_of(tmp_path, content).text)["workloads"]
    assert {name: (one["replicas"], one["images"]) for name, one in found.items()} == {
        "web": (5, ["app:1"]), "api": (5, ["b"]),
    }  # fmt: skip
    assert found["api"]["rollout"]["max_unavailable"] == 2


def test_other_files_with_services_are_none(tmp_path: Path) -> None:
    for content in ({"services": {"app.mailer": {"class": "Mailer"}}}, {"services": ["docker:dind"]}):
        with pytest.raises(UnreadableError, match="nothing that is known here"):
            made_of(tmp_path, content)


def test_a_stack_beside_manifests_of_its_images(tmp_path: Path) -> None:
    manifest = {"layers": [{"digest": "sha256:ab", "size": 5, "mediaType": "application/vnd.oci.image.layer.v1.tar"}]}
    (tmp_path / "app-1.json").write_text(json.dumps(manifest), encoding="utf-8")
    made_of(tmp_path, stack())
    scenario = yaml.safe_load(imported([str(tmp_path)]).text)
    assert "layers" in scenario["images"]["app:1"]
