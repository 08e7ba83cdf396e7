"""The platform knows no fund, no earnings per share and no paper: what they are stands in the folders of the business teams.

Code is searched, its names and its texts; comments and docstrings may give an example. The library of checks (`rules/`) is where a
formula may carry the name of its trade. Whatever else has such a word is listed with its reason, and a reason that is gone is an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
LIBRARY = "workflow_orchestrator/rules/"
WORDS = re.compile(
    r"(?<![a-z])(?:funds?|fonds|ucits|etfs?|sicav|eps|ebitda|earnings per share|ergebnis je aktie|dois?|arxiv)(?![a-z])", re.IGNORECASE
)
# Words of a language that documents of many kinds print: the reader must know them to tell a name, a series or a heading from a value.
LANGUAGE = "words of the language by which the reader tells names, series and firms apart; no value is read by them"
RETURNS = "reads tables of returns, and must know the words with which documents name a series or a part of one"
RULE_OF_LAW = "a kind of check that the law gives for returns; it applies only where a pack names it"
NUMBERS = "schemes of public identifiers, which the platform checks and never masks as personal data"
EXCEPTIONS = {
    "workflow_orchestrator/authoring/rules_page.py": "the page of the checks speaks of the library, which has checks for funds",
    "workflow_orchestrator/authoring/rules_reference.py": "the page of the checks shows a rule with a check of the library as example",
    "workflow_orchestrator/compliance/checks.py": RULE_OF_LAW,
    "workflow_orchestrator/compliance/language.py": NUMBERS,
    "workflow_orchestrator/compliance/periods.py": RULE_OF_LAW,
    "workflow_orchestrator/compliance/personal_data/people.py": LANGUAGE,
    "workflow_orchestrator/compliance/plausible.py": NUMBERS,
    "workflow_orchestrator/definition/variables.py": "the variable `fund` of the prompts of write steps is a promise of the language",
    "workflow_orchestrator/extraction/beside.py": LANGUAGE,
    "workflow_orchestrator/extraction/identity.py": LANGUAGE,
    "workflow_orchestrator/extraction/inventory.py": LANGUAGE,
    "workflow_orchestrator/extraction/lists.py": LANGUAGE,
    "workflow_orchestrator/extraction/notes.py": RETURNS,
    "workflow_orchestrator/extraction/offline.py": RETURNS,
    "workflow_orchestrator/extraction/pairs.py": RETURNS,
    "workflow_orchestrator/extraction/prose.py": LANGUAGE,
    "workflow_orchestrator/extraction/returns.py": RETURNS,
    "workflow_orchestrator/extraction/sentences.py": "sentences that law words alike, read where a schema asks for what they say",
    "workflow_orchestrator/extraction/vocabulary.py": RETURNS,
    "workflow_orchestrator/identifiers.py": NUMBERS,
    "workflow_orchestrator/rendering/powerpoint.py": "a placeholder of the first theme has this name in its file",
    "workflow_orchestrator/script/names.py": LANGUAGE,
    "workflow_orchestrator/script/writer.py": "fills the variable `fund` of the prompts of write steps",
    "workflow_orchestrator/steps/correction_form.py": NUMBERS,
}


def code_words(path: Path) -> Iterator[str]:
    """The names and texts of a file's code, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # A text that stands alone says what the name above it is, as a docstring does.
    docstrings |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
        for name in ("id", "attr", "arg", "name"):
            if isinstance(word := getattr(node, name, None), str):
                yield word.replace("_", " ")


def modules() -> list[str]:
    """Every Python file of the plugins but for the library of checks, by its path there."""
    found = (path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))
    return sorted(name for name in found if not name.startswith(LIBRARY) and "dist-info" not in name)


def named_in(module: str) -> set[str]:
    """The words of a trade that a module's code has."""
    return {match.group().lower() for text in code_words(PLUGINS / module) for match in WORDS.finditer(text)}


@pytest.mark.parametrize("module", modules())
def test_no_module_names_a_trade(module: str) -> None:
    """A module without a listed reason has no such word; one with a reason still has one."""
    found = named_in(module)
    if module in EXCEPTIONS:
        assert found, f"{module} names no trade any more; take it out of the exceptions"
    else:
        assert not found, f"{module} names {', '.join(sorted(found))}; say it in a schema, a pack or the library of checks"


def test_every_exception_has_a_reason_and_a_file() -> None:
    """A file that is gone, or a reason of one word, is no exception."""
    known = set(modules())
    assert set(EXCEPTIONS) <= known
    assert all(len(reason.split()) > 4 for reason in EXCEPTIONS.values())


def test_the_search_finds_what_it_should(tmp_path: Path) -> None:
    """Names and texts of the code count; comments and docstrings do not."""
    path = tmp_path / "some.py"
    path.write_text('"""A fund."""\n# a fund\nfund_name = 1\nother = "diluted EPS"\n', encoding="utf-8")
    assert {match.group() for text in code_words(path) for match in WORDS.finditer(text)} == {"fund", "EPS"}
