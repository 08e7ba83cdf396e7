"""Release by named people on a served Airflow in the production profile: each way that it ends, by the REST API and by states.

rita asks for the videos and belongs to the officers, as do olga and paul; walter may answer questions but belongs to no group, vic may
only look. One workflow is the shipped one; `quick` is the same with a question that stays open for seconds.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow_here import LocalAirflow
from served_airflow import LONGEST, WORKFLOW, Served

pytestmark = [pytest.mark.airflow, pytest.mark.served]

RELEASE = "approve_content"
QUICK = "quick_factsheet_video"
PEOPLE = {"rita": "user", "olga": "user", "paul": "user", "walter": "user", "vic": "viewer"}
EDITS, APPROVE, REJECT = "Send back with edits", "Approve", "Reject"


class Office(Served):
    """The served Airflow, and what its people do."""

    def begin(self, workflow: str, run_id: str, sample: str) -> None:
        """rita triggers a run of a sample."""
        inbox = self.airflow.storage / "inbox" / workflow
        inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.samples / f"{sample}.pdf", inbox / f"{run_id}.pdf")
        body = {"logical_date": None, "dag_run_id": run_id, "conf": {"document": f"{run_id}.pdf"}}
        self.airflow.client_of("rita").post(f"/dags/{workflow}/dagRuns", json=body).raise_for_status()

    def say(self, who: str, run_id: str, option: str, **form: Any) -> int:
        """Somebody answers the question of a run; Airflow's status code."""
        path = f"/dags/{WORKFLOW}/dagRuns/{run_id}/taskInstances/{RELEASE}/-1/hitlDetails"
        answer = {"chosen_options": [option], "params_input": form}
        code = self.airflow.client_of(who).patch(path, json=answer).status_code
        if code == httpx.codes.OK:
            # The answer is taken at once, the task's state follows with the scheduler's next round.
            for _ in self.airflow.watch(WORKFLOW, run_id, LONGEST, until=lambda states: states[RELEASE] != "awaiting_input"):
                pass
        return code

    def asked(self, run_id: str, attempt: int) -> dict[str, Any]:
        """The question of an attempt, once it is put and the scheduler has heard so."""
        for _, tasks in self.airflow.watch(WORKFLOW, run_id, LONGEST):  # noqa: B007
            pass
        release = next(task for task in tasks if task["task_id"] == RELEASE)
        assert (release["state"], release["try_number"]) == ("awaiting_input", attempt)
        return self.question(run_id, RELEASE)

    def ended(self, run_id: str, workflow: str = WORKFLOW) -> tuple[str, dict[str, Any]]:
        """How a run ended, and its manifest."""
        state = ""
        for state, _ in self.airflow.watch(workflow, run_id, LONGEST, until=lambda _: False):  # noqa: B007
            pass
        path = self.airflow.storage / "runs" / workflow / run_id / "manifest.json"
        return state, json.loads(path.read_text())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Office]:
    """An Airflow of its own; three runs and a quick one are under way when it is handed out."""
    folder = tmp_path_factory.mktemp("office")
    for name in ("dags", "include"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "hostile"))
    for other in (folder / "dags").iterdir():
        if other.is_dir() and other.name != WORKFLOW:
            shutil.rmtree(other)
    replace(folder / "include/orchestrator.yaml", "  compliance: []", "  compliance: [rita, olga, paul]")
    shutil.copytree(folder / "dags" / WORKFLOW, folder / "dags" / QUICK)
    shutil.copytree(folder / "include/prompts" / WORKFLOW, folder / "include/prompts" / QUICK)
    quick = folder / "dags" / QUICK / "workflow.yaml"
    replace(quick, f"workflow: {WORKFLOW}", f"workflow: {QUICK}")
    replace(
        quick, "show: [script, slides], within: 2d, remind: {every: 1d,", "show: [script, slides], within: 40s, remind: {every: 15s,"
    )
    (folder / "dags" / QUICK / "scenarios.yaml").unlink()
    quicker = {"AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1"}
    with LocalAirflow(
        folder / "state", profile="production", dags=folder / "dags", environment=quicker, people=PEOPLE
    ) as airflow:
        there = Office(airflow, root / "include" / "samples")
        for dag in (WORKFLOW, QUICK):
            airflow.wait_for_dag(dag)
        there.begin(WORKFLOW, "edited", "aldermoor_global_equity_en")
        there.begin(WORKFLOW, "refused", "brevalon_obligations_euro_fr")
        there.begin(QUICK, "ignored", "tannhorst_europa_dividende_de")
        yield there


def replace(path: Path, old: str, new: str) -> None:
    """Puts other words into a file that has these once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def figure_field(question: dict[str, Any]) -> tuple[str, str]:
    """The first editable sentence with a percentage: its field and its words."""
    for name, part in question["params"].items():
        words = part["value"] or ""
        if name != "reason" and re.search(r"\d\s?%", words):
            return name, words
    raise AssertionError(f"no sentence with a figure among {list(question['params'])}")


def test_only_those_who_are_asked_may_answer(office: Office) -> None:
    """Who may only look, who is in no group, and who asked for the video herself: Airflow refuses each with 403."""
    question = office.asked("edited", 1)
    assert [user["id"] for user in question["assigned_users"]] == ["olga", "paul"]
    assert "rita" in question["body"]
    for who in ("vic", "walter", "rita", "admin"):
        assert office.say(who, "edited", APPROVE) == 403, who
    state = office.airflow.get(f"/dags/{WORKFLOW}/dagRuns/edited/taskInstances/{RELEASE}")
    assert (state["state"], state["try_number"]) == ("awaiting_input", 1)


def test_edits_are_checked_shown_and_released_by_somebody_else(office: Office) -> None:
    """An invented figure comes back with the reason; a good edit makes a new content, which its editor cannot release."""
    first = office.asked("edited", 1)
    field, words = figure_field(first)
    assert office.say("olga", "edited", EDITS, **{field: f"{words} Next year it will be 99.9%."}) == 200
    second = office.asked("edited", 2)
    assert "99.9" in second["params"][field]["value"]
    assert "NOT TAKEN" in second["params"][field]["description"]
    assert hash_of(second) == hash_of(first)
    better = f"According to the factsheet: {words[0].lower()}{words[1:]}"
    assert office.say("olga", "edited", EDITS, **{field: better}) == 200
    third = office.asked("edited", 3)
    assert hash_of(third) != hash_of(first)
    assert "According to the factsheet" in third["body"]
    assert office.say("olga", "edited", APPROVE) == 200
    office.asked("edited", 4)
    assert office.say("paul", "edited", APPROVE, reason="Read against the factsheet.") == 200
    state, manifest = office.ended("edited")
    assert state == "success", manifest["error"]
    approval = manifest["approval"]
    assert (approval["decision"], approval["by"], approval["requested_by"]) == ("approved", "paul", "rita")
    assert (approval["content"], approval["four_eyes"]) == (hash_of(third), True)
    captions = (office.folder("edited") / "captions.vtt").read_text().replace("\n", " ")
    assert "According to the factsheet" in captions
    told = [one["decision"] for one in approval["history"]]
    assert told == ["not_taken", "sent_back", "not_taken"]


def hash_of(question: dict[str, Any]) -> str:
    """The hash that an approval of this question would release."""
    found = re.search(r"sha256:[0-9a-f]{64}", question["body"])
    assert found
    return found[0]


def test_a_rejection_says_why(office: Office) -> None:
    """Without a reason the question is put again; with one the run fails, and the record has it."""
    office.asked("refused", 1)
    assert office.say("paul", "refused", REJECT) == 200
    office.asked("refused", 2)
    assert office.say("olga", "refused", REJECT, reason="The strategy is out of date.") == 200
    state, manifest = office.ended("refused")
    assert state == "failed"
    assert manifest["error"]["error"] == "ApprovalError"
    assert "The strategy is out of date." in manifest["error"]["message"]
    assert (manifest["approval"]["decision"], manifest["approval"]["by"]) == ("rejected", "olga")
    assert not (office.folder("refused") / "video.mp4").exists()


def test_silence_never_means_yes(office: Office) -> None:
    """The channel is reminded while the question is open, in the same attempt; then the run fails."""
    state, manifest = office.ended("ignored", QUICK)
    assert state == "failed"
    assert "never means yes" in manifest["error"]["message"]
    (release,) = [step for step in manifest["steps"] if step["step"] == RELEASE]
    assert len(release["attempts"]) == 1
    assert release["attempts"][0]["facts"]["reminded"] >= 1
    assert manifest["approval"] is None


def test_what_was_changed_after_the_release_is_not_published(office: Office) -> None:
    """Another byte in a file that was released, and the step that makes the video stops; the release is asked for anew."""
    state, _ = office.ended("edited")
    assert state == "success"
    deck = office.folder("edited") / "slides.pptx"
    deck.write_bytes(deck.read_bytes() + b" ")
    clear = {
        "dry_run": False, "only_failed": False, "only_running": False, "task_ids": ["start_video_generation"],
        "dag_run_id": "edited", "include_downstream": True, "reset_dag_runs": True,
    }  # fmt: skip
    office.airflow.client.post(f"/dags/{WORKFLOW}/clearTaskInstances", json=clear).raise_for_status()
    state, manifest = office.ended("edited")
    assert state == "failed"
    assert (manifest["error"]["error"], manifest["error"]["step"]) == ("ApprovalError", "start_video_generation")
    assert "is void" in manifest["error"]["message"]
