"""A run's folder as its steps leave it, for the tests of the compliance report; nothing is drawn or spoken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from script_material import RICH, ROOT, fields, narration, sample

from workflow_orchestrator.compliance import Facts, Pack, check_compliance, load_packs, notices, publishable
from workflow_orchestrator.compliance.report import About, build_report
from workflow_orchestrator.compliance.report_page import render_page
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.script import SourceInfo, write_script
from workflow_orchestrator.storage import LocalStorage

ALL = tuple(sorted(path.stem for path in (ROOT / "include" / "compliance").glob("*.yaml")))
SCOPE: dict[str, Any] = {"jurisdictions": ("eu", "uk"), "audience": "retail"}


def packs(names: Sequence[str] = ALL) -> tuple[Pack, ...]:
    """Shipped packs; all of them where none is named."""
    return load_packs(ROOT / "include" / "compliance", names)


def opened(place: Path, *, document: str = "factsheet.pdf") -> RunFolder:
    """A run that got as far as its request."""
    run = RunFolder(LocalStorage(place), "fund_factsheet_video", "r1")
    run.write_json("request.json", {
        "conf": {"document": document, "language": "document", "audience": "retail", "jurisdictions": ["eu", "uk"]},
        "profile": "demo", "triggered_by": "ann", "source": {"name": document, "sha256": "ab" * 32},
    })
    return run


def judged(run: RunFolder, language: str = "en", *, names: Sequence[str] = ALL) -> RunFolder:
    """The run after its script was written and judged."""
    values, scope = sample(RICH[language]), {"language": language, **SCOPE}
    rules = packs(names)
    told = publishable(rules, values=values, **scope)
    warnings = notices(rules, values=told, **scope)
    script = write_script(told, fields(), narration(language), language, warnings, SourceInfo("x.pdf", "0", language))
    report = check_compliance(script, values, fields(), rules, **scope, facts=Facts(date(2026, 11, 22)))
    run.write_json("document.json", {"language": language, "pages": [{"text": ""}, {"text": ""}]})
    run.write_json("values.json", values.to_json())
    run.write_json("script.json", script.to_json())
    run.write_json("compliance.json", report.to_json())
    return run


def about(names: Sequence[str] = ALL, **more: Any) -> About:
    """What the run's folder does not say."""
    given: dict[str, Any] = {
        "workflow": "fund_factsheet_video", "title": "Fund factsheet video", "owner": "fund-marketing", "definition": "sha256:1",
        "packs": packs(names), "label": lambda ref: ref.replace("_", " "), "write_steps": ["write"], **more,
    }
    return About(**given)


def page_of(run: RunFolder, of: About | None = None) -> str:
    """The page of a run's report."""
    return render_page(build_report(run, of or about()), lambda name: name).decode()


class Page(HTMLParser):
    """What a browser would find in a page: elements with their attributes, and the words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]
