"""The compliance report of a run: complete, honest about its sources, the same each time, and safe to open."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_sample import Page, about, judged, opened, packs, page_of

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.compliance import Outcome, RuleResult, SourceStatus
from workflow_orchestrator.compliance.report import STATES, build_report
from workflow_orchestrator.compliance.report_page import HEADLINES, SOURCES
from workflow_orchestrator.compliance.report_page import STATES as SHOWN
from workflow_orchestrator.errors import ComplianceBlockedError
from workflow_orchestrator.record import RunFolder

FUND = ("gdpr", "financial_regulations")
MEMORY = "citation from memory: counsel must confirm"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}\x00\x1b[31m</td></table><style>*{display:none}</style>"


def result(rule: str, outcome: Outcome, **more: Any) -> RuleResult:
    """A verdict on slides or film."""
    given = {"words": "", "citation": "law", "source_status": SourceStatus.MEMORY, "message": "said", "title": "Captions", **more}
    return RuleResult(rule=rule, outcome=outcome, **given)


def with_verdict(run: RunFolder, name: str, *results: RuleResult) -> None:
    """What was read back from slides or film."""
    worst = max((item.outcome for item in results), key=lambda outcome: outcome.rank)
    run.write_json(f"compliance_{name}.json", {"outcome": worst.value, "results": [item.to_json() for item in results]})


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_rule_of_every_pack_is_in_the_report(tmp_path: Path, language: str) -> None:
    """Judged, not applicable, for others or held elsewhere: each rule stands there once, with its citation and how that is known."""
    run = judged(opened(tmp_path), language)
    report = build_report(run, about())
    assert [row["rule"] for row in report["rules"]] == [rule.id for pack in packs() for rule in pack.rules]
    assert [row["rule"] for row in report["elsewhere"]] == [item.id for pack in packs() for item in pack.elsewhere]
    assert {row["state"] for row in report["rules"]} >= {"pass", "needs_approval", "not_applicable", "other_scope"}
    assert {row["state"] for row in report["rules"]} <= set(STATES)
    page = Page(page_of(run))
    for row in [*report["rules"], *report["elsewhere"]]:
        assert row["rule"] in page.words
        assert row["title"] in page.words
        assert row["citation"] in page.words
        assert row["source_status"] in SOURCES
    for row in report["rules"]:
        assert bool(row["looked_at"]) == (row["state"] in [outcome.value for outcome in Outcome])


def test_each_citation_from_memory_is_marked(tmp_path: Path) -> None:
    """As many marks as rows whose citation is from memory, and the mark stands in the row."""
    run = judged(opened(tmp_path))
    report = build_report(run, about())
    rows = [row for row in [*report["rules"], *report["elsewhere"]] if row["source_status"] == "memory"]
    assert len(rows) > 20
    html = page_of(run)
    assert html.count(MEMORY) == len(rows)
    for row in rows:
        assert re.search(rf">{re.escape(row['rule'])}<(?:(?!</tr>|</article>).)*{MEMORY}", html, re.DOTALL), row["rule"]
    assert report["counts"]["from_memory"] == sum(
        row["source_status"] == "memory" and row["state"] != "other_scope" for row in report["rules"]
    )


def test_each_state_has_words_and_a_sign() -> None:
    """What a rule says is never told by colour alone, and every outcome has its headline."""
    assert set(SHOWN) == set(STATES)
    assert all(sign and words for sign, words in SHOWN.values())
    assert set(HEADLINES) == {*(outcome.value for outcome in Outcome), "not_judged"}
    assert set(SOURCES) == {status.value for status in SourceStatus}


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """No clock and no path gets into the report."""
    one, two = judged(opened(tmp_path / "one")), judged(opened(tmp_path / "two"))
    assert to_bytes(build_report(one, about())) == to_bytes(build_report(two, about()))
    assert page_of(one) == page_of(two)
    assert str(tmp_path) not in page_of(one)


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    """No script, no style sheet, no font and no picture but the run's own; every link within the page has its target."""
    run = judged(opened(tmp_path))
    run.write("slides/slide_01.png", b"png")
    html = page_of(run)
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    assert not re.search(r"url\(|@import|https?://", html)
    assert [image["src"] for image in page.named("img")] == ["slides/slide_01.png"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [str(link["href"]) for link in page.named("a")]
    assert {link[1:] for link in targets if link.startswith("#")} <= set(ids)
    assert {link for link in targets if not link.startswith("#")} == {"source.pdf", "slides/slide_01.png"}


def test_the_page_can_be_read_aloud(tmp_path: Path) -> None:
    """Language, one heading of the first level and none that skips one, scopes on every heading of a table, names for what scrolls."""
    run = judged(opened(tmp_path), "de")
    run.write("slides/slide_01.png", b"png")
    page = Page(page_of(run))
    assert page.named("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(head.get("scope") in ("col", "row") for head in page.named("th"))
    assert all(image.get("alt") for image in page.named("img"))
    regions = [attributes for _, attributes in page.elements if attributes.get("tabindex") == "0"]
    assert all(region.get("role") == "region" and region.get("aria-label") for region in regions)
    assert "de" in {words.get("lang") for words in page.named("bdi")}


def test_colours_can_be_told_apart(tmp_path: Path) -> None:
    """Text on its ground has a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3)."""
    css = page_of(judged(opened(tmp_path), names=("gdpr",)), about(("gdpr",))).partition("<style>")[2].partition("</style>")[0]
    variables = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    pairs = re.findall(r"color: (#[0-9a-f]{6}); background: (#[0-9a-f]{6})", css)
    assert len(pairs) >= 5
    pairs += [(variables[name], ground) for name in ("ink", "soft", "link") for ground in ("#ffffff", variables["back"])]
    pairs += [(colour, "#ffffff") for colour in re.findall(r"\.memory \{ color: (#[0-9a-f]{6})", css)]
    assert min(contrast(*pair) for pair in pairs) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_hostile_words_are_only_words(tmp_path: Path) -> None:
    """Names, quotes, words, people, reasons and errors that hold markup are shown as they are, and become no element."""
    run = judged(opened(tmp_path, document=HOSTILE), names=("gdpr",))
    values = run.read_json("values.json")
    values[0]["evidence"]["quote"] = HOSTILE
    run.write_json("values.json", values)
    found = run.read_json("compliance.json")
    found["results"][0] |= {"outcome": "block", "message": HOSTILE, "words": HOSTILE, "where": HOSTILE, "looked_at": HOSTILE}
    run.write_json("compliance.json", found)
    with_verdict(run, "video", result("GEN-CAP-01", Outcome.BLOCK, words=HOSTILE, message=HOSTILE, where=HOSTILE))
    change = {"ref": "isin", "before": None, "after": {"words": HOSTILE, "page": 1}, "action": "entered", "by": HOSTILE, "at": HOSTILE}
    run.write_json("validation.json", {"corrections": [change]})
    run.write_json("approval.json", {"decision": "rejected", "mode": "person", "by": HOSTILE, "at": "1", "content": "", "reason": HOSTILE})
    run.write_json("decisions.json", {"decisions": [{"decision": HOSTILE, "by": HOSTILE, "at": "1", "note": HOSTILE}]})
    ending = {"outcome": "failed", "error": {"step": HOSTILE, "error": HOSTILE, "message": HOSTILE}}
    of = about(("gdpr",), title=HOSTILE, owner=HOSTILE, ending=ending, label=lambda ref: f"{ref} {HOSTILE}")
    html = page_of(run, of)
    page, clean = Page(html), Page(page_of(judged(opened(tmp_path / "clean"), names=("gdpr",)), about(("gdpr",))))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in clean.elements} | {"article", "blockquote", "h3", "br"}
    assert len(page.named("style")) == 1
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "\x00" not in html
    assert "\x1b" not in html
    shown = HOSTILE.replace("\x00", "").replace("\x1b", "")
    assert page.words.count(shown) >= 15
    assert "49" not in [word.strip("{}") for word in page.words.split()]


def test_a_finding_says_where_it_stands(tmp_path: Path) -> None:
    """A place of the script is told by slide, heading and sentence, and the values that a rule is about lead to their evidence."""
    run = judged(opened(tmp_path))
    found, script = run.read_json("compliance.json"), run.read_json("script.json")
    segment = script["segments"][2]
    row = next(row for row in found["results"] if row["rule"] == "GEN-WORD-01")
    row |= {"outcome": "block", "words": "It is guaranteed.", "where": f"{segment['id']}.sentences[0] (spoken)"}
    run.write_json("compliance.json", {**found, "outcome": "block"})
    report = build_report(run, about())
    (finding,) = next(rule for rule in report["rules"] if rule["rule"] == "GEN-WORD-01")["findings"]
    assert finding["place"] == f"slide 3 “{segment['heading']}”, sentence 1, as spoken"
    refs = [value["ref"] for value in report["values"]]
    dated = next(rule for rule in report["rules"] if rule["rule"] == "GEN-DATE-01")
    assert "as_of_date" in dated["refs"]
    assert set(dated["refs"]) <= set(refs)
    told = {value["ref"]: value["slides"] for value in report["values"]}
    assert told["as_of_date"]
    page = Page(page_of(run))
    assert finding["place"] in page.words
    assert f"#value-{refs.index('as_of_date') + 1}" in [link["href"] for link in page.named("a")]
    assert "Blocks" in page.words


def test_a_script_that_a_rule_blocked_has_its_report(tmp_path: Path) -> None:
    """Where the step kept the verdict and no script, the report says what blocked, by which law, and how the run ended."""
    run = judged(opened(tmp_path), names=FUND)
    found = run.read_json("compliance.json")
    found["results"][0] |= {"outcome": "block", "message": "risk.sentences[1] says it", "where": "risk.sentences[1]"}
    run.write_json("compliance.json", {**found, "outcome": "block"})
    run.delete("script.json")
    error = {"step": "write", "error": "ComplianceBlockedError", "message": "one compliance rule blocks the script"}
    report = build_report(run, about(FUND, ending={"outcome": "failed", "error": error}))
    assert report["verdict"] == {"overall": "block", "script": "block", "slides": "not_judged", "video": "not_judged"}
    assert report["rules"][0]["findings"][0]["place"] == "slide “risk”, sentence 2"
    words = Page(page_of(run, about(FUND, ending={"outcome": "failed", "error": error}))).words
    assert "The run failed in write." in words
    assert "Nobody decided: the run ended without." in words
    assert HEADLINES["block"] in words


def test_a_model_whose_answer_was_refused_has_its_report(tmp_path: Path) -> None:
    """No verdict was kept: what the error says blocked is told, and no other rule counts as passed."""
    run = opened(tmp_path)
    row = result("GEN-WORD-01", Outcome.BLOCK, words="It is guaranteed.", title="No promise", pack="financial_regulations 1")
    with pytest.raises(ComplianceBlockedError), run.reporting("write", 1):
        raise ComplianceBlockedError("one compliance rule blocks the script", results=[row.to_json()])
    report = build_report(run, about())
    states = {rule["rule"]: rule["state"] for rule in report["rules"]}
    assert [name for name, state in states.items() if state == "block"] == ["GEN-WORD-01"]
    assert set(states.values()) == {"block", "not_judged", "other_scope"}
    assert "It is guaranteed." in page_of(run)


def test_a_verdict_of_an_earlier_script_does_not_stand_for_a_refused_one(tmp_path: Path) -> None:
    """A run that was cleared still holds what its first script passed; the answer that was refused since is what is told."""
    run = judged(opened(tmp_path))
    row = result("GEN-WORD-04", Outcome.BLOCK, words="Buy it.")
    with pytest.raises(ComplianceBlockedError), run.reporting("write", 2):
        raise ComplianceBlockedError("one compliance rule blocks the script", results=[row.to_json()])
    report = build_report(run, about())
    assert report["verdict"]["script"] == "block"
    assert not [rule for rule in report["rules"] if rule["state"] == "pass"]


def test_a_run_that_was_refused_at_its_door_has_its_report(tmp_path: Path) -> None:
    """Without a request, a document or a script, every rule is told as not judged, and nothing is claimed."""
    run = opened(tmp_path)
    run.delete("request.json")
    ending = {"outcome": "failed", "error": {"step": "extract", "error": "NotAPdfError", "message": "it is no PDF"}}
    report = build_report(run, about(ending=ending))
    assert report["verdict"]["overall"] == "not_judged"
    assert {rule["state"] for rule in report["rules"]} <= {"not_judged", "other_scope"}
    words = Page(page_of(run, about(ending=ending))).words
    assert "NotAPdfError: it is no PDF" in words
    assert HEADLINES["not_judged"] in words


def test_slides_and_film_count(tmp_path: Path) -> None:
    """What was read back stands beside the rule that asks for it; the gravest of all is the report's own verdict."""
    run = judged(opened(tmp_path), names=FUND)
    names = ("GEN-CAP-01", "GEN-LEG-01")
    with_verdict(run, "slides", *(result(name, Outcome.PASS, where="slides.pdf", looked_at="10 pages") for name in names))
    block = result("GEN-CAP-01", Outcome.BLOCK, where="captions.vtt", message="the captions say 'x'", words="x")
    with_verdict(run, "video", block, result("OWN-1", Outcome.PASS, where="video.mp4", looked_at="all of it"))
    report = build_report(run, about(FUND))
    assert report["verdict"] == {"overall": "block", "script": "needs_approval", "slides": "pass", "video": "block"}
    captions = next(item for item in report["elsewhere"] if item["rule"] == "GEN-CAP-01")
    assert [(check["of"], check["outcome"]) for check in captions["checks"]] == [("slides", "pass"), ("video", "block")]
    assert [item["rule"] for item in report["elsewhere"]][-1] == "OWN-1"
    assert "the captions say 'x'" in Page(page_of(run)).words


def test_the_decision_is_told_with_what_came_before(tmp_path: Path) -> None:
    """Who decided, whether it is about what the run holds now, and every answer before it with its edits."""
    run = judged(opened(tmp_path))
    approval = {"decision": "approved", "mode": "person", "by": "eve", "at": "2026-11-29", "content": "sha256:1", "note": "fine"}
    run.write_json("approval.json", {**approval, "release": ["x"], "history": []})
    rejected = {"decision": "rejected", "by": "bob", "at": "2026-11-28", "reason": "too long"}
    run.write_json("decisions.json", {"decisions": [rejected, approval]})
    report = build_report(run, about(content="sha256:1"))
    assert report["approval"] == approval
    assert [one["by"] for one in report["decisions"]] == ["bob", "eve"]
    words = Page(page_of(run, about(content="sha256:1"))).words
    assert "Approved by eve" in words
    assert "too long" in words
    assert "exactly the content that this run holds" in words
    assert "The content has changed since" in Page(page_of(run, about(content="sha256:2"))).words


def test_values_are_bound_to_page_and_printed_words(tmp_path: Path) -> None:
    """Each value of the run is in the table with its page, its printed words, who read it, and the slides that tell it."""
    run = judged(opened(tmp_path))
    report = build_report(run, about())
    kept = run.read_json("values.json")
    assert [(row["printed"], row["page"]) for row in report["values"]] == [
        (item["evidence"]["quote"], item["evidence"]["page"]) for item in kept
    ]
    words = Page(page_of(run)).words
    assert all(item["evidence"]["quote"] in words for item in kept)


def test_the_report_of_a_run_with_maps_leads_to_those_of_its_items(tmp_path: Path) -> None:
    """Each item's page is linked."""
    run = opened(tmp_path)
    page = Page(page_of(run, about(items=["each/m/0/compliance.html", "each/m/1/compliance.html"])))
    links = [link["href"] for link in page.named("a")]
    assert {"each/m/0/compliance.html", "each/m/1/compliance.html"} <= set(links)


def test_packs_that_are_gone_do_not_take_their_verdicts_along(tmp_path: Path) -> None:
    """A verdict of a rule that no pack has any more is told by what the verdict itself says."""
    run = judged(opened(tmp_path), names=FUND)
    report = build_report(run, about(("gdpr",)))
    known = {rule.id for pack in packs(("gdpr",)) for rule in pack.rules}
    others = [rule for rule in report["rules"] if rule["rule"] not in known]
    assert len(others) > 20
    assert {rule["pack"].split()[0] for rule in others} == {"financial_regulations"}
    assert all(rule["citation"] and rule["title"] for rule in others)
