"""A theme is checked before anything is drawn with it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import rendering_sample as sample

from workflow_orchestrator.errors import DefinitionError, LayoutError, RenderError
from workflow_orchestrator.rendering import build_deck, load_theme, render_slides
from workflow_orchestrator.rendering.theme import TEMPLATES, check_glyphs, contrast


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    """A copy of the house theme to spoil."""
    return Path(shutil.copytree(sample.THEME, tmp_path / "brand"))


def spoil(theme: Path, *changes: tuple[str, str]) -> None:
    file = theme / "theme.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def test_the_house_theme_is_sound() -> None:
    """The theme that is shipped passes its own checks and brings its fonts with their licence."""
    theme = load_theme(sample.THEME)
    assert theme.fonts["text"] == "Inter"
    assert "SIL OPEN FONT LICENSE" in (theme.font_folder / "OFL.txt").read_text()
    assert len(list(theme.font_folder.glob("*.ttf"))) == 6


def test_every_theme_is_sound() -> None:
    """All themes that are shipped pass their own checks, bring fonts with their licences, and differ in more than colours."""
    themes = [load_theme(file.parent) for file in sorted(sample.THEME.parent.glob("*/theme.yaml"))]
    assert [theme.name for theme in themes] == ["House", "Ledger"]
    for theme in themes:
        licences = [path.read_text() for path in theme.font_folder.glob("OFL*.txt")]
        assert licences
        assert all("SIL OPEN FONT LICENSE" in text and "with Reserved Font Name" not in text.split("-----")[0] for text in licences)
        assert theme.logo is not None
    house, ledger = themes
    assert not {house.fonts["text"], house.fonts["display"]} & set(ledger.fonts.values())
    assert all(house.layout[key] != ledger.layout[key] for key in ("band", "cards", "edge", "corner", "ornament", "weight"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('  - "#0B7A75"', '  - "#9FD8D5"', "#9FD8D5 on card"),
        ('  - "#0B7A75"\n', "", "there are 7 colours"),
        ("band: top", "band: right", "'right' is none of top, left, none"),
        ("corner: 14", "corner: 90", "90 is no number from 0 to 28"),
        ("edge: true", "edge: 1.5", "1.5 is none of true, false"),
        ("ornament:", "ornamnet:", "did you mean 'ornament'?"),
        ("light: logo.svg", "light: ../logo.svg", "there is no file"),
        ("height: 34", "height: 340", "340 is no height"),
        ("  alt: The mark of the house", "", "alt (what it is, in words) is missing"),
    ],
)
def test_a_mistake_in_the_layout_is_named(theme: Path, old: str, new: str, words: str) -> None:
    """Series, layout and logo are checked like colours and fonts."""
    spoil(theme, (old, new))
    with pytest.raises(DefinitionError, match=re.escape(words)):
        load_theme(theme)


@pytest.mark.parametrize("inside", ['<text x="1" y="9">+9.99%</text>', '<image href="http://x/y.png"/>', "<script>1</script>"])
def test_a_logo_is_paths_and_nothing_else(theme: Path, inside: str) -> None:
    """Words, pictures and code in a logo are refused: nobody would check what they say."""
    file = theme / "logo.svg"
    file.write_text(file.read_text().replace("</svg>", f"{inside}</svg>"))
    with pytest.raises(DefinitionError, match=r"logo\.svg is no drawing of paths"):
        load_theme(theme)


def test_a_theme_may_bring_a_part_of_the_template(theme: Path, tmp_path: Path) -> None:
    """A file of the same name in the theme's folder takes the place of the platform's."""
    (theme / "parts").mkdir()
    words = (TEMPLATES / "parts" / "words.typ").read_text()
    (theme / "parts" / "words.typ").write_text(words + '#let text-body(slide, height) = [#panic("the theme has its own")]\n')
    deck = build_deck(sample.script("en", ("strategy",)), sample.values(), sample.fields(), sample.shown_in("en"))
    with pytest.raises(RenderError, match="the theme has its own"):
        render_slides(deck, theme, tmp_path / "out")


def test_contrast_follows_wcag() -> None:
    """Black on white is 21 to 1, a colour on itself 1 to 1."""
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#1B4F9C", "#1B4F9C") == 1


def test_all_problems_of_a_theme_are_listed(theme: Path) -> None:
    """An unknown key, a missing one, a bad colour and a weak contrast are told in one error."""
    spoil(
        theme, ("  card:", "  crad:"), ('"#B3401A"', '"red"'), ('muted: "#4A5873"', 'muted: "#A0A8B8"'),
        ("  office: Calibri", ""),
    )
    with pytest.raises(DefinitionError) as caught:
        load_theme(theme)
    text = caught.value.message
    for words in ("did you mean 'card'?", "'red' is no colour", "muted #A0A8B8 on background", "office", "card (the"):
        assert words in text


def test_a_theme_without_its_files_is_refused(tmp_path: Path) -> None:
    """A folder that is no theme says what is missing."""
    with pytest.raises(DefinitionError, match=r"(?s)no fonts.*theme\.yaml.* no such file"):
        load_theme(tmp_path)


@pytest.mark.parametrize(
    ("character", "words"),
    [("基", "U+57FA CJK"), ("😀", "U+1F600 GRINNING FACE"), ("\x00", "U+0000"), ("ع", "U+0639 ARABIC")],
)
def test_a_character_without_a_glyph_is_named(character: str, words: str) -> None:
    """Text that would be printed as empty boxes is refused, with the character and where it stands."""
    script = replace(sample.script("en", ("opening",)), subject=f"Fund {character} name")
    deck = build_deck(script, sample.values(), sample.fields(), sample.shown_in("en"))
    with pytest.raises(LayoutError) as caught:
        check_glyphs(deck, load_theme(sample.THEME))
    assert words in caught.value.message
    assert "Fund " in caught.value.message


def test_european_scripts_have_glyphs() -> None:
    """Latin with its diacritics, Greek, Cyrillic and the signs of finance are covered."""
    text = "Zürich œuvre Łódź Þór Ελλάδα Ставка €£¥₣ ±−×≤≥ “„«»” ‰ № ½ soft\u00adhyphen\u202fthin"
    script = replace(sample.script("en", ("opening",)), subject=text)
    check_glyphs(build_deck(script, sample.values(), sample.fields(), sample.shown_in("en")), load_theme(sample.THEME))
