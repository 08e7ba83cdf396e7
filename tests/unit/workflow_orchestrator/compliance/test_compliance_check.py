"""The verdict on scripts: words that must not be said, periods, notices, and what cannot be decided."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from script_material import RICH, fields, narration, packs, percent, plain, sample, sample_names, truth

from workflow_orchestrator.compliance import (
    ComplianceReport,
    Facts,
    Outcome,
    Pack,
    Rule,
    RuleResult,
    SourceStatus,
    check_compliance,
    notices,
    publishable,
    withheld,
)
from workflow_orchestrator.errors import ComplianceBlockedError
from workflow_orchestrator.script import Script, Segment, Sentence, SlideKind, SourceInfo, write_script
from workflow_orchestrator.values import ValueSet

EN = RICH["en"]
DAY = date(2026, 11, 22)  # the samples are of October 2026


def scope(language: str = "en", places: Sequence[str] = ("eu", "uk"), audience: str = "retail") -> dict[str, Any]:
    return {"language": language, "jurisdictions": tuple(places), "audience": audience}


def script_of(values: ValueSet, language: str = "en", **where: Any) -> Script:
    """The template's script of some values, as the platform writes it."""
    asked = scope(language, **where)
    told = publishable(packs(), values=values, **asked)
    warnings = notices(packs(), values=told, **asked)
    return write_script(told, fields(), narration(language), language, warnings, SourceInfo("x.pdf", "0", language))


def judged(script: Script, values: ValueSet, language: str = "en", **where: Any) -> ComplianceReport:
    return check_compliance(script, values, fields(), packs(), **scope(language, **where), facts=Facts(DAY))


def saying(script: Script, words: str) -> Script:
    """The script with one more sentence on its second slide."""
    second = script.segments[1]
    changed = replace(second, sentences=(*second.sentences, Sentence(words, words)))
    return replace(script, segments=(script.segments[0], changed, *script.segments[2:]))


FINE = {
    "en": [
        "Past performance is not a guarantee of future results.", "Returns are not guaranteed.", "There is no guarantee of success.",
        "Capital is not guaranteed or protected.", "No investment is risk-free.", "The fund does not offer guaranteed returns.",
        "Past performance does not guarantee future results.", "Neither income nor capital is guaranteed.",
        "Nothing in this video is a guarantee.", "Investors may not get back the amount invested.",
        "You should read the prospectus before investing.", "Please read the key information document.",
        "Investors should consider the objectives, risks, charges and expenses carefully.",
        "The fund aims to achieve long-term capital growth.", "The Sharpe ratio relates return to risk above the risk-free rate.",
        "The number of outstanding shares may vary.", "Orders follow the policy of best execution.",
        "The fund may invest in government-guaranteed bonds.", "The value can fall as well as rise.",
        "It cannot be said that the value will rise.", "The recommended holding period is stated in the prospectus.",
        "The fund invests in safe-deposit companies and insurers.", "You may lose some or all of the money invested.",
    ],
    "de": [
        "Die frühere Wertentwicklung ist keine Garantie für künftige Ergebnisse.", "Erträge sind nicht garantiert.",
        "Der Fonds garantiert keine Rendite.", "Es gibt keine Garantie.", "Eine Kapitalgarantie besteht nicht.",
        "Keine Anlage ist risikofrei.", "Anleger erhalten den angelegten Betrag möglicherweise nicht zurück.",
        "Sie sollten den Prospekt lesen.", "Bitte lesen Sie den Prospekt, bevor Sie investieren.",
        "Die empfohlene Haltedauer steht im Basisinformationsblatt.", "Der Wert einer Anlage kann steigen und fallen.",
        "Ziel des Fonds ist langfristiger Wertzuwachs.", "Die Sharpe Ratio misst den Ertrag über dem risikofreien Zins.",
        "Weder Kapital noch Erträge werden garantiert.", "Die Anlage ist nicht ohne Risiko.",
        "Der Fonds investiert in staatlich garantierte Anleihen.",
    ],
    "fr": [
        "Les performances passées ne garantissent pas les résultats futurs.", "Le capital n'est pas garanti.",
        "Il n'existe aucune garantie.", "Aucun placement n'est sans risque.", "Ce placement n'est pas sans risque.",
        "L'investisseur peut ne pas récupérer le montant investi.", "La valeur peut baisser comme augmenter.",
        "La durée de placement recommandée est de plusieurs années.", "Vous devriez lire le prospectus avant d'investir.",
        "Veuillez vous référer au prospectus.", "Le fonds cherche la croissance du capital.",
        "Le ratio de Sharpe compare le rendement au taux sans risque.", "Ni le capital ni le rendement ne sont garantis.",
        "Les fluctuations peuvent réduire le rendement.",
    ],
}
FORBIDDEN = {
    "en": [
        ("Returns are guaranteed.", "GEN-WORD-01"), ("We guarantee your capital.", "GEN-WORD-01"),
        ("This is a risk-free investment.", "GEN-WORD-01"), ("You can invest without risk.", "GEN-WORD-01"),
        ("There is no risk at all.", "GEN-WORD-01"), ("You cannot lose.", "GEN-WORD-01"), ("It never loses money.", "GEN-WORD-01"),
        ("The fund will outperform its benchmark.", "GEN-WORD-01"), ("Your capital is safe.", "GEN-WORD-01"),
        ("It offers a secure return.", "GEN-WORD-01"), ("A safe haven for savers.", "GEN-WORD-01"),
        ("The fund promises a steady income.", "GEN-WORD-01"), ("It is bound to rise.", "GEN-WORD-01"),
        ("Not only is the income guaranteed, it grows.", "GEN-WORD-01"),
        ("This is not a promise; the return is guaranteed.", "GEN-WORD-01"),
        ("You should invest today.", "GEN-WORD-04"), ("This fund is ideal for you.", "GEN-WORD-04"),
        ("We recommend this fund.", "GEN-WORD-04"), ("Buy this fund.", "GEN-WORD-04"), ("It suits your needs.", "GEN-WORD-04"),
        ("Do not miss it.", "GEN-WORD-03"), ("Invest now.", "GEN-WORD-03"),
        ("Its outstanding manager has a record.", "GEN-WORD-02"), ("It is the best fund.", "GEN-WORD-02"),
        ("The fund will continue to perform.", "GEN-WORD-05"), ("It is well positioned to deliver.", "GEN-WORD-05"),
        ("The target return is high.", "EU-CBDF-07"), ("We expect growth.", "EU-CBDF-07"),
        ("It follows sustainable criteria.", "EU-CBDF-08"), ("It was approved by the FCA.", "EU-MIF-13"),
        ("Write to jane@fund.example.", "GDPR-01"), ("Call +44 20 7946 0958.", "GDPR-01"),
        ("Losses are impossible here.", "GEN-WORD-01"), ("It beats the market every time.", "GEN-WORD-01"),
        ("Put your savings here.", "GEN-WORD-04"),
    ],
    "de": [
        ("Die Rendite ist garantiert.", "GEN-WORD-01"), ("Wir garantieren Ihnen den Ertrag.", "GEN-WORD-01"),
        ("Eine risikolose Anlage.", "GEN-WORD-01"), ("Sie investieren ohne Risiko.", "GEN-WORD-01"),
        ("Der Kurs kann nicht fallen.", "GEN-WORD-01"), ("Das ist eine sichere Rendite.", "GEN-WORD-01"),
        ("Der Fonds wird weiter steigen.", "GEN-WORD-01"), ("Ihr Kapital bleibt sicher.", "GEN-WORD-01"),
        ("Der Fonds verspricht hohe Gewinne.", "GEN-WORD-01"), ("Nicht nur der Ertrag ist garantiert.", "GEN-WORD-01"),
        ("Sie sollten jetzt in den Fonds investieren.", "GEN-WORD-04"), ("Der Fonds ist ideal für Sie.", "GEN-WORD-04"),
        ("Wir empfehlen den Fonds.", "GEN-WORD-04"), ("Kaufen Sie Anteile.", "GEN-WORD-04"),
        ("Warten Sie nicht.", "GEN-WORD-03"), ("Jetzt investieren.", "GEN-WORD-03"),
        ("Ein hervorragendes Ergebnis.", "GEN-WORD-02"), ("Der beste Fonds.", "GEN-WORD-02"),
        ("Der Aufschwung dürfte anhalten.", "GEN-WORD-05"), ("Er ist gut aufgestellt, um zu wachsen.", "GEN-WORD-05"),
        ("Die Zielrendite ist hoch.", "EU-CBDF-07"), ("Er legt nachhaltig an.", "EU-CBDF-08"),
        ("Telefon: 069 123 45 67.", "GDPR-01"),
        ("Verluste sind ausgeschlossen.", "GEN-WORD-01"), ("Nutzen Sie diese Gelegenheit.", "GEN-WORD-04"),
    ],
    "fr": [
        ("Le rendement est garanti.", "GEN-WORD-01"), ("Nous garantissons votre capital.", "GEN-WORD-01"),
        ("Un placement sans risque.", "GEN-WORD-01"), ("Le fonds ne peut pas baisser.", "GEN-WORD-01"),
        ("Un rendement sûr.", "GEN-WORD-01"), ("Le fonds va progresser.", "GEN-WORD-01"),
        ("Votre capital est en sécurité.", "GEN-WORD-01"), ("Il promet une croissance forte.", "GEN-WORD-01"),
        ("Vous devriez investir.", "GEN-WORD-04"), ("Ce fonds est idéal pour vous.", "GEN-WORD-04"),
        ("Nous vous recommandons ce fonds.", "GEN-WORD-04"), ("Achetez des parts.", "GEN-WORD-04"),
        ("Ne manquez pas cela.", "GEN-WORD-03"), ("Investissez dès maintenant.", "GEN-WORD-03"),
        ("Une performance exceptionnelle.", "GEN-WORD-02"), ("Le meilleur fonds.", "GEN-WORD-02"),
        ("La tendance devrait se poursuivre.", "GEN-WORD-05"), ("Il est bien positionné pour la suite.", "GEN-WORD-05"),
        ("Le rendement attendu est fort.", "EU-CBDF-07"), ("Un placement durable.", "EU-CBDF-08"),
        ("Les pertes sont impossibles.", "GEN-WORD-01"), ("Confiez-nous votre épargne.", "GEN-WORD-04"),
    ],
}


@pytest.mark.parametrize(("language", "words"), [(lang, words) for lang, rows in FINE.items() for words in rows])
def test_honest_sentences_are_not_flagged(language: str, words: str) -> None:
    """Disclaimers, denials, risk warnings and neutral facts raise nothing."""
    values = sample(RICH[language])
    script = script_of(values, language)
    before, after = (
        {(r.rule, r.outcome, r.words, r.message) for r in judged(said, values, language).results}
        for said in (script, saying(script, words))
    )
    assert after - before == set()


@pytest.mark.parametrize(
    ("language", "words", "rule"), [(lang, words, rule) for lang, rows in FORBIDDEN.items() for words, rule in rows],
)
def test_forbidden_sentences_are_flagged(language: str, words: str, rule: str) -> None:
    """Promises, recommendations, pressure, praise, forecasts and personal data are found, by the rule that forbids them."""
    values = sample(RICH[language])
    report = judged(saying(script_of(values, language), words), values, language)
    assert rule in {result.rule for result in report.results if result.outcome is not Outcome.PASS}


@pytest.mark.parametrize("places", [("eu",), ("uk",), ("eu", "uk")])
@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("name", sample_names())
def test_no_sample_is_blocked_in_europe(name: str, language: str, places: tuple[str, ...]) -> None:
    """The sentences and warnings that ship give a script that no rule blocks, for any sample and language."""
    values = sample(name)
    asked = scope(language, places)
    told = publishable(packs(), values=values, **asked)
    warnings = notices(packs(), values=told, **asked)
    source = SourceInfo(truth(name)["file"], "0", truth(name)["language"])
    script = write_script(told, fields(), narration(language), language, warnings, source)
    report = judged(script, values, language, places=places)
    assert report.of(Outcome.BLOCK) == ()
    assert {"GEN-NUM-01", "GEN-LANG-01"} <= {result.rule for result in report.results}
    assert "GEN-WORD-01" in {result.rule for result in report.results}
    report.raise_for_block()


def without(values: ValueSet, *names: str) -> ValueSet:
    return ValueSet(v for v in values.values() if v.field not in names and v.ref not in names)


def test_complete_years_let_the_short_figures_pass() -> None:
    """Five complete calendar years: month and year to date may be shown."""
    report = judged(script_of(sample(EN)), sample(EN))
    assert [r.outcome for r in report.results if r.rule == "EU-MIF-03"] == [Outcome.PASS]


def test_spans_alone_go_to_a_person() -> None:
    """Figures over one and five years without calendar years: shown, and a person decides."""
    values = without(sample(EN), "calendar_years")
    script = script_of(values)
    assert any("monthly_performance" in segment.shows for segment in script.segments)
    assert [r.outcome for r in judged(script, values).results if r.rule == "EU-MIF-03"] == [Outcome.NEEDS_APPROVAL]


def test_without_complete_periods_the_short_figures_are_left_out_and_it_is_said() -> None:
    """Month and year to date never stand alone: they are withheld before writing, and the report says so."""
    values = without(sample(EN), "calendar_years", "performance_data", "performance_annualised")
    out = {item.ref for item in withheld(packs(), values=values, **scope())}
    assert {"monthly_performance", "ytd_performance"} <= out
    script = script_of(values)
    assert not any("ytd_performance" in segment.shows for segment in script.segments)
    results = [r for r in judged(script, values).results if r.rule == "EU-MIF-03"]
    assert Outcome.WARN in {r.outcome for r in results}
    assert "left out of the script: monthly_performance" in results[0].message


def test_short_figures_that_stand_alone_block() -> None:
    """A script that shows them all the same is blocked, for retail and not for professionals."""
    values = without(sample(EN), "calendar_years", "performance_data", "performance_annualised")
    script = write_script(values, fields(), narration("en"), "en", (), SourceInfo("x.pdf", "0", "en"))
    report = judged(script, values)
    assert "EU-MIF-03" in {r.rule for r in report.of(Outcome.BLOCK)}
    assert "EU-MIF-03" not in {r.rule for r in judged(script, values, audience="professional").results}


def test_what_counts_is_what_the_script_shows() -> None:
    """Complete years in the document do not help a script that leaves them out."""
    script = script_of(sample(EN))
    kept = tuple(s for s in script.segments if s.id not in ("years", "periods", "annualised"))
    shortened = tuple(replace(s, shows=tuple(r for r in s.shows if not r.startswith("performance_data"))) for s in kept)
    assert "EU-MIF-03" in {r.rule for r in judged(replace(script, segments=shortened), sample(EN)).of(Outcome.BLOCK)}


def test_a_fund_younger_than_a_year_shows_no_performance() -> None:
    """Under twelve months of life every performance figure is withheld; one that is shown blocks."""
    values = sample(EN).replacing([plain("launch_date", date(2026, 3, 2))])
    told = publishable(packs(), values=values, **scope())
    assert not any(v.field in ("monthly_performance", "performance_data", "sharpe_ratio") for v in told.values())
    assert judged(script_of(values), values).of(Outcome.BLOCK) == ()
    told_anyway = write_script(values, fields(), narration("en"), "en", (), SourceInfo("x.pdf", "0", "en"))
    assert "EU-MIF-03" in {r.rule for r in judged(told_anyway, values).of(Outcome.BLOCK)}


@pytest.mark.parametrize(
    ("launch", "years", "expected"),
    [
        (date(2024, 2, 1), ["2025"], []), (date(2024, 1, 2), ["2024", "2025"], []),
        (date(2024, 1, 2), ["2025"], ["monthly_performance"]), (None, ["2025", "2024", "2023", "2022"], ["monthly_performance"]),
        (None, ["2025", "2024", "2023", "2022", "2021"], []),
    ],
)
def test_which_years_are_needed(launch: date | None, years: list[str], expected: list[str]) -> None:
    """The complete years since launch, at most five; an unknown launch means five."""
    values = ValueSet([
        plain("fund_name", "F"), plain("as_of_date", date(2026, 10, 31)), percent("monthly_performance", "1.93"),
        *(percent(f"calendar_years.{year}", "5.10") for year in years),
        *([plain("launch_date", launch)] if launch else []),
    ])
    assert [item.ref for item in withheld(packs(), values=values, **scope())] == expected


def test_us_retail_needs_standard_periods_and_a_look_at_the_sharpe_ratio() -> None:
    """One, five and ten years as yearly averages pass; without them the script is blocked; Sharpe goes to a person."""
    script = script_of(sample(EN), places=("us",))
    report = judged(script, sample(EN), places=("us",))
    assert report.of(Outcome.BLOCK) == ()
    assert "US-IA-06" in {r.rule for r in report.of(Outcome.NEEDS_APPROVAL)}
    poor = without(sample(EN), "performance_annualised")
    blocked = judged(script_of(poor, places=("us",)), poor, places=("us",)).of(Outcome.BLOCK)
    assert [r.rule for r in blocked] == ["US-FUND-03"]
    assert "five years and ten years" in blocked[0].message


def test_a_month_is_never_annualised() -> None:
    """A yearly rate in the sentence of a monthly figure blocks."""
    script = script_of(sample(EN))
    performance = next(s for s in script.segments if s.id == "performance")
    words = "The month brought +1.93% per year."
    changed = replace(performance, sentences=(*performance.sentences, Sentence(words, words, ("monthly_performance",))))
    segments = tuple(changed if s is performance else s for s in script.segments)
    assert "US-FUND-06" in {r.rule for r in judged(replace(script, segments=segments), sample(EN)).of(Outcome.BLOCK)}


@pytest.mark.parametrize("change", ["spoken", "shown", "start"])
def test_a_missing_notice_blocks(change: str) -> None:
    """A warning that is only shown, only spoken, or not at the start where it belongs, blocks."""
    script = script_of(sample(EN))
    first, last = script.segments[0], script.segments[-1]
    if change == "spoken":
        last = replace(last, sentences=last.sentences[1:])
    elif change == "shown":
        first_words = last.sentences[0]
        last = replace(last, points=last.points[1:], sentences=(replace(first_words, shown="…"), *last.sentences[1:]))
    else:
        first = replace(first, sentences=first.sentences[1:])
    changed = replace(script, segments=(first, *script.segments[1:-1], last))
    blocked = {r.rule for r in judged(changed, sample(EN)).of(Outcome.BLOCK)}
    assert blocked & {"EU-CBDF-01", "EU-CBDF-02", "UK-DOC-01"}


def test_a_notice_that_cannot_be_filled_goes_to_a_person() -> None:
    """Without a management company the firm cannot be named: cannot determine is not a pass."""
    values = without(sample(EN), "management_company")
    report = judged(script_of(values), values)
    assert [r.outcome for r in report.results if r.rule == "UK-01"] == [Outcome.NEEDS_APPROVAL]


def test_performance_on_the_first_slide_blocks() -> None:
    """Past performance is not the most prominent feature."""
    script = script_of(sample(EN))
    first = replace(script.segments[0], shows=("performance_data.1y",))
    changed = replace(script, segments=(first, *script.segments[1:]))
    assert "EU-MIF-02" in {r.rule for r in judged(changed, sample(EN)).of(Outcome.BLOCK)}


def test_a_risk_step_without_its_scale_blocks() -> None:
    """"Four" means nothing without "out of seven"."""
    script = script_of(sample(EN))
    risk = next(s for s in script.segments if s.id == "risk")
    bare = replace(risk, sentences=(Sentence("The risk is 4.", "The risk is four.", ("sri",)),))
    changed = replace(script, segments=tuple(bare if s is risk else s for s in script.segments))
    assert "EU-PRI-01" in {r.rule for r in judged(changed, sample(EN)).of(Outcome.BLOCK)}


def test_figures_without_date_or_source_block() -> None:
    """The first slide with performance says its date; the slides name their source."""
    script = script_of(sample(EN))
    performance = next(s for s in script.segments if s.id == "performance")
    bare = Sentence("+1.93%", "plus one point nine three per cent", ("monthly_performance",))
    undated = replace(performance, sentences=(performance.sentences[-1], bare))
    changed = replace(script, segments=tuple(undated if s is performance else s for s in script.segments), source=" ")
    assert {"GEN-DATE-01", "GEN-SRC-01"} <= {r.rule for r in judged(changed, sample(EN)).of(Outcome.BLOCK)}


def test_a_printed_name_is_no_praise() -> None:
    """A holding that is called Best Buy, or a fund that is called Guaranteed Income, raises nothing."""
    values = sample(EN).replacing([percent("top_holdings.The Best Sustainable Bank", "9.99")])
    script = script_of(values)
    assert "The Best Sustainable Bank" in str(script.to_json())
    assert not {"GEN-WORD-02", "EU-CBDF-08"} & {
        r.rule for r in judged(script, values).results if r.outcome is not Outcome.PASS and "Bank" in r.words
    }


def test_machine_written_words_are_released_by_a_person() -> None:
    """A script that a model wrote always needs an approval; the template's does not for this reason."""
    script = script_of(sample(EN))
    assert "AIA-03" not in {r.rule for r in judged(script, sample(EN)).results}
    by_model = replace(script, writer="m-1")
    assert "AIA-03" in {r.rule for r in judged(by_model, sample(EN)).of(Outcome.NEEDS_APPROVAL)}


def test_no_place_given_means_every_place() -> None:
    """An empty list of jurisdictions is the strictest case, not the laxest."""
    report = check_compliance(script_of(sample(EN)), sample(EN), fields(), packs(), language="en", jurisdictions=(), audience="retail")
    assert {"US-FUND-01", "EU-CBDF-01"} <= {r.rule for r in report.results}


def test_a_misspelt_field_escalates() -> None:
    """A rule that names a field that nearly exists cannot be decided, and goes to a person."""
    rule = Rule(
        "X-1", "T", ("any",), ("retail",), ("en",), "law", SourceStatus.MEMORY, Outcome.WARN,
        {"kind": "figures", "figures": ["monthly_performence"]}, {"kind": "source_named"},
    )
    report = check_compliance(script_of(sample(EN)), sample(EN), fields(), [Pack("x", "X", "1", (rule,))], **scope())
    assert report.outcome is Outcome.NEEDS_APPROVAL
    assert "did you mean 'monthly_performance'?" in report.results[0].message
    elsewhere = replace(rule, trigger={"kind": "figures", "figures": ["earnings_per_share"]})
    report = check_compliance(script_of(sample(EN)), sample(EN), fields(), [Pack("x", "X", "1", (elsewhere,))], **scope())
    assert report.not_applicable == ("X-1",)


def test_a_block_is_an_error_that_names_each_rule() -> None:
    """The error carries every blocking rule with its citation and survives a process."""
    script = saying(script_of(sample(EN)), "Returns are guaranteed. You should invest.")
    report = judged(script, sample(EN))
    assert report.outcome is Outcome.BLOCK
    with pytest.raises(ComplianceBlockedError) as caught:
        report.raise_for_block()
    again = pickle.loads(pickle.dumps(caught.value))
    assert {row["rule"] for row in again.details["results"]} == {"GEN-WORD-01", "GEN-WORD-04"}
    assert "FINRA Rule 2210(d)(1)(B)" in again.message


def test_the_report_is_data() -> None:
    """Outcome, packs with their version, each verdict with its citation and status."""
    data = judged(script_of(sample(EN)), sample(EN)).to_json()
    assert data["outcome"] == "needs_approval"
    assert data["packs"] == ["gdpr 2026-11-22", "financial_regulations 2026-11-29"]
    assert data["scope"] == {"language": "en", "jurisdictions": ["eu", "uk"], "audience": "retail"}
    assert set(data["results"][0]) == {
        "rule", "outcome", "title", "message", "words", "where", "looked_at", "refs", "citation", "source_status", "severity",
        "jurisdictions", "audience", "pack",
    }
    assert [RuleResult.from_json(row).to_json() for row in data["results"]] == data["results"]
    result = RuleResult("A", Outcome.WARN, "", "law", SourceStatus.MEMORY, "m")
    assert ComplianceReport((result,)).outcome is Outcome.WARN
    assert ComplianceReport(()).outcome is Outcome.PASS


def test_personal_data_is_reported_without_being_repeated() -> None:
    """A report must not spread the address that it complains of."""
    script = script_of(sample(EN))
    slide = Segment("contact", SlideKind.TEXT, "Contact", (Sentence("Ask.", "Ask."),), points=("jane@fund.example",))
    report = judged(replace(script, segments=(*script.segments[:-1], slide, script.segments[-1])), sample(EN))
    rows = [r for r in report.of(Outcome.BLOCK) if r.rule == "GDPR-01"]
    assert rows
    assert "jane" not in str([r.to_json() for r in rows])
