"""Why a video says a number: found in what a run wrote, with page, words, prompt, model and person."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from history_made import FLOW, manifest

from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError
from workflow_orchestrator.history.why import figures_in, folder_of_run, why
from workflow_orchestrator.storage import LocalStorage

PROMPT = {"file": f"{FLOW}/extract_factsheet_data", "version": "3", "sha256": "ab" * 32, "rendered": "cd" * 32}


def value(ref: str, printed: str, origin: str = "model", page: int = 2) -> dict[str, Any]:
    field, _, key = ref.partition(".")
    return {
        "field": field, "key": key, "value": printed.strip("%+ ").replace(",", "."), "unit": "%", "origin": origin,
        "evidence": {"page": page, "quote": printed, "label": "1 Jahr"},
    }  # fmt: skip


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """One run that says 3,4 % and 1.234,5; a person put the second one in."""
    made = manifest("one", document="blatt.pdf")
    call = {
        "provider": "openai_compatible", "model": "gpt-x", "request_id": "r1", "at": "2026-11-20T10:00:00+00:00",
        "cost_usd": "0.01", "prompt": PROMPT,
    }  # fmt: skip
    made["steps"][0]["attempts"][-1]["calls"] = [call]
    made["values"] = [value("performance_data.1y", "3,4 %"), value("nav", "1 234,5", "person", 1), value("ter", "3,49 %")]
    made["checks"]["validation"] |= {
        "verdicts": [{"ref": "performance_data.1y", "status": "proven", "reason": "'3,4 %' stands on page 2"}],
        "corrections": [{"ref": "nav", "by": "Dana Data"}],
        "rules": [{"rule": "periods_fit_months", "held": [{"refs": ["performance_data.1y"]}]}],
    }
    script = {
        "writer": "template",
        "segments": [
            {"id": "periods", "sentences": [{"shown": "Über ein Jahr: 3,4 %.", "refs": ["performance_data.1y"]}]},
        ],
    }
    figure = {"ref": "nav", "label": "NAV", "text": "1 234,5"}
    deck = {"slides": [{"id": "facts", "figures": [figure], "beside": []}]}
    storage = LocalStorage(tmp_path / "storage")
    for name, data in (("manifest.json", made), ("script.json", script), ("deck.json", deck)):
        storage.write(f"runs/{FLOW}/one/{name}", to_bytes(data))
    return storage


def asked(storage: LocalStorage, number: str) -> Any:
    return why(lambda name: storage.read(f"runs/{FLOW}/one/{name}"), number)


@pytest.mark.parametrize("number", ["3,4 %", "3.4", "+3,4%"])
def test_a_spoken_number_leads_to_page_words_prompt_and_person(storage: LocalStorage, number: str) -> None:
    """However it is typed."""
    found = asked(storage, number)
    assert [(place.slide, place.how) for place in found.said] == [("periods", "spoken")]
    (origin,) = found.origins
    assert (origin.ref, origin.page, origin.printed, origin.label) == ("performance_data.1y", 2, "3,4 %", "1 Jahr")
    assert "gpt-x" in origin.read_by and origin.call["prompt"] == PROMPT and origin.rules == ("periods_fit_months",)
    assert found.released["by"] == "Kim Legal" and found.written_by == "the narration's templates"


def test_a_shown_number_of_a_person_names_the_person(storage: LocalStorage) -> None:
    """A correction is nobody's model."""
    (origin,) = asked(storage, "1 234,5").origins
    assert (origin.ref, origin.read_by, origin.call) == ("nav", "a person: Dana Data", None)


def test_a_number_that_nobody_says_is_told_as_such(storage: LocalStorage) -> None:
    """A value that the video does not use is found; of a number that is nowhere the nearest are named."""
    unused = asked(storage, "3.49")
    assert unused.said == () and unused.origins[0].ref == "ter"
    nowhere = asked(storage, "3.7")
    assert (nowhere.said, nowhere.origins) == ((), ())
    assert "ter = 3,49 %" in nowhere.nearest
    with pytest.raises(HistoryError, match="no digit"):
        asked(storage, "much")


def test_lists_and_groups_are_told_apart() -> None:
    """A gap before three digits belongs to the number, one before two does not."""
    assert figures_in("p. 1, 2 and 1 234,5 or 12’345.6 – 7.") == {"1", "2", "1234.5", "12345.6", "7"}


def test_a_run_is_found_by_id_folder_or_key(storage: LocalStorage) -> None:
    """One that is not there, or is there twice, is an error that says so."""
    for given in ("one", f"runs/{FLOW}/one", f"{FLOW}/one"):
        assert folder_of_run(storage, given) == f"runs/{FLOW}/one"
    with pytest.raises(DocumentNotFoundError, match="no recorded run 'two'"):
        folder_of_run(storage, "two")
    storage.write("runs/earnings_report_video/one/manifest.json", b"{}")
    with pytest.raises(DocumentNotFoundError, match="several runs"):
        folder_of_run(storage, "one")


def test_the_command_explains(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a screen for a person, as JSON for a program; exit code 1 where the number is nowhere."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", storage.uri)

    def told(*arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        return main(["why", *arguments], out=out, err=io.StringIO(), stdin=io.StringIO()), out.getvalue()

    code, text = told("one", "3,4 %")
    assert code == 0
    for words in ("Über ein Jahr: 3,4 %.", "“3,4 %” beside “1 Jahr” on page 2", "approved by Kim Legal", "version 3"):
        assert words in text
    assert json.loads(told("one", "3.4", "--json")[1])["origins"][0]["ref"] == "performance_data.1y"
    assert told("one", "77")[0] == 1
