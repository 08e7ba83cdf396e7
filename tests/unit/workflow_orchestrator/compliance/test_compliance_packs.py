"""The rule packs: the shipped ones, the notices they give, and every fault of a wrong one at once."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from script_material import ROOT, fields, packs, plain, sample

from workflow_orchestrator.compliance import Placement, load_packs, notices, places_of
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.script.numerals import find
from workflow_orchestrator.values import ValueSet

ALL = sorted(path.stem for path in (ROOT / "include" / "compliance").glob("*.yaml"))
WRONG = """\
pack: other
title: Wrong
version: "1"
rules:
  - id: EU-A-1
    title: A notice without German
    jurisdictions: [eu, mars]
    citation: law
    source_status: sure
    severity: blok
    trigger: {figures: [nav]}
    check: {notice: {place: end}, words: {negation: allowed, never: {}}}
    examples: {passes: {en: [a], de: [a], fr: [a]}, fails: {en: [x], de: [x], fr: [x]}}
  - id: EU-A-2
    title: Twice
    jurisdictions: [eu]
    citation: law
    source_status: memory
    severity: block
    trigger: always
    check: {notice: {place: end}}
    wording: {en: ["Over 5 years."], fr: ["Sur {nav"]}
    examples: {passes: {en: [a]}, fails: {en: [x], de: [x], fr: [x]}}
  - id: EU-A-2
    title: A pattern that is none
    jurisdictions: [eu]
    languages: [en]
    citation: law
    source_status: memory
    severity: warn
    trigger: allways
    check: {words: {negation: allowed, never: {en: ['(']}}}
    examples: {passes: {en: [a], de: [a], fr: [a]}, fails: {en: [x], de: [x], fr: [x]}}
  - id: EU-A-3
    title: A pattern that is none
    jurisdictions: [eu]
    languages: [en]
    citation: law
    source_status: memory
    severity: warn
    trigger: written_by_model
    check: {words: {negation: allowed, never: {en: ['(']}}}
    wording: {en: ["x"]}
    examples: {passes: {en: [a], de: [a], fr: [a]}, fails: {en: [x], de: [x], fr: [x]}}
"""


def test_shipped_packs_are_complete() -> None:
    """Every rule has a citation with its status, and every notice its words in three languages."""
    rules = [rule for pack in packs() for rule in pack.rules]
    assert len(rules) >= 30
    assert len({rule.id for rule in rules}) == len(rules)
    assert {"block", "needs_approval", "warn"} == {rule.severity.value for rule in rules}
    for rule in rules:
        if rule.wording:
            assert set(rule.wording) == {"en", "de", "fr"}, rule.id


def test_shipped_packs_name_fields_of_the_schema() -> None:
    """A misspelt field would switch a rule off: every field that the packs name exists."""
    named: set[str] = set()
    for pack in packs():
        for rule in pack.rules:
            text = json.dumps([dict(rule.trigger), dict(rule.check)], default=list)
            for key in ("figures", "short", "years", "spans"):
                named |= {f.partition(".")[0] for part in (rule.trigger, rule.check) for f in part.get(key, ())}
            named |= {rule.check[key] for key in ("date", "field", "annualised", "cumulative") if key in rule.check}
            assert text
    assert named <= set(fields())


def test_everything_wrong_is_listed_at_once(tmp_path: Path) -> None:
    """An editor of a pack sees all problems of all packs, with their lines; a missing pack is one of them."""
    (tmp_path / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_packs(tmp_path, ["wrong", "gdrp"])
    text = str(caught.value)
    for expected in (
        "there is no compliance pack 'gdrp'", "the pack is named 'other'", "'mars' is not allowed", "'sure' is not allowed",
        "did you mean 'block'?", "exactly one of", "did you mean 'always'?", "wording has no de",
        "the wording holds the digit '5'", "has no partner", "'(' is no pattern", "only a notice has wording",
        "EU-A-2: there is no example that passes in de, fr",
    ):
        assert expected in text, expected


@pytest.mark.parametrize("gone", ["examples", "passes", "fails", "fr"])
def test_a_rule_without_its_examples_is_refused(tmp_path: Path, gone: str) -> None:
    """No rule is loaded that nobody tried, in each language in which its words matter."""
    text = (ROOT / "include" / "compliance" / "gdpr.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    rule = next(rule for rule in data["rules"] if rule["id"] == "GDPR-02")
    if gone == "examples":
        del rule["examples"]
    elif gone == "fr":
        del rule["examples"]["fails"]["fr"]
    else:
        del rule["examples"][gone]
    (tmp_path / "gdpr.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DefinitionError, match="example"):
        load_packs(tmp_path, ["gdpr"])


def test_a_rule_twice_is_refused(tmp_path: Path) -> None:
    """Two packs must not define the same rule."""
    rules = WRONG[WRONG.index("  - id: EU-A-3") :].replace("'('", "'x'").replace('    wording: {en: ["x"]}\n', "")
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f'pack: {name}\ntitle: T\nversion: "1"\nrules:\n{rules}', encoding="utf-8")
    assert len(load_packs(tmp_path, ["one"])) == 1
    with pytest.raises(DefinitionError, match=r"EU-A-3 is given twice, first in one\.yaml"):
        load_packs(tmp_path, ["one", "two"])


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_notices_of_each_place(language: str) -> None:
    """Each place brings its warnings; two places that ask for the same words give them once."""
    values = sample("aldermoor_global_equity_en")

    def ids(*places: str, audience: str = "retail") -> list[str]:
        found = notices(packs(), language=language, jurisdictions=places, audience=audience, values=values)
        assert len({notice.shown for notice in found}) == len(found)
        return [notice.id for notice in found]

    assert ids("eu") == ["EU-CBDF-01", "EU-CBDF-02", "EU-CBDF-09", "EU-MIF-06", "EU-MIF-01"]
    assert ids("uk") == ["EU-CBDF-01", "UK-DOC-01", "UK-01", "EU-MIF-06", "EU-MIF-01", "EU-MIF-07"]
    assert ids("eu", "uk") == [*ids("eu"), "EU-MIF-07"]
    assert ids("us") == ["US-NAME-01", "US-FUND-01", "US-FUND-02"]
    assert "EU-CBDF-09" not in ids("eu", audience="professional")


def test_notices_follow_the_document() -> None:
    """No performance, no warning about it; no known currency, a warning about exchange rates; no company, the general words."""
    scope = {"language": "en", "jurisdictions": ("eu",), "audience": "retail"}
    bare = ValueSet([plain("fund_name", "F"), plain("as_of_date", date(2026, 10, 31))])
    found = {notice.id: notice for notice in notices(packs(), values=bare, **scope)}  # type: ignore[arg-type]
    assert "EU-MIF-06" not in found
    assert "EU-MIF-07" in found
    assert found["EU-CBDF-09"].shown.endswith("from the management company.")
    euro = bare.replacing([plain("currency", "EUR"), plain("management_company", "Acme S.A.")])
    found = {notice.id: notice for notice in notices(packs(), values=euro, **scope)}  # type: ignore[arg-type]
    assert "EU-MIF-07" not in found
    assert found["EU-CBDF-09"].shown.endswith("from Acme S.A.")


def test_only_the_label_stands_at_the_start() -> None:
    """The marketing label opens the video; warnings do not push it aside."""
    found = notices(
        packs(), language="en", jurisdictions=("eu", "uk", "us"), audience="retail", values=sample("aldermoor_global_equity_en")
    )
    assert [notice.id for notice in found if notice.place is Placement.START] == ["EU-CBDF-01"]


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_shipped_wording_is_speakable(language: str) -> None:
    """Approved wording holds no digit that a voice would have to guess at."""
    for pack in packs():
        for rule in pack.rules:
            for text in (*rule.wording.get(language, ()), rule.short.get(language, "")):
                assert not [trace for trace in find(text, language) if trace.words[0].isdigit()], rule.id


@pytest.mark.shared
def test_no_rule_of_the_reference_is_silently_absent(shared: Path) -> None:
    """Each of its rules is a rule of a pack, covered by one, or named as held elsewhere."""
    reference = yaml.safe_load((shared / "data" / "compliance_rules.yaml").read_text(encoding="utf-8"))
    wanted = {rule["id"] for rule in reference["rules"]}
    every = load_packs(ROOT / "include" / "compliance", ALL)
    rules = [rule for pack in every for rule in pack.rules]
    held = {rule.id for rule in rules} | {name for rule in rules for name in rule.covers}
    held |= {item.id for pack in every for item in pack.elsewhere}
    assert len(wanted) == 114
    assert sorted(wanted - held) == []


def test_packs_lie_where_the_workflow_looks() -> None:
    """The names in the workflow are those of the files; earnings and research are there for workflows to come."""
    assert set(ALL) == {"gdpr", "financial_regulations", "earnings", "research"}
    assert len(load_packs(ROOT / "include" / "compliance", ALL)) == 4


def test_every_place_applies_where_none_is_named() -> None:
    """The places of the shipped packs are known, and `any` is none of them."""
    assert places_of(packs()) == ("eu", "uk", "us")
