"""What was rendered against what was approved: words of slides and captions, size and time of the warnings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from script_material import RICH, ROOT, fields, narration, packs, sample

from workflow_orchestrator.compliance import Notice, Outcome, RuleResult, notices, publishable
from workflow_orchestrator.compliance.rendered import check_captions, check_slides, words_of
from workflow_orchestrator.rendering import build_deck, render_powerpoint, render_slides
from workflow_orchestrator.rendering.deck import Deck, Slide
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.script import Script, Sentence, SlideKind, SourceInfo, Wording, write_script

THEME = ROOT / "include" / "themes" / "house"


def written(language: str) -> tuple[Script, tuple[Notice, ...], Deck]:
    values = sample(RICH[language])
    scope = {"language": language, "jurisdictions": ("eu", "uk", "us"), "audience": "retail"}
    told = publishable(packs(), values=values, **scope)  # type: ignore[arg-type]
    warnings = notices(packs(), values=told, **scope)  # type: ignore[arg-type]
    script = write_script(told, fields(), narration(language), language, warnings, SourceInfo("x.pdf", "0", language))
    return script, warnings, build_deck(script, values, fields(), Wording(fields(), language).shown)


@pytest.fixture(scope="module", params=["en", "de", "fr"])
def slides(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Deck, tuple[Notice, ...], bytes, bytes]:
    script, warnings, deck = written(request.param)
    folder: Path = tmp_path_factory.mktemp("slides")
    render_slides(deck, THEME, folder)
    render_powerpoint(deck, script, THEME, folder / "slides.pptx")
    return deck, warnings, (folder / "slides.pdf").read_bytes(), (folder / "slides.pptx").read_bytes()


def blocked(results: Sequence[RuleResult]) -> list[RuleResult]:
    return [result for result in results if result.outcome is Outcome.BLOCK]


def test_the_slides_that_ship_show_the_approved_words(slides: tuple[Deck, tuple[Notice, ...], bytes, bytes]) -> None:
    """PDF and PowerPoint of a sample hold the words of the script, no others, and warnings in the size of the rest."""
    deck, warnings, pdf, pptx = slides
    results = check_slides(deck, warnings, packs(), pdf=pdf, pptx=pptx)
    assert blocked(results) == []
    assert [result.rule for result in results] == ["GEN-CAP-01", "GEN-CAP-01", "GEN-LEG-01"]
    assert "WCAG" in results[0].citation


def test_a_slide_that_says_something_else_is_named(slides: tuple[Deck, tuple[Notice, ...], bytes, bytes]) -> None:
    """A figure, a warning or a heading that differs by one character, and a word too many, block with file and page."""
    deck, warnings, pdf, pptx = slides
    bars = next(index for index, slide in enumerate(deck.slides) if slide.kind is SlideKind.BARS)
    figures = deck.slides[bars].figures
    other = replace(figures[0], text=figures[0].text.replace(figures[0].text[-2], "#"))
    changed = replace(deck.slides[bars], figures=(other, *figures[1:]))
    approved = replace(deck, slides=(*deck.slides[:bars], changed, *deck.slides[bars + 1 :]))
    found = blocked(check_slides(approved, warnings, packs(), pdf=pdf, pptx=pptx))
    assert {f"{name}, page {bars + 1}" for name in ("slides.pdf", "slides.pptx")} <= {
        result.message.partition(", does")[0].partition(", shows")[0] for result in found
    }
    assert other.text in {result.words for result in found}
    fewer = replace(deck, slides=(*deck.slides[:-1], replace(deck.slides[-1], lines=deck.slides[-1].lines[:-1])))
    found = blocked(check_slides(fewer, warnings, packs(), pdf=pdf, pptx=pptx))
    assert any("words that the script does not have" in result.message for result in found)
    gone = replace(deck, slides=deck.slides[:-1])
    assert len(blocked(check_slides(gone, warnings, packs(), pdf=pdf, pptx=pptx))) == 2


@pytest.mark.parametrize(("points", "expected"), [(24, 0), (30, 0), (12, 1)])
def test_small_print_blocks(points: int, expected: int) -> None:
    """A warning that is set smaller than the other text is small print; its apostrophe is drawn as another sign."""
    import pptx
    import typst

    warning = Notice("X-1", "An investor's capital may be lost.", "An investor's capital may be lost.", "law")
    deck = Deck("en", "T", "", "", "", "", (
        Slide("a", SlideKind.TEXT, "Strategy", lines=("The fund invests in shares of companies.",)),
        Slide("b", SlideKind.NOTICE, "Information", lines=("An investor’s capital may be lost.",)),
    ))
    text = (
        "#set text(size: 24pt)\nStrategy The fund invests in shares of companies.\n#pagebreak()\n"
        f"Information #text(size: {points}pt)[{warning.shown}]"
    )
    pdf = typst.compile(text.encode(), format="pdf")
    empty = io.BytesIO()
    pptx.Presentation().save(empty)
    found = blocked(check_slides(deck, [warning], packs(), pdf=pdf, pptx=empty.getvalue()))
    assert len([result for result in found if result.rule == "GEN-LEG-01"]) == expected
    assert [result.message.partition(" ")[0] for result in found if result.rule == "GEN-CAP-01"] == ["slides.pptx"]


def caption_file(script: Script) -> str:
    words = [sentence.shown for segment in paged(script).segments for sentence in segment.sentences]
    blocks = [f"{at}\n00:00:{at:02}.000 --> 00:00:{at + 1:02}.000\n{text.replace('&', '&amp;')}" for at, text in enumerate(words)]
    return "WEBVTT\n\n" + "\n\n".join(blocks) + "\n"


def spans(script: Script, seconds: float) -> list[tuple[timedelta, timedelta]]:
    each = timedelta(seconds=seconds)
    return [(each * at, each * (at + 1)) for at in range(len(paged(script).segments))]


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_captions_are_the_words_of_the_script(language: str) -> None:
    """The same words pass; one that is changed, missing or added blocks and is named."""
    script, warnings, _ = written(language)
    text = caption_file(script)
    assert blocked(check_captions(script, warnings, packs(), captions={"captions.vtt": words_of(text)}, spans=spans(script, 60))) == []
    word = script.segments[1].sentences[0].shown.split()[1]
    for wrong in (text.replace(word, "other", 1), text.replace(f"{word} ", "", 1), text.replace(word, f"{word} never", 1)):
        found = blocked(check_captions(script, warnings, packs(), captions={"captions.vtt": words_of(wrong)}, spans=spans(script, 60)))
        assert [result.rule for result in found] == ["GEN-CAP-01"]


def test_a_warning_that_flashes_by_blocks() -> None:
    """Each warning stands for a second per three words; a video with other slides than the script blocks too."""
    script, warnings, _ = written("en")
    heard = {"captions.vtt": words_of(caption_file(script))}
    found = blocked(check_captions(script, warnings, packs(), captions=heard, spans=spans(script, 1)))
    assert {result.rule for result in found} == {"GEN-LEG-01"}
    assert any(result.message.startswith("US-FUND-02 stands for") for result in found)
    fewer = spans(script, 60)[:-1]
    found = blocked(check_captions(script, warnings, packs(), captions=heard, spans=fewer))
    assert [result.message.partition(" ")[2] for result in found] == [f"slides stand in the video, the script has {len(fewer) + 1}"]


def test_a_word_that_is_longer_than_a_line_may_stand_in_pieces() -> None:
    """An address that captions cut at the end of a line is the same word; another address is not."""
    address = "https://www.management-company.example/documents/prospectus"
    script, _, _ = written("en")
    first = script.segments[0]
    script = replace(script, segments=(replace(first, sentences=(Sentence(address, address),)), *script.segments[1:]))
    words = words_of(caption_file(script))
    cut = [piece for word in words for piece in ((word[:42], word[42:]) if word == address else (word,))]
    assert len(cut) == len(words) + 1
    assert blocked(check_captions(script, (), packs(), captions={"captions.srt": cut}, spans=spans(script, 60))) == []
    other = [word.replace("uments/prospectus", "uments/prospect") for word in cut]
    (found,) = blocked(check_captions(script, (), packs(), captions={"captions.srt": other}, spans=spans(script, 60)))
    assert found.where == "captions.srt"
