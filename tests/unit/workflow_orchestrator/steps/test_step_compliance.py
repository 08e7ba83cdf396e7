"""What the rules say of slides and film in the steps that make them: kept, released with the content, and nothing of a breach published."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from step_lab import Bench, opened, work_on

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.compliance import ComplianceReport, Outcome, RuleResult, SourceStatus, load_packs
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow, WriteStep
from workflow_orchestrator.errors import ComplianceBlockedError, VideoCheckError
from workflow_orchestrator.record import RunFolder, summary_of
from workflow_orchestrator.record.manifest import add_artifacts, ending_in
from workflow_orchestrator.rendering import VideoJob
from workflow_orchestrator.scenarios import run_document
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.steps import slide, video
from workflow_orchestrator.steps.compliance_report import DATA, PAGE, keep_report, keep_reports
from workflow_orchestrator.steps.judging import Judge, Scope
from workflow_orchestrator.steps.release import content_of
from workflow_orchestrator.steps.work import Work
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"
SAID = ("The fund invests in shares.", "Its documents are with the management company.")


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow with the one pack that asks for no warnings."""
    shipped = load_workflow(root / "dags" / NAME, root / "include")
    return replace(shipped, rules=replace(shipped.rules, compliance_checks=("gdpr",)))


@dataclass
class Studio(Bench):
    """Services that make the film once, and hand out copies that a test may change."""

    made: Path | None = None
    change: Callable[[Path], None] = lambda folder: None

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        if self.made is None:
            return super().make_video(provider, job, key, folder)
        out = folder / "out"
        out.mkdir()
        for path in self.made.iterdir():
            (out / path.name).write_bytes(path.read_bytes())
        self.change(out)
        return sorted(out.iterdir())


def released(place: Path, workflow: Workflow) -> RunFolder:
    """A run whose two slides were released."""
    run = opened(place, workflow)
    segments = tuple(
        Segment(f"part_{number}", SlideKind.TEXT, f"Part {number}", (Sentence(text, text),)) for number, text in enumerate(SAID)
    )
    run.write_json("script.json", Script("en", "Fund", "Fund", "Kicker", "", "Source", segments).to_json())
    run.write_json("values.json", [])
    run.write_json("compliance.json", ComplianceReport(()).to_json())
    run.write_json("compliance_slides.json", ComplianceReport(()).to_json())
    run.write("slides.pdf", b"pdf")
    run.write("slides.pptx", b"pptx")
    for number, colour in enumerate(("navy", "teal"), start=1):
        path = place / f"{number}.png"
        Image.new("RGB", (1920, 1080), colour).save(path)
        run.put_file(f"slides/slide_{number:02}.png", path)
    run.write_json("approval.json", {"decision": "approved", "mode": "person", "by": "eve", "at": "1", "content": content_of(run)})
    return run


def filming(run: RunFolder, workflow: Workflow, services: Bench) -> Work:
    """The stint of the video step."""
    return work_on(run, workflow, next(step for step in workflow.steps if step.kind == "video"), services)


@pytest.fixture(scope="module")
def film(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a film that the real step made and kept."""
    run = released(tmp_path_factory.mktemp("film"), workflow)
    video.perform(filming(run, workflow, Studio()))
    folder = tmp_path_factory.mktemp("made")
    run.fetch([name for name in ("video.mp4", "captions.vtt", "captions.srt", "video.json") if run.exists(name)], folder)
    (folder / "compliance_video.json").write_bytes(run.read("compliance_video.json"))
    return folder


@pytest.fixture
def studio(film: Path, tmp_path: Path) -> Studio:
    """Hands out that film."""
    made = tmp_path / "made"
    made.mkdir()
    for path in film.iterdir():
        if path.name != "compliance_video.json":
            (made / path.name).write_bytes(path.read_bytes())
    return Studio(made=made)


def test_the_finished_film_is_judged(film: Path) -> None:
    """Captions beside and inside the film, the time of the warnings, and the mark: each looked at in the real file, each on record."""
    rows = json.loads((film / "compliance_video.json").read_bytes())["results"]
    assert {row["outcome"] for row in rows} == {"pass"}
    assert {(row["rule"], row["where"]) for row in rows} >= {
        ("GEN-CAP-01", "captions.vtt"), ("GEN-CAP-01", "video.mp4"), ("GEN-LEG-01", "video.mp4"), ("AIA-01", "video.mp4"),
    }
    assert next(row for row in rows if row["rule"] == "AIA-01")["pack"].startswith("gdpr ")
    assert json.loads((film / "video.json").read_bytes())["mark"]["source_type"] == "compositeSynthetic"


def other_word(folder: Path) -> None:
    """Captions that say something else."""
    path = folder / "captions.vtt"
    path.write_text(path.read_text().replace("shares", "bonds"))


def other_word_inside(folder: Path) -> None:
    """A subtitle track that says something else."""
    path = folder / "video.mp4"
    data = path.read_bytes()
    assert data.count(b"invests in shares") == 1
    path.write_bytes(data.replace(b"invests in shares", b"invests in stocks"))


def no_mark(folder: Path) -> None:
    """A film without its last box."""
    path = folder / "video.mp4"
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"uuid") - 4])


@pytest.mark.parametrize(
    ("change", "rule", "message"),
    [
        (other_word, "GEN-CAP-01", "the captions say 'bonds.' where the script says 'shares.'"),
        (other_word_inside, "GEN-CAP-01", "the captions say 'stocks.' where the script says 'shares.'"),
        (no_mark, "AIA-01", "does not say that it was made by a machine"),
    ],
)
def test_nothing_of_a_film_that_a_rule_blocks_is_kept(
    tmp_path: Path, workflow: Workflow, studio: Studio, change: Callable[[Path], None], rule: str, message: str
) -> None:
    """The step ends with the named error; the verdict is on record, the film is nowhere."""
    run = released(tmp_path / "run", workflow)
    studio.change = change
    work = filming(run, workflow, studio)
    with pytest.raises(ComplianceBlockedError, match="one compliance rule blocks the video") as caught:
        video.perform(work)
    assert message in caught.value.message
    assert [row["rule"] for row in caught.value.details["results"]] == [rule]
    assert run.read_json("compliance_video.json")["outcome"] == "block"
    assert [artifact.name for artifact in work.report.artifacts] == ["compliance_video.json"]
    assert not [name for name in ("video.mp4", "captions.vtt", "video.json") if run.exists(name)]


def test_a_provider_that_gives_no_film_is_refused(tmp_path: Path, workflow: Workflow, studio: Studio) -> None:
    """The error lists what it gave instead."""
    run = released(tmp_path / "run", workflow)
    studio.change = lambda folder: (folder / "video.mp4").unlink()
    with pytest.raises(VideoCheckError, match=r"and no video\.mp4"):
        video.perform(filming(run, workflow, studio))
    assert not run.exists("compliance_video.json")


def test_the_verdict_on_slides_stands_before_it_stops_the_step(tmp_path: Path, workflow: Workflow) -> None:
    """Slides that a rule blocks are not kept, and what was wrong with them is."""

    class Drawing(Bench):
        def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
            row = RuleResult("GEN-CAP-01", Outcome.BLOCK, "x", "law", SourceStatus.MEMORY, "slides.pdf says x")
            (folder / "compliance_slides.json").write_bytes(to_bytes(ComplianceReport((row,)).to_json()))
            (folder / "slide_01.png").write_bytes(b"png")
            return [folder / "slide_01.png"]

    run = opened(tmp_path, workflow)
    work = work_on(run, workflow, next(step for step in workflow.steps if step.kind == "slide"), Drawing())
    with pytest.raises(ComplianceBlockedError, match=r"(?s)blocks the slides.*slides\.pdf says x"):
        slide.perform(work)
    assert run.read_json("compliance_slides.json")["outcome"] == "block"
    assert run.names("slides", ".png") == []


def test_a_release_covers_the_verdict_on_the_slides(tmp_path: Path, workflow: Workflow) -> None:
    """Another verdict on the slides is other content."""
    run = released(tmp_path, workflow)
    before = content_of(run)
    run.write_json("compliance_slides.json", ComplianceReport((), packs=("gdpr 2",)).to_json())
    assert content_of(run) != before


def test_the_report_lies_beside_what_it_is_about(tmp_path: Path, workflow: Workflow) -> None:
    """Written before the release, again at the end, and the manifest lists it as it is then."""
    run = released(tmp_path, workflow)
    before = keep_report(run, workflow)
    assert [artifact.name for artifact in before] == [DATA, PAGE]
    assert run.read_json(DATA)["content"] == content_of(run)
    assert b"before the release was asked for" in run.read(PAGE)
    manifest: dict[str, Any] = {
        "outcome": "failed", "error": {"step": "video", "error": "EncoderError", "message": "no", "retryable": True},
        "artifacts": [artifact.to_json() for artifact in before],
    }
    ending = ending_in(manifest)
    assert ending == {"outcome": "failed", "error": {"step": "video", "error": "EncoderError", "message": "no"}}
    after = keep_reports(run, workflow, ending)
    add_artifacts(manifest, after)
    assert [item["name"] for item in manifest["artifacts"]] == [DATA, PAGE]
    assert [item["sha256"] for item in manifest["artifacts"]] == [artifact.sha256 for artifact in after]
    assert before != after
    assert keep_reports(run, workflow, ending) == after


def test_an_item_of_a_map_has_its_own_report(tmp_path: Path, workflow: Workflow) -> None:
    """It reads from the run what it has not itself, and its links lead there."""
    run = released(tmp_path, workflow)
    item = run.item("videos", 0)
    item.write("slides/slide_01.png", b"png")
    item.write_json("compliance.json", ComplianceReport(()).to_json())
    keep_report(item, workflow)
    assert item.holds(PAGE)
    page = item.read(PAGE).decode()
    assert 'src="slides/slide_01.png"' in page
    assert 'href="../../../source.pdf"' in page or "No value was proven" in page
    assert item.read_json(DATA)["run"]["item"] == "each/videos/0"


def test_a_workflow_that_writes_no_script_has_no_report(tmp_path: Path, workflow: Workflow) -> None:
    """Where nothing is said or shown there is nothing to judge."""
    run = released(tmp_path, workflow)
    silent = replace(workflow, steps=tuple(step for step in workflow.steps if step.kind != "write"))
    assert keep_reports(run, silent, {"outcome": "succeeded", "error": None}) == []
    assert not run.exists(PAGE)


def test_a_run_that_failed_has_a_report_in_its_manifest(tmp_path: Path, root: Path) -> None:
    """Recorded at the end of a real run: nothing was judged, the report says why, and the manifest lists and links it."""
    document = tmp_path / "page.pdf"
    document.write_bytes(b"no film and no PDF")
    storage = LocalStorage(tmp_path / "storage")
    shipped = load_workflow(root / "dags" / NAME, root / "include")
    result = run_document(shipped, document, {}, storage, lambda event: None, people=None)
    assert result.outcome == "failed"
    run = RunFolder(storage, NAME, result.manifest["run"]["id"])
    report = run.read_json(DATA)
    assert report["ending"]["error"]["error"] == "NotAPdfError"
    assert {rule["state"] for rule in report["rules"]} == {"not_judged", "other_scope"}
    listed = {item["name"]: item["sha256"] for item in result.manifest["artifacts"]}
    assert listed[PAGE] == sha256(run.read(PAGE))
    assert "[Compliance report](/compliance.html)" in summary_of(result.manifest, lambda name: f"/{name}")


@pytest.mark.parametrize(("pack", "expected"), [("research", "We study pages.\nPage two."), ("gdpr", None)])
def test_the_source_is_at_hand_where_a_rule_compares_with_it(
    tmp_path: Path, workflow: Workflow, pack: str, expected: str | None
) -> None:
    """The text of the pages, and only for a rule on borrowed words; a run that has not read the document has none."""
    run = released(tmp_path, workflow)
    packs = load_packs(workflow.include / "compliance", (pack,))
    step = next(step for step in workflow.steps if isinstance(step, WriteStep))
    judge = replace(Judge.of(work_on(run, workflow, step, Bench()), step, "en"), scope=Scope(packs, "en", ("eu",), "retail"))
    assert judge._document() is None
    run.write_json("document.json", {"pages": [{"text": "We study pages."}, {"text": "Page two."}]})
    assert judge._document() == expected
