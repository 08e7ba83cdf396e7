"""The guard: any figure that is not bound is found, and no bound one is."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from script_material import RICH, fields, percent, plain, sample
from test_script_template import written

from workflow_orchestrator.compliance import Notice
from workflow_orchestrator.errors import UnboundFigureError
from workflow_orchestrator.script import Script, Segment, Sentence, SlideKind, check_bound, unbound
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

VALUES = ValueSet([
    plain("fund_name", "Global 100 Fund"), plain("as_of_date", date(2026, 10, 31)),
    percent("monthly_performance", "1.93"), percent("ytd_performance", "-0.45"),
    percent("performance_data.1y", "12.40"), percent("performance_data.3y", "31.05"),
    percent("volatility", "11.30"), plain("sri", Decimal(4)),
    plain("fund_strategy", "The fund holds at least 80% in shares. It may hold five bonds."),
    Value("sharpe_ratio", Kind.RATIO, Decimal("0.84"), Evidence(1, "0.84"), Origin.OFFLINE, decimals=2),
    percent("top_holdings.Trésor 2031", "6.40"), percent("top_holdings.Banque 7", "4.15"),
])


def script_of(shown: str, spoken: str, *refs: str, language: str = "en", **more: object) -> Script:
    """A script with one sentence."""
    segment = Segment("performance", SlideKind.FIGURES, "Performance", (Sentence(shown, spoken, refs),))
    script = Script(language, "Global 100 Fund", "Global 100 Fund", "Sheet", "Warning.", "Source, p. 1", (segment,))
    return replace(script, **more)  # type: ignore[arg-type]


GOOD = [
    ("en", "It returned +1.93% in the month to 31 October 2026.",
     "It returned plus one point nine three per cent in the month to the thirty-first of October twenty twenty-six.",
     ("monthly_performance", "as_of_date")),
    ("en", "Over one year, it returned +12.40%.", "Over one year, it returned plus twelve point four zero per cent.",
     ("performance_data.1y",)),
    ("en", "The 1-year return was +12.40%, the three-year return +31.05%.",
     "The one-year return was plus twelve point four zero per cent, the three-year return plus thirty-one point zero five "
     "per cent.", ("performance_data.1y", "performance_data.3y")),
    ("de", "Über ein Jahr waren es +12,40\u00a0%.", "Über ein Jahr waren es plus zwölf Komma vier null Prozent.",
     ("performance_data.1y",)),
    ("de", "Die dreijährige Wertentwicklung: +31,05 %.",
     "Die dreijährige Wertentwicklung: plus einunddreißig Komma null fünf Prozent.", ("performance_data.3y",)),
    ("fr", "Sur un an, elle est de +12,40 %.", "Sur un an, elle est de plus douze virgule quatre zéro pour cent.",
     ("performance_data.1y",)),
    ("en", "The risk is 4 out of 7.", "The risk is four out of seven.", ("sri",)),
    ("en", "The fund holds at least 80% in shares.", "The fund holds at least 80% in shares.", ("fund_strategy",)),
    ("en", "Trésor 2031 with 6.40%.", "Trésor 2031 with six point four zero per cent.", ("top_holdings.Trésor 2031",)),
    ("en", "In October 2026.", "In October twenty twenty-six.", ("as_of_date",)),
    ("en", "Global 100 Fund.", "Global 100 Fund.", ("fund_name",)),
]
BAD = [
    ("wrong digit", "It returned +1.94%.", "It returned plus one point nine three per cent.", ("monthly_performance",), "1.94"),
    ("longer figure", "It returned +11.93%.", "It returned plus one point nine three per cent.", ("monthly_performance",), "11.93"),
    ("figure cut short", "It returned +1.9%.", "It returned plus one point nine per cent.", ("monthly_performance",), "1.9"),
    ("other sign", "It returned −1.93%.", "It returned minus one point nine three per cent.", ("monthly_performance",), "1.93"),
    ("lost sign", "It returned 0.45%.", "It returned zero point four five per cent.", ("ytd_performance",), "0.45"),
    ("minus before it", "The loss was −11.30%.", "The loss was minus eleven point three zero per cent.", ("volatility",), "11.30"),
    ("spoken minus", "It was 11.30%.", "It was minus eleven point three zero per cent.", ("volatility",), "minus …"),
    ("other unit", "The ratio is 0.84%.", "The ratio is zero point eight four per cent.", ("sharpe_ratio",), "0.84"),
    ("spoken unit", "The ratio is 0.84.", "The ratio is zero point eight four per cent.", ("sharpe_ratio",), "… per cent"),
    ("currency", "The ratio is 0.84 €.", "The ratio is zero point eight four.", ("sharpe_ratio",), "… €"),
    ("scale", "The ratio is 0.84 million.", "The ratio is zero point eight four.", ("sharpe_ratio",), "million"),
    ("no reference", "It returned +1.93%.", "It returned plus one point nine three per cent.", (), "1.93"),
    ("reference of another", "It returned +1.93%.", "It returned plus one point nine three per cent.", ("volatility",), "1.93"),
    ("wrong words", "It returned +1.93%.", "It returned plus one point nine four per cent.", ("monthly_performance",), "four"),
    ("words hold more", "It returned +1.93%.", "It returned plus twenty-one point nine three per cent.",
     ("monthly_performance",), "twenty"),
    ("another period", "Over three years, it returned +12.40%.",
     "Over three years, it returned plus twelve point four zero per cent.", ("performance_data.1y",), "three"),
    ("another scale", "The risk is 4 out of 10.", "The risk is four out of seven.", ("sri",), "10"),
    ("invented count", "Its 45 holdings returned +1.93%.", "It returned plus one point nine three per cent.",
     ("monthly_performance",), "45"),
    ("multiple", "It doubled to +1.93%.", "It doubled to plus one point nine three per cent.", ("monthly_performance",), "doubled"),
    ("other year", "In the year to 31 October 2025.", "In the year.", ("as_of_date",), "2025"),
    ("altered quotation", "The fund holds at least 90% in shares.", "The fund holds shares.", ("fund_strategy",), "90"),
    ("half a figure of a quotation", "It holds 80% in shares.", "It holds shares.", ("fund_strategy",), "80"),
    ("name without its value", "Global 100 Fund.", "Global 100 Fund.", (), "100"),
    ("claimed but not said", "It did well.", "It did well.", ("monthly_performance",), "monthly_performance"),
    ("unknown reference", "It did well.", "It did well.", ("performance_data.5y",), "performance_data.5y"),
]


@pytest.mark.parametrize(("language", "shown", "spoken", "refs"), GOOD)
def test_bound_sentences_pass(language: str, shown: str, spoken: str, refs: tuple[str, ...]) -> None:
    """A figure with its value, a period with its figure, a quotation and a name are all accounted for."""
    assert unbound(script_of(shown, spoken, *refs, language=language), VALUES, fields()) == ()


@pytest.mark.parametrize(("case", "shown", "spoken", "refs", "text"), BAD, ids=[row[0] for row in BAD])
def test_unbound_words_are_found(case: str, shown: str, spoken: str, refs: tuple[str, ...], text: str) -> None:
    """Each way to get a figure wrong is a finding that names the words."""
    found = unbound(script_of(shown, spoken, *refs), VALUES, fields())
    assert text in [finding.text for finding in found], [str(finding) for finding in found]


def test_figures_must_stand_in_the_order_of_their_references() -> None:
    """Two bound figures that change places are found, in writing and in speech."""
    first, second = "top_holdings.Trésor 2031", "top_holdings.Banque 7"
    right = "Trésor 2031 6.40%, Banque 7 4.15%.", "Trésor 2031 six point four zero per cent, Banque 7 four point one five per cent."
    swapped = "Trésor 2031 4.15%, Banque 7 6.40%.", "Trésor 2031 four point one five per cent, Banque 7 six point four zero per cent."
    assert unbound(script_of(*right, first, second), VALUES, fields()) == ()
    assert {f.where.rsplit(".")[-1] for f in unbound(script_of(*swapped, first, second), VALUES, fields())} == {"shown", "spoken"}
    assert unbound(script_of(right[0], swapped[1], first, second), VALUES, fields())


def test_periods_must_stand_in_the_order_of_their_figures() -> None:
    """The one-year figure under the name of three years is found although both periods are there."""
    swapped = script_of(
        "It returned +12.40% over three years and +31.05% over one year.",
        "It returned plus twelve point four zero per cent over three years and plus thirty-one point zero five per cent over "
        "one year.", "performance_data.1y", "performance_data.3y",
    )
    assert any("another order" in finding.why for finding in unbound(swapped, VALUES, fields()))


@pytest.mark.parametrize("part", ["title", "kicker", "footer", "source"])
def test_the_head_is_guarded_too(part: str) -> None:
    """Title, kicker, footer and source hold no figure that is not a name, a date or a page."""
    script = script_of("It did.", "It did.", **{part: "Up 12.40% in 2027"})
    assert {finding.where for finding in unbound(script, VALUES, fields())} == {part}


def test_headings_points_labels_and_slides_are_guarded_too() -> None:
    """No text of a slide escapes, and a slide shows proven values only."""
    segment = Segment("x", SlideKind.FIGURES, "Best of 9", (Sentence("Yes.", "Yes."),), ("nav",), ("3 reasons",))
    script = replace(script_of("a", "a"), segments=(segment,), labels={"volatility": "Volatility, 5 years"})
    assert [f.where for f in unbound(script, VALUES, fields())] == [
        "x.shows", "x.heading", "x.points[0]", "label of volatility",
    ]


def test_approved_wording_may_hold_number_words() -> None:
    """Compliance owns its wording; the same words elsewhere are not accounted for."""
    words = "A fund may lose one third of its value."
    notice = Notice("X-1", words, words, "law")
    assert unbound(script_of(words, words), VALUES, fields(), [notice]) == ()
    assert unbound(script_of(words, words), VALUES, fields()) != ()
    assert unbound(script_of(words.replace("third", "half"), words), VALUES, fields(), [notice]) != ()


def test_the_error_lists_everything_and_survives_a_process() -> None:
    """The error names each place and can be pickled."""
    with pytest.raises(UnboundFigureError) as caught:
        check_bound(script_of("It returned 5%.", "It returned five per cent."), VALUES, fields())
    again = pickle.loads(pickle.dumps(caught.value))
    assert len(again.details["findings"]) == 2
    assert "performance.sentences[0].spoken: 'five'" in again.message
    check_bound(script_of(GOOD[1][1], GOOD[1][2], "performance_data.1y"), VALUES, fields())


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_changed_digit_is_found(language: str) -> None:
    """Change any one digit of any sentence of a rich script to any other: the guard finds each of the 1,200 forgeries."""
    script, warnings = written(RICH[language], language)
    missed = [
        forged for segment in script.segments for sentence in segment.sentences for forged in _forgeries(sentence)
        if not unbound(
            replace(script, segments=(replace(segment, sentences=(forged,), points=()),)),
            sample(RICH[language]), fields(), warnings,
        )
    ]
    assert missed == []


def _forgeries(sentence: Sentence) -> Iterator[Sentence]:
    for place, digit in enumerate(sentence.shown):
        if digit.isdigit():
            for other in set("0123456789") - {digit}:
                yield replace(sentence, shown=sentence.shown[:place] + other + sentence.shown[place + 1 :])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), language=st.sampled_from(["en", "de", "fr"]))
def test_any_dropped_number_word_is_found(data: st.DataObject, language: str) -> None:
    """Leave one word out of a spoken figure of a real script: the guard finds it."""
    script, warnings = written(RICH[language], language)
    performance = next(segment for segment in script.segments if segment.id == "performance")
    index = script.segments.index(performance)
    n = data.draw(st.integers(0, len(performance.sentences) - 1))
    sentence = performance.sentences[n]
    words = sentence.spoken.split()
    marks = {"en": ("point", "per", "plus", "minus"), "de": ("Komma", "Prozent", "plus", "minus"),
             "fr": ("virgule", "pour", "plus", "moins")}[language]
    m = data.draw(st.sampled_from([i for i, word in enumerate(words) if word.strip(".,") in marks]))
    changed = replace(sentence, spoken=" ".join([*words[:m], *words[m + 1 :]]))
    sentences = (*performance.sentences[:n], changed, *performance.sentences[n + 1 :])
    segments = (*script.segments[:index], replace(performance, sentences=sentences), *script.segments[index + 1 :])
    assert unbound(replace(script, segments=segments), sample(RICH[language]), fields(), warnings)
