"""Of two passes of OCR only what both print in one place counts; the rest keeps its place and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_orchestrator.documents.model import UNREADABLE
from workflow_orchestrator.documents.ocr_agreement import Agreed, agree
from workflow_orchestrator.documents.ocr_program import OcrWord, standing
from workflow_orchestrator.values import Box

_LETTER = 6.0  # points


def row(*texts: str, line: int = 0, sure: int = 95, at: float = 50, gap: float = 4) -> list[OcrWord]:
    """Words on one row, each letter six points wide."""
    words = []
    for text in texts:
        right = at + _LETTER * len(text)
        bottom = 700.0 - 14 * line
        words.append(OcrWord(text, Box(at, bottom, right, bottom + 8), bottom, 10.0, sure, line))
        at = right + gap
    return words


def undoubted(_text: str, _box: Box, _others: Iterable[Box]) -> bool:
    return False


def texts(found: Agreed) -> list[str]:
    return [word.text for word in found.words]


def test_what_both_passes_print_is_read() -> None:
    """Words and figures on which the passes agree are taken as they are, with boxes as high as those of fonts."""
    found = agree(row("NAV", "1,903.4"), row("NAV", "1,903.4"), undoubted)
    assert texts(found) == ["NAV", "1,903.4"]
    assert found.text == "NAV 1,903.4"
    assert found.unreadable == 0
    figure = found.words[1].box
    assert (figure.left, figure.right) == (72, 114)
    assert figure.top - figure.bottom == pytest.approx(11.0, abs=0.02)


def test_a_figure_that_the_passes_read_differently_is_unreadable() -> None:
    """A lost decimal point makes a figure ten thousand times too large; it keeps its place and loses its digits."""
    found = agree(row("NAV", "1,9034", "USD"), row("NAV", "1,903.4", "USD"), undoubted)
    assert texts(found) == ["NAV", UNREADABLE, "USD"]
    assert found.unreadable == 1
    assert "1,9034" not in found.text


def test_a_figure_that_only_one_pass_sees_is_unreadable() -> None:
    """Also a figure of the second pass keeps its place: without it, the next column would move into the gap."""
    first, second = row("Fund", "1.1", gap=20), row("Fund", "1.1", "2.2", gap=20)
    assert texts(agree(first, second, undoubted)) == ["Fund", "1.1", UNREADABLE]
    assert texts(agree(second, first, undoubted)) == ["Fund", "1.1", UNREADABLE]


@pytest.mark.parametrize("sign", ["-", "–", "(", "€", "bn", "%"])
def test_a_sign_or_unit_that_one_pass_sees_spoils_the_figure_beside_it(sign: str) -> None:
    """A figure is not read without what stands directly at it."""
    with_sign = row(sign, "4.2")
    without = row("4.2", at=with_sign[1].box.left)
    assert UNREADABLE in texts(agree(with_sign, without, undoubted))
    assert "4.2" not in texts(agree(with_sign, without, undoubted))
    assert "4.2" not in texts(agree(without, with_sign, undoubted))


def test_a_unit_read_differently_spoils_its_figure() -> None:
    """Millions and billions differ by one letter."""
    found = agree(row("412.6", "m"), row("412.6", "rn"), undoubted)
    assert texts(found) == [UNREADABLE, UNREADABLE]


def test_a_word_far_away_spoils_nothing() -> None:
    """What stands in another column is not beside a figure."""
    found = agree(row("Nome", "4.2", gap=30), row("None", "4.2", gap=30), undoubted)
    assert texts(found) == [UNREADABLE, "4.2"]


def test_where_words_are_split_does_not_count() -> None:
    """One pass may put a space where the other has none."""
    joined = row("EUR4.2")
    split = [*row("EUR"), *row("4.2", at=joined[0].box.left + 3 * _LETTER)]
    assert texts(agree(split, joined, undoubted)) == ["EUR", "4.2"]
    assert texts(agree(joined, split, undoubted)) == ["EUR4.2"]


def test_lines_of_tables_and_bullets_need_not_agree() -> None:
    """Marks that mean nothing spoil nothing; but a bar as low as a letter may be one."""
    found = agree(row("•", "Growth", "|", "4.2"), row("°", "Growth", ".", "4.2"), undoubted)
    assert texts(found) == ["•", "Growth", UNREADABLE, "4.2"]


def test_a_figure_of_which_a_pass_is_unsure_is_unreadable() -> None:
    """Both passes print it, but one of them says itself that it guessed."""
    assert texts(agree(row("4.2", sure=95), row("4.2", sure=20), undoubted)) == [UNREADABLE]
    assert texts(agree(row("Growth", sure=95), row("Growth", sure=20), undoubted)) == ["Growth"]


def test_the_picture_can_speak_against_a_figure() -> None:
    """Both passes may lose the same minus; only figures are asked about, each with the words around it."""
    asked = []

    def doubted(text: str, box: Box, others: Iterable[Box]) -> bool:
        asked.append((text, len(list(others))))
        return text == "4.2"

    found = agree(row("YTD", "4.2", "5.3"), row("YTD", "4.2", "5.3"), doubted)
    assert texts(found) == ["YTD", UNREADABLE, "5.3"]
    assert [text for text, _ in asked] == ["4.2", "5.3"]


_tokens = st.lists(st.sampled_from(["1.2", "12", "-1.2", "1,2", "12.", "-", "(", "%", "NAV", "EUR", "|", "bn"]), max_size=8)
_rows = st.lists(_tokens, max_size=4)


@given(_rows, _rows)
def test_no_figure_is_read_that_only_one_pass_prints(first: list[list[str]], second: list[list[str]]) -> None:
    """Whatever two passes print, a figure that is read stands in both, at the same place; boxes that only touch are two places."""
    one = [word for line, texts in enumerate(first) for word in row(*texts, line=line)]
    two = [word for line, texts in enumerate(second) for word in row(*texts, line=line)]
    for word in agree(one, two, undoubted).words:
        if any(char.isdigit() for char in word.text):
            there = [
                other
                for other in two
                if min(other.box.right, word.box.right) - max(other.box.left, word.box.left)
                > 0.3 * min(other.box.right - other.box.left, word.box.right - word.box.left)
                and word.box.bottom < (other.box.bottom + other.box.top) / 2 < word.box.top
            ]
            assert "".join(other.text for other in there).strip("|").rstrip(".,") == word.text.rstrip(".,")


@pytest.mark.parametrize(("text", "foot"), [("NAV", 700.0), ("gap", 702.0), ("1,903.4", 701.2), ("era", 700.0)])
def test_a_word_stands_where_its_ink_stands(text: str, foot: float) -> None:
    """Tesseract joins rows that stand close and gives both one baseline: then the ink of the word decides, else the line."""
    height = {"NAV": 7.2, "gap": 7.3, "1,903.4": 8.4, "era": 5.3}[text]
    box = Box(50, 700, 90, 700 + height)
    assert standing(text, box, foot - 9.0, 10.0)[0] == pytest.approx(foot, abs=0.15)
    assert standing(text, box, foot + 0.4, 10.0) == (foot + 0.4, 10.0)
    assert standing(text, box, foot, 19.0)[1] == pytest.approx(10.0, rel=0.06)
