"""A theme is checked before anything is drawn with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import rendering_sample as sample

from workflow_orchestrator.errors import DefinitionError, LayoutError
from workflow_orchestrator.rendering import build_deck, load_theme
from workflow_orchestrator.rendering.theme import check_glyphs, contrast


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
    with pytest.raises(DefinitionError, match=r"(?s)theme\.yaml.*no template.*no fonts|no template.*no fonts.*theme"):
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
