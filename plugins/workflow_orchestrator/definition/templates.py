"""Reads a template without rendering it: which names it uses, where, and what is wrong with its form.

A prompt file has front matter and the blocks `system` and `user` (llm_orchestration/prompts.py renders it); a message is one line or
paragraph of `workflow.yaml`. Both see the same sandbox, so both are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import Entry, ListOf, Number, OneOf, Record, Text, Whole
from workflow_orchestrator.definition.source import MAX_BYTES, Source, parse

if TYPE_CHECKING:
    from jinja2 import nodes

SUFFIX = ".md.j2"
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*\r?\n(.*)\Z", re.DOTALL)
_BLOCKS = ("system", "user")
_UNKNOWN = re.compile(r"No (filter|test) named '([^']*)'")

FRONT_MATTER = Record(
    {
        "version": Entry(
            OneOf((Text(longest=60), Number(0, 1e9)), "text or a number"), "The version of the prompt.", required=True
        ),
        "parameters": Entry(
            Record(
                {
                    "temperature": Entry(Number(0, 2), "How freely the model words its answer."),
                    "max_output_tokens": Entry(Whole(1, 1_000_000), "The longest answer."),
                }
            ),
            "Settings of the call.",
        ),
        "variables": Entry(ListOf(Text("[a-z_][a-z0-9_]*", "a name in small letters"), at_least=0), "What it uses."),
    }
)


@dataclass(frozen=True, slots=True)
class Name:
    """One use of a name: `outlook.sections[0]` has the path `("outlook", "sections")`."""

    path: tuple[str, ...]
    file: Path
    line: int

    @property
    def root(self) -> str:
        return self.path[0]


@dataclass(slots=True)
class Template:
    """What a template uses. `declared` is the list `variables:` of its front matter, `None` for a message."""

    path: Path
    names: list[Name] = field(default_factory=list)
    declared: tuple[str, ...] | None = None
    front: Source | None = None

    @property
    def roots(self) -> tuple[str, ...]:
        """Each variable once, in the order in which it is used."""
        return tuple(dict.fromkeys(name.root for name in self.names))

    def first(self, root: str) -> Name:
        """The first use of a variable."""
        return next(name for name in self.names if name.root == root)


class Templates:
    """The prompts of one workflow, each file read once. `folder` is where includes are looked up."""

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder = folder
        self._report = report
        self._read: dict[Path, Template | None] = {}
        self._included: dict[Path, _Part | None] = {}

    def read(self, path: Path) -> Template | None:
        """A prompt with all that it includes; `None` when it has no readable form, and then the report says why."""
        if path not in self._read:
            self._read[path] = _read_prompt(path, self)
        return self._read[path]

    def included(self, path: Path) -> _Part | None:
        """A file that prompts include."""
        if path not in self._included:
            text = _text(path, self._report)
            self._included[path] = None if text is None else _parse(text, path, self._report)
        return self._included[path]

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def report(self) -> Report:
        return self._report


def _read_prompt(path: Path, templates: Templates) -> Template | None:
    report = templates.report
    text = _text(path, report)
    if text is None:
        return None
    match = _FRONT.match(text)
    if match is None:
        report.add_at(
            "WF041",
            path,
            1,
            1,
            "",
            "the prompt has no front matter",
            "begin with ---, version: 1, variables: […] and --- again, each on a line of its own",
        )
        return None
    template = Template(path, declared=())
    _front_matter(template, match.group(1), report)
    # The front matter as empty lines, so that the lines of the template are those of the file.
    body = "\n" * text[: match.start(2)].count("\n") + match.group(2)
    part = _parse(body, path, report)
    if part is None:
        return None
    _check_blocks(part.tree, path, report)
    _collect(template, part, templates)
    return template


def read_message(text: str, path: Path) -> tuple[Template | None, str]:
    """Reads a message; with `None` comes what is wrong with it."""
    from jinja2 import TemplateSyntaxError

    try:
        part = _analyse(text, path)
    except TemplateSyntaxError as error:
        message, fix = _in_words(error.message or "it is no template")
        return None, f"{message}; {fix}" if fix else message
    if next(_referenced(part.tree), None) is not None:
        return None, "a message includes no file"
    return Template(path, [Name(used, path, line) for used, line in _paths(part.tree, part.free)]), ""


def _text(path: Path, report: Report) -> str | None:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            report.add_at("WF001", path, 1, 1, "", f"the file is larger than {MAX_BYTES:,} bytes", "shorten it")
            return None
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        report.add_at("WF001", path, 1, 1, "", "the prompt is not UTF-8", "save it as UTF-8")
    except OSError as error:
        report.add_at("WF001", path, 1, 1, "", f"the file cannot be read: {error.strerror or error}")
    return None


def _front_matter(template: Template, text: str, report: Report) -> None:
    # One empty line stands for the opening ---, so that positions are those of the file.
    source = parse("\n" + text, template.path, report)
    if source is None:
        return
    FRONT_MATTER.check(source.data, (), source, report)
    declared = source.get(("variables",), list) or []
    template.front = source
    template.declared = tuple(name for name in declared if isinstance(name, str))


@cache
def _environment() -> Any:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment()
    # Only its name matters here: llm_orchestration/prompts.py has the filter itself.
    environment.filters["fenced"] = str
    return environment


@dataclass(frozen=True, slots=True)
class _Part:
    """One parsed file of a template: its tree, and the names that it does not set itself."""

    path: Path
    tree: nodes.Template
    free: frozenset[str]


def _analyse(text: str, path: Path) -> _Part:
    """Parses a text and finds its free names.

    Raises:
        TemplateSyntaxError: it is no template, or uses a filter or test that there is not.
    """
    from jinja2 import TemplateSyntaxError, meta

    try:
        tree = _environment().parse(text)
        free = meta.find_undeclared_variables(tree) - set(_environment().globals)
    except RecursionError:
        raise TemplateSyntaxError("it is nested too deeply", 1) from None
    return _Part(path, tree, frozenset(free))


def _parse(text: str, path: Path, report: Report) -> _Part | None:
    from jinja2 import TemplateSyntaxError

    try:
        return _analyse(text, path)
    except TemplateSyntaxError as error:
        message, fix = _in_words(error.message or "it is no template")
        report.add_at("WF041", path, error.lineno, 1, "", message, fix)
    return None


def _in_words(message: str) -> tuple[str, str]:
    """A parser's message and the fix; a filter that there is not was most likely misspelt."""
    unknown = _UNKNOWN.match(message)
    if unknown is None:
        return f"the template cannot be parsed: {message}", ""
    kind, name = unknown.groups()
    known = _environment().filters if kind == "filter" else _environment().tests
    return f"there is no {kind} {name!r}", did_you_mean(name, known)


def _check_blocks(tree: nodes.Template, path: Path, report: Report) -> None:
    kinds = _nodes()
    seen = set()
    for node in tree.body:
        if isinstance(node, kinds.Block) and node.name in _BLOCKS:
            seen.add(node.name)
        elif not (isinstance(node, kinds.Output) and all(_blank(part) for part in node.nodes)):
            report.add_at(
                "WF041",
                path,
                _first_line(node),
                1,
                "",
                "this stands outside the blocks system and user",
                "it would never be sent; move it into one of them",
            )
            break
    if "user" not in seen:
        report.add_at("WF041", path, 1, 1, "", "the prompt has no {% block user %}", "put what is asked into it")


def _blank(part: Any) -> bool:
    return isinstance(part, _nodes().TemplateData) and not part.data.strip()


def _first_line(node: Any) -> int:
    """The line of the first thing that is not blank: template text begins with the line ends before it."""
    for part in getattr(node, "nodes", ()):
        if isinstance(part, _nodes().TemplateData) and part.data.strip():
            lead = part.data[: len(part.data) - len(part.data.lstrip())]
            begins: int = part.lineno + lead.count("\n")
            return begins
        if not _blank(part):
            return int(part.lineno)
    line: int = node.lineno
    return line


def _collect(template: Template, first: _Part, templates: Templates) -> None:
    waiting = [first]
    seen = {first.path}
    while waiting:
        part = waiting.pop(0)
        template.names += (Name(used, part.path, line) for used, line in _paths(part.tree, part.free))
        for name, line in _referenced(part.tree):
            target = _target(name, part.path, line, templates.folder, templates.report)
            if target is not None and target not in seen:
                seen.add(target)
                included = templates.included(target)
                waiting += [] if included is None else [included]


def _target(name: str | None, place: Path, line: int, prompts: Path, report: Report) -> Path | None:
    """The file that an include names."""
    if name is None:
        report.add_at("WF041", place, line, 1, "", "a file is included by a variable", "write its name")
        return None
    target = prompts / name
    if target.is_file() and target.resolve().is_relative_to(prompts.resolve()):
        return target
    known = [found.relative_to(prompts).as_posix() for found in sorted(prompts.rglob(f"*{SUFFIX}"))]
    missing = report.shown(target).as_posix()
    report.add_at("WF040", place, line, 1, "", f"there is no file {missing}", did_you_mean(name, known))
    return None


def _referenced(tree: nodes.Template) -> Iterator[tuple[str | None, int]]:
    """The files that a template names, each with its line; `None` where it names one by a variable."""
    kinds = _nodes()
    for node in tree.find_all((kinds.Include, kinds.Import, kinds.FromImport, kinds.Extends)):
        target = getattr(node, "template", None)
        value = target.value if isinstance(target, kinds.Const) else None
        yield (value if isinstance(value, str) else None), node.lineno


def _paths(node: Any, free: frozenset[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each use of a name that the template does not set itself, with as much of its path as is written out."""
    kinds = _nodes()
    if isinstance(node, kinds.Call) and isinstance(node.node, kinds.Getattr):
        # A method such as `outlook.items()` is no key of the value.
        yield from _paths(node.node.node, free)
        for child in (*node.args, *node.kwargs):
            yield from _paths(child, free)
        return
    if isinstance(node, kinds.Name | kinds.Getattr | kinds.Getitem):
        path = _path(node)
        if path:
            if path[0] in free:
                yield path, node.lineno
            return
    for child in node.iter_child_nodes():
        yield from _paths(child, free)


def _path(node: Any) -> tuple[str, ...]:
    """`a.b["c"]` as a path; empty where something else than names stands in it."""
    kinds = _nodes()
    if isinstance(node, kinds.Name):
        return (node.name,) if node.ctx == "load" else ()
    if isinstance(node, kinds.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else ()
    if isinstance(node, kinds.Getitem) and isinstance(node.arg, kinds.Const) and isinstance(node.arg.value, str):
        before = _path(node.node)
        return (*before, node.arg.value) if before else ()
    return ()


def _nodes() -> Any:
    from jinja2 import nodes

    return nodes
