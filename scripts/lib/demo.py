"""The demo: one PDF through Airflow to a narrated video, with live progress, and a truthful end.

Exit codes: 0 the video is there and was probed; 1 the run failed (the named error is printed); 2 the demo itself could not run;
3 the run stopped for a person (what is asked is printed); 130 interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from airflow_client import USER, AirflowNotUp
from airflow_here import ROOT, LocalAirflow, one_at_a_time

sys.path.insert(0, str(ROOT / "plugins"))

WORKFLOW = "fund_factsheet_video"
ASKED = 3
SAMPLE = ROOT / "include/samples/aldermoor_global_equity_en.pdf"
MARKS = {
    "success": "done",
    "failed": "failed",
    "running": "running",
    "queued": "queued",
    "scheduled": "queued",
    "up_for_retry": "will retry",
    "skipped": "not needed",
    "upstream_failed": "not reached",
    "awaiting_input": "waits for a person",
    "deferred": "waiting",
    None: "",
}


def main(arguments: Sequence[str]) -> int:
    """Runs the demo and returns its exit code."""
    options = _options(arguments)
    options.pdf = Path(os.environ.get("GENAI_PLATFORM_CWD", ".")) / options.pdf
    started = time.monotonic()
    state = Path(os.environ.get("GENAI_PLATFORM_STATE", ROOT / ".state")).resolve()
    if not options.pdf.is_file():
        print(f"There is no file {options.pdf}. Give the path of a PDF.", file=sys.stderr)
        return 2
    try:
        connection = _model_connection()
        with one_at_a_time(state) as lock, LocalAirflow(state, environment=connection, port=8080, lock=lock) as airflow:
            print(f"Airflow is up after {time.monotonic() - started:.0f} s at {airflow.url}")
            code = _one_document(airflow, options, connection)
            print(f"\n{time.monotonic() - started:.0f} s from start to end.")
            serve = options.serve or (code == ASKED and _stays(options))
            _say_how_to_look(airflow, serve)
            if serve:
                _serve(airflow)
            return code
    except AirflowNotUp as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except (httpx.HTTPError, OSError) as error:
        print(f"\nThe demo could not go on: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; everything that was started has been ended.", file=sys.stderr)
        return 130


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Turns a fund factsheet PDF into a checked, narrated video, through Airflow.",
        epilog="With OPENAI_API_KEY and OPENAI_MODEL (and OPENAI_BASE_URL for another endpoint) a language model reads and writes; "
        "without them the demo runs in offline mode and says so.",
    )
    parser.add_argument(
        "pdf", nargs="?", type=Path, default=SAMPLE, help="the factsheet (default: a sample of this project)"
    )
    parser.add_argument(
        "--language", choices=("document", "en", "de", "fr"), default="document", help="language of the video"
    )
    parser.add_argument("--audience", choices=("retail", "professional"), default="retail")
    parser.add_argument(
        "--people", action="store_true", help="let a person release the video in the UI (use with --serve)"
    )
    parser.add_argument("--serve", action="store_true", help="keep Airflow up afterwards and print URL and login")
    return parser.parse_args(arguments)


def _model_connection() -> dict[str, str]:
    """The Airflow connection that the shell's OpenAI variables stand for; empty for offline mode.

    Raises:
        AirflowNotUp: an endpoint is named, but not which of its models.
    """
    key, base = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
    if "AIRFLOW_CONN_LLM_DEFAULT" in os.environ or not (key or base):
        return {}
    model = os.environ.get("OPENAI_MODEL") or _only_model(base or "https://api.openai.com/v1", key or "")
    connection = {"conn_type": "llm", "password": key or "none", "host": base, "extra": {"model": model}}
    return {"AIRFLOW_CONN_LLM_DEFAULT": json.dumps({name: value for name, value in connection.items() if value})}


def _only_model(base: str, key: str) -> str:
    try:
        answer = httpx.get(f"{base.rstrip('/')}/models", headers={"Authorization": f"Bearer {key}"}, timeout=20)
        answer.raise_for_status()
        models = [item["id"] for item in answer.json()["data"]]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise AirflowNotUp(f"{base} does not list its models ({error}); set OPENAI_MODEL to the one to use") from None
    if len(models) == 1:
        return str(models[0])
    listed = ", ".join(models[:8])
    raise AirflowNotUp(f"{base} has {len(models)} models ({listed} …); set OPENAI_MODEL to the one to use")


def _one_document(airflow: LocalAirflow, options: argparse.Namespace, connection: Mapping[str, str]) -> int:
    airflow.wait_for_dag(WORKFLOW)
    name = _into_inbox(airflow, options.pdf)
    model = bool(connection) or "AIRFLOW_CONN_LLM_DEFAULT" in os.environ
    mode = "a language model is configured" if model else "offline mode, no language model is used"
    conf = {
        "document": name,
        "language": options.language,
        "audience": options.audience,
        "force": True,
        "approval": "people" if options.people else "auto",
    }
    run_id = airflow.trigger(WORKFLOW, conf, run_id=f"demo_{time.strftime('%Y%m%dT%H%M%S')}", note=f"Demo: {mode}.")
    print(f"Started run {run_id} for {name} ({mode}).")
    if not options.people:
        print("Approval is automatic in this demo, and recorded as such; the production profile refuses that.")
    print()
    state = _show_progress(airflow, run_id)
    if state not in ("success", "failed"):
        return _say_who_is_asked(airflow, run_id, _stays(options))
    return _say_result(airflow, run_id, state)


def _into_inbox(airflow: LocalAirflow, pdf: Path) -> str:
    inbox = airflow.storage / "inbox" / WORKFLOW
    inbox.mkdir(parents=True, exist_ok=True)
    name = pdf.name.replace("\\", "_").strip()
    if pdf.resolve() != (inbox / name).resolve():
        temporary = inbox / ".tmp-demo.pdf"
        shutil.copyfile(pdf, temporary)
        temporary.replace(inbox / name)
    return f"inbox/{WORKFLOW}/{name}"


def _show_progress(airflow: LocalAirflow, run_id: str) -> str:
    """Prints one line per step: live on a terminal, one per change elsewhere. Returns the run's last state."""
    live = sys.stdout.isatty()
    shown: dict[str, str] = {}
    drawn = 0
    state = ""
    for state, tasks in airflow.watch(WORKFLOW, run_id, timeout=900):  # noqa: B007
        lines = {task["task_id"]: _line(task) for task in _in_order(tasks)}
        if live:
            if drawn:
                print(f"\x1b[{drawn}F\x1b[J", end="")
            print("\n".join(lines.values()), flush=True)
            drawn = len(lines)
            continue
        for name, line in lines.items():
            mark = line.split("  ")[0] + str(_state_of(tasks, name))
            if shown.get(name) != mark and _state_of(tasks, name):
                print(line, flush=True)
            shown[name] = mark
    return state


def _in_order(tasks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    # Joins are Airflow's business, not the reader's.
    steps = [task for task in tasks if not task["task_id"].endswith("_settled")]
    order = {name: place for place, name in enumerate(_step_names())}
    return sorted(steps, key=lambda task: order.get(task["task_id"], len(order)))


def _step_names() -> list[str]:
    from workflow_orchestrator.definition import load_workflow

    return [step.name for step in load_workflow(ROOT / "dags" / WORKFLOW, ROOT / "include").steps]


def _state_of(tasks: Sequence[Mapping[str, Any]], name: str) -> str | None:
    return next((task["state"] for task in tasks if task["task_id"] == name), None)


def _line(task: Mapping[str, Any]) -> str:
    state = MARKS.get(task["state"], task["state"])
    seconds = f"{task['duration']:6.1f} s" if task.get("duration") else " " * 8
    attempt = f"attempt {task['try_number']}" if task["try_number"] else ""
    return f"  {task['task_id']:<26} {state:<18} {seconds}  {attempt}".rstrip()


def _manifest(airflow: LocalAirflow, run_id: str) -> dict[str, Any]:
    path = airflow.storage / "runs" / WORKFLOW / run_id / "manifest.json"
    if not path.exists():
        raise AirflowNotUp(f"run {run_id} left no manifest at {path}; see the task logs in {airflow.home / 'logs'}")
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def _say_result(airflow: LocalAirflow, run_id: str, state: str) -> int:
    manifest = _manifest(airflow, run_id)
    folder = airflow.storage / "runs" / WORKFLOW / run_id
    print(f"\n{manifest['mode']['says']}")
    if state == "failed" or manifest["outcome"] != "succeeded":
        error = manifest["error"] or {"step": "?", "error": "unknown", "message": "see the task logs"}
        print(
            f"\nThe run stopped in {error['step']}.\n{error['error']}: {error['message']}\n\nManifest: {_short(folder / 'manifest.json')}"
        )
        return 1
    video = folder / "video.mp4"
    facts = _probe(manifest, video)
    values = manifest["values"]
    print(
        f"{len(values)} values, each bound to a page and its printed words; released by {manifest['approval']['by']}."
    )
    for label, name in (
        ("Video", "video.mp4"),
        ("Slides", "slides.pptx"),
        ("Slides, PDF", "slides.pdf"),
        ("Script", "script.json"),
        ("Data", "values.json"),
        ("Captions", "captions.vtt"),
        ("Manifest", "manifest.json"),
    ):
        print(f"  {label:<12} {_short(folder / name)}")
    print(f"  Probed       {facts}")
    return 0


def _probe(manifest: Mapping[str, Any], video: Path) -> str:
    """Reads the facts out of the finished file itself, and checks that it is the file of the manifest.

    Raises:
        AirflowNotUp: it is not, or it is no video.
    """
    from workflow_orchestrator.rendering.mp4 import probe

    listed = next(item for item in manifest["artifacts"] if item["name"] == "video.mp4")
    if hashlib.sha256(video.read_bytes()).hexdigest() != listed["sha256"]:
        raise AirflowNotUp(f"{video} is not the file that the manifest lists")
    facts = probe(video)
    tracks = []
    for track in facts.tracks:
        size = f" {track.width}×{track.height}" if track.width else f" {track.rate} Hz" if track.rate else ""
        tracks.append(f"{track.profile or track.codec}{size}")
    return f"{facts.duration.total_seconds():.2f} s · {' · '.join(tracks)} · {facts.size / 1e6:.1f} MB"


def _stays(options: argparse.Namespace) -> bool:
    """Whether Airflow stays up for the person who is asked; without a terminal nobody is there to end it."""
    return bool(options.serve or options.people or sys.stdin.isatty())


def _say_who_is_asked(airflow: LocalAirflow, run_id: str, stays: bool) -> int:
    asked = next(task for task in airflow.tasks(WORKFLOW, run_id) if task["state"] == "awaiting_input")
    path = f"/dags/{WORKFLOW}/dagRuns/{run_id}/taskInstances/{asked['task_id']}/-1/hitlDetails"
    detail = airflow.get(path)
    words = re.sub(r"\\([^A-Za-z0-9\s])", r"\1", detail["body"])  # Markdown's escapes are for the browser
    print(f"\nThe run stopped for a person, in {asked['task_id']}.\n\n{detail['subject']}\n\n{words}\n")
    if not stays:
        print("To answer, start the demo with --serve: Airflow ends with this one.")
        return ASKED
    answer = {"chosen_options": detail["options"][:1], "params_input": dict.fromkeys(detail["params"])}
    print(f"Answer in the UI: {airflow.url}/dags/{WORKFLOW}/runs/{run_id}/tasks/{asked['task_id']}/required_actions")
    print(f"or by REST: PATCH {airflow.url}/api/v2{path}\n            {json.dumps(answer)}")
    return ASKED


def _say_how_to_look(airflow: LocalAirflow, serving: bool) -> None:
    if serving:
        print(
            f"\nAirflow stays up: {airflow.url}/dags/{WORKFLOW}\n  login: {USER}\n  password: {airflow.password}\n  end with Ctrl-C"
        )
    else:
        print("To look at the run in Airflow's UI: scripts/demo --serve")


def _serve(airflow: LocalAirflow) -> None:
    while True:
        airflow.check_services()
        time.sleep(1)


def _short(path: Path) -> str:
    place = Path(unquote(urlsplit(str(path)).path))
    return str(place.relative_to(Path.cwd())) if place.is_relative_to(Path.cwd()) else str(place)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # Also when it is ended by a supervisor, or was started in the background, where a shell leaves SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    sys.exit(main(sys.argv[1:]))
