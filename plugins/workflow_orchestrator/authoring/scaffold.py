"""A new workflow as files: from the blank one that lies beside this module, or from another workflow of the project.

Everything is written to a temporary folder first and loaded from there. Only a workflow without a problem is put into its place, by
two renames; when the second one fails, the first is taken back.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.language import NAME, NAME_SAYS

BLANK = "blank"
_TEMPLATE = Path(__file__).parent / BLANK
_TEXT = (".yaml", ".json", ".j2", ".py", ".md", ".txt")
# Names that would meet a DAG of another workflow (its inbox has DAGs of its own), a folder of the platform's, or Python.
_ENDINGS = ("_nightly", "_arrivals", "_batch")
_TAKEN = ("shared",)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the two folders, with the names of their files."""

    folder: Path
    prompts: Path
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `source` is `blank` or the name of a workflow."""

    name: str
    title: str
    owner: str
    source: str = BLANK

    def __post_init__(self) -> None:
        if re.fullmatch(NAME, self.name) is None:
            raise UsageError(f"{self.name!r} is not {NAME_SAYS}")
        if self.name.endswith(_ENDINGS) or self.name in _TAKEN:
            raise UsageError(f"{self.name!r} is a name that the platform uses itself; choose another")
        for what, text in (("title", self.title), ("owner", self.owner)):
            if not text.strip() or "\n" in text or len(text) > 200:
                raise UsageError(f"--{what} must be one line of 1 to 200 characters, and is {text[:60]!r}")


def make(project: Project, wanted: Wanted, today: date) -> Made:
    """Makes the workflow.

    Args:
        project: where it is put.
        wanted: what it is called, and what it is made from.
        today: the day that its sample document and its scenarios start from.

    Raises:
        UsageError: the name is taken, or the source does not exist.
        DefinitionError: what was made has problems, which then come from the source.
    """
    folder, prompts = project.dags / wanted.name, project.include / "prompts" / wanted.name
    _refuse_taken(project, folder, prompts)
    # On the same disk as the target, because a rename goes no further.
    with tempfile.TemporaryDirectory(prefix=".workflow-new-", dir=project.root) as name:
        stage = Project(Path(name), Path(name))
        _stage(project, stage)
        made, words = stage.dags / wanted.name, stage.include / "prompts" / wanted.name
        if wanted.source == BLANK:
            _blank(project, wanted, today, made, words)
        else:
            _copy(project, wanted, made, words)
        load_workflow(made, stage.include)
        files = tuple(
            sorted(
                f"{where.relative_to(project.root).as_posix()}/{path.relative_to(base).as_posix()}"
                for base, where in ((made, folder), (words, prompts))
                for path in base.rglob("*")
                if path.is_file()
            )
        )
        _put(words, prompts, made, folder)
    return Made(folder, prompts, files)


def _refuse_taken(project: Project, folder: Path, prompts: Path) -> None:
    for path in (folder, prompts):
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path.relative_to(project.root)} exists already; choose another name or remove it")


def _stage(project: Project, stage: Project) -> None:
    """An `include/` that looks like the project's, so that what is made can be loaded before it is in its place."""
    stage.include.mkdir()
    stage.dags.mkdir()
    for path in project.include.iterdir():
        if path.name != "prompts":
            (stage.include / path.name).symlink_to(path)
    # Copies, because an include of a prompt must not lead out of the folder, not even over a link.
    shutil.copytree(project.include / "prompts", stage.include / "prompts")
    # A workflow that calls another one needs it beside itself.
    for name in project.names():
        (stage.dags / name).symlink_to(project.dags / name)


def _blank(project: Project, wanted: Wanted, today: date, folder: Path, prompts: Path) -> None:
    words = sample_words(today)
    filled = {
        "NAME": wanted.name,
        "TITLE": json.dumps(wanted.title, ensure_ascii=False),
        "OWNER": json.dumps(wanted.owner, ensure_ascii=False),
        "TODAY": today.isoformat(),
        "LATER": (today + timedelta(days=366)).isoformat(),
        "PRICE": words["price"],
        "AMOUNT": words["price"].rpartition(" ")[2],
        "LAUNCH_YEAR": words["launch"][-4:],
        "NEXT_YEAR": str(today.year + 1),
    }
    for source, target in ((_TEMPLATE / "workflow", folder), (_TEMPLATE / "prompts", prompts)):
        target.mkdir()
        for path in sorted(source.iterdir()):
            if path.suffix != ".typ":
                text = fill(path.read_text(encoding="utf-8"), filled)
                (target / path.name.removesuffix(".in")).write_text(text, encoding="utf-8")
    (folder / "sample.pdf").write_bytes(sample_pdf(project, words))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `@NAME@` filled in.

    Raises:
        KeyError: a place has no value.
    """
    return re.sub("@([A-Z_]+)@", lambda match: values[match.group(1)], text)


def sample_words(today: date) -> dict[str, str]:
    """What the sample document prints: figures as at the end of the month before, launched ten years ago."""
    as_of = today.replace(day=1) - timedelta(days=1)
    launch = as_of.replace(year=as_of.year - 10, day=12)
    return {
        "product": "Marrowby Savings Plan",
        "as_of": _day(as_of),
        "launch": _day(launch),
        "price": "EUR 104.20",
        "charges": "0.45 %",
    }


_MONTHS = "January February March April May June July August September October November December".split()


def _day(day: date) -> str:
    # Not by strftime, whose month names follow the machine's language.
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def sample_pdf(project: Project, words: Mapping[str, str]) -> bytes:
    """The sample document with these words, set in the fonts of the house theme; the same bytes for the same words."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(project.include / "themes" / "house" / "fonts")],
    )
    data: bytes = typst.compile(
        str(_TEMPLATE / "workflow" / "sample.typ"), font_paths=fonts, sys_inputs=dict(words), format="pdf", timestamp=0
    )
    return data


def _copy(project: Project, wanted: Wanted, folder: Path, prompts: Path) -> None:
    """Another workflow under a new name: its own name is replaced in every text, its title and owner in `workflow.yaml`."""
    source = project.folder(wanted.source)
    words = project.include_of(source) / "prompts" / source.name
    ignored = shutil.ignore_patterns("__pycache__", ".*", "*~", "*.pyc")
    shutil.copytree(source, folder, ignore=ignored)
    if words.is_dir():
        shutil.copytree(words, prompts, ignore=ignored)
    else:
        prompts.mkdir()
    old = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(source.name)}(?![A-Za-z0-9_])")
    for path in (*folder.rglob("*"), *prompts.rglob("*")):
        if path.is_file() and path.suffix in _TEXT:
            text = old.sub(wanted.name, path.read_text(encoding="utf-8"))
            if path.name == "workflow.yaml":
                text = _renamed(text, "title", wanted.title)
                text = _renamed(text, "owner", wanted.owner)
            path.write_text(text, encoding="utf-8")


def _renamed(text: str, key: str, value: str) -> str:
    """The text of a `workflow.yaml` with another value of a key of one line."""
    said = f"{key}: {json.dumps(value, ensure_ascii=False)}"
    return re.sub(rf"^{key}:.*$", lambda _: said, text, count=1, flags=re.MULTILINE)


def _put(words: Path, prompts: Path, made: Path, folder: Path) -> None:
    # The prompts first: Airflow sees a workflow when its dag.py is there, and by then all of it must be.
    os.replace(words, prompts)  # noqa: PTH105 - a folder that exists must stop it, which Path.replace does not promise
    try:
        os.replace(made, folder)  # noqa: PTH105
    except BaseException:
        shutil.rmtree(prompts)
        raise
