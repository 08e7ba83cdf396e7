"""The compose file's topology at work: Celery, PostgreSQL and an S3 store, two of everything behind a proxy."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from topology_project import BULLETIN, NEXT_VERSION, RELEASES, ROLLING, SAMPLES, write_next_platform, write_package
from topology_words import Office, soon

pytestmark = [pytest.mark.airflow, pytest.mark.served]

RELEASE = "approve_content"
RUNS = 20
# Seconds for what takes some on a machine with nothing else to do.
SLOW = 900.0


def test_workers_hold_no_secret_of_the_database(office: Office) -> None:
    """What a worker's process knows, seen from outside: no address, password or key of what only the others need."""
    made = office.topology.places
    for instance in ("worker-1", "worker-2"):
        known = Path(f"/proc/{office.topology.pid(instance)}/environ").read_text()
        given = {path.name: path.read_text() for path in made.secrets_of(office.topology.services["worker"]).iterdir()}
        assert set(given) == {"broker_url", "result_backend", "state_url", "connections.json"}
        for name in ("postgres_password", "fernet_key", "jwt_secret", "api_secret_key"):
            assert all(made.secret(name) not in text for text in (known, *given.values())), name
        assert office.topology.postgres.dsn not in known


def test_the_doctor_says_what_is_true(office: Office) -> None:
    """Nothing is wrong with any service by its own role; secrets, store, login and what a worker must not know are as they are."""
    with ThreadPoolExecutor(2) as pool:
        told = dict(pool.map(lambda service: (service, _doctor(office, service)), ("scheduler", "api-server-1", "worker")))
    for name in ("core.fernet_key", "api_auth.jwt_secret", "api.secret_key", "database.password"):
        assert told["scheduler"][name]["state"] == told["api-server-1"][name]["state"] == "good", name
        assert name not in told["worker"]
    assert told["scheduler"]["database"]["says"] == "postgresql"
    assert told["api-server-1"]["login"]["says"] == "FabAuthManager" and "login" not in told["worker"]
    assert "llm_default" in told["api-server-1"]["models"]["says"] and "models" not in told["worker"]
    assert told["api-server-1"]["storage"]["says"] == "s3://genai-platform answers"
    assert told["worker"]["storage"]["says"] == "s3://genai-platform can be written"
    assert told["worker"]["worker"]["state"] == told["worker"]["ffmpeg"]["state"] == "good"
    for found in told.values():
        assert "celery" not in found and "limits" not in found
        assert "names nobody" in found["groups"]["says"]


def _doctor(office: Office, service: str) -> dict[str, dict[str, Any]]:
    """What the doctor finds in the environment of a service, by area; nothing of it is wrong."""
    told = json.loads(office.command("doctor", "--json", service=service).stdout)
    assert told["good"], [one for one in told["findings"] if one["state"] == "wrong"]
    assert service.startswith(told["role"])
    return {one["area"]: one for one in told["findings"]}


def test_a_release_is_changed_and_taken_back_under_runs(office: Office) -> None:
    """Each run ends with the release that it began with, whatever the pointer names by then."""
    office.client.trigger(BULLETIN, {"document": "document.pdf", "until": soon(75), "force": True}, "first")
    office.client.wait(lambda: _state(office, "first", "hold") == "deferred", SLOW, "the first run waits")
    path = write_package(office.root, office.place / "packages", "1.1.0")
    office.command("release", "deploy", str(path), "--to", RELEASES, "--by", "dora")
    office.client.wait(lambda: _version(office) == "1.1.0", SLOW, "Airflow has 1.1.0")
    office.client.trigger(BULLETIN, {"document": "document.pdf", "force": True}, "second")
    assert office.wait_for_end(BULLETIN, ["second"], SLOW) == {"second": "success"}
    office.command("release", "rollback", BULLETIN, "--to", RELEASES, "--by", "dora")
    office.client.wait(lambda: _version(office) == "1.0.0", SLOW, "Airflow is back at 1.0.0")
    office.client.trigger(BULLETIN, {"document": "document.pdf", "force": True}, "third")
    assert set(office.wait_for_end(BULLETIN, ["first", "third"], SLOW).values()) == {"success"}
    definitions = {}
    for run_id, version in {"first": "1.0.0", "second": "1.1.0", "third": "1.0.0"}.items():
        assert office.client.run(BULLETIN, run_id)["bundle_version"] == version
        assert ("more" in office.client.tasks(BULLETIN, run_id)) == (version == "1.1.0"), run_id
        workflow = office.manifest(BULLETIN, run_id)["workflow"]
        # One definition from the first step to the manifest.
        assert workflow["definitions"] == [workflow["definition"]], run_id
        definitions[run_id] = workflow["definition"]
    assert definitions["first"] == definitions["third"] != definitions["second"]


def _state(office: Office, run_id: str, task: str) -> str | None:
    found: str | None = office.client.tasks(BULLETIN, run_id).get(task, {}).get("state")
    return found


def _version(office: Office) -> str:
    return str(office.client.get(f"/dags/{BULLETIN}")["bundle_version"])


def test_every_workflow_ends_in_a_released_video(office: Office) -> None:
    """Offline, in the production profile: each document waits for somebody else than who asked, and becomes a film in the store."""
    officer = office.officer("olga")
    for workflow in SAMPLES:
        office.client.wait(lambda name=workflow: _asks_or_ended(office, name), SLOW, f"the question of {workflow}")  # type: ignore[misc]
        path = f"/dags/{workflow}/dagRuns/released/taskInstances/{RELEASE}/-1/hitlDetails"
        answer = {"chosen_options": ["Approve"], "params_input": {}}
        given = officer.ask("PATCH", path, json=answer)
        assert given.status_code == 200, given.text
    for workflow in SAMPLES:
        assert office.wait_for_end(workflow, ["released"], SLOW) == {"released": "success"}
        manifest = office.manifest(workflow, "released")
        assert manifest["outcome"] == "succeeded" and manifest["mode"]["name"] == "offline", manifest["error"]
        approval = manifest["approval"]
        assert (approval["decision"], approval["four_eyes"]) == ("approved", True) and approval.get("mode") != "auto", approval
        assert office.artifact(workflow, "released", "video.mp4")[4:8] == b"ftyp"


def _asks_or_ended(office: Office, workflow: str) -> bool:
    task = office.client.tasks(workflow, "released").get(RELEASE, {})
    assert office.client.run(workflow, "released")["state"] != "failed", office.manifest(workflow, "released")["error"]
    return bool(task.get("state") == "awaiting_input")


def test_the_platform_is_replaced_and_no_run_is_lost(office: Office) -> None:
    """Every Airflow service gets a new platform, half at a time, while twenty runs work, wait and queue: all end well."""
    runs = [f"rolling-{number}" for number in range(RUNS)]

    def begin(run_id: str) -> None:
        # Every second one waits meanwhile, deferred to a triggerer that is replaced under it.
        until = soon(75) if int(run_id.rpartition("-")[2]) % 2 else ""
        office.client.trigger(ROLLING, {"document": "document.pdf", "until": until, "force": True}, run_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, runs))
    before = {name: office.topology.pid(name) for name in office.topology.airflow()}
    states = office.client.states(ROLLING)
    assert sum(states[run_id] in ("running", "queued") for run_id in runs) >= RUNS - 2, states
    plugins = write_next_platform(office.topology.places.project, office.place / "next")
    killed = office.topology.replace(plugins)
    after = {name: office.topology.pid(name) for name in office.topology.airflow()}
    assert not [name for name in before if before[name] == after[name]]
    assert not [name for name in killed if name.startswith("worker")], "a worker was killed before its tasks had ended"
    assert office.wait_for_end(ROLLING, runs, SLOW) == dict.fromkeys(runs, "success")
    # Each manifest names the platform that closed its run; one that begins now has the new one from its start.
    assert {office.manifest(ROLLING, run_id)["outcome"] for run_id in runs} == {"succeeded"}
    office.client.trigger(ROLLING, {"document": "document.pdf", "force": True}, "afterwards")
    assert office.wait_for_end(ROLLING, ["afterwards"], SLOW) == {"afterwards": "success"}
    assert office.manifest(ROLLING, "afterwards")["platform"] == NEXT_VERSION
    # Nothing fell by itself meanwhile.
    assert not office.topology.restarts
    tries = [task["try_number"] for run_id in runs for task in office.client.tasks(ROLLING, run_id).values()]
    print(f"{len(tries)} tasks, {sum(tries)} tries, {os.cpu_count()} cores")
