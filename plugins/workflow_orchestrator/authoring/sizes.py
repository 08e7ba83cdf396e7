"""How long the requests of a workflow are, before a run: what is known is counted, the rest is estimated and said so.

prompt and what it includes   counted
the field guide, narration    counted
the document                  counted when it is given; else a page has 3,000 characters, and at worst 41,000 (the densest real
                              page that was measured)
values, earlier artifacts     estimated from the fields and from the longest answer of the step that made them
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import CallStep, ExtractStep, GenerateStep, Step, WriteStep

if TYPE_CHECKING:
    from llm_orchestration import Prompt

TYPICAL_PAGES = 4
TYPICAL_PAGE = 3_000
DENSEST_PAGE = 41_000
# UTF-8 bytes of a token: English prose has about four, tables and other languages fewer.
TYPICAL_BYTES_PER_TOKEN = 4
FEWEST_BYTES_PER_TOKEN = 3
# A value in a prompt: its place, its title, its figure. A paragraph of the document is longer.
VALUE_BYTES, PARAGRAPH_BYTES = 110, 1_500
# How many values a keyed field has where the schema does not list them: years, months, holdings.
TYPICAL_KEYS, MOST_KEYS = 10, 60
PARAMETERS_BYTES = 300
# What the model is told with a question back, beside its own answer.
TOLD_BYTES = 1_000
# A typical answer: a pointer to printed words per value, two sentences per slide.
POINTER_TOKENS, SLIDE_TOKENS = 45, 60


@dataclass(frozen=True, slots=True)
class Sizes:
    """Tokens of one request of a step: as expected and at worst. `answer_most` is `None` where nothing limits the answer."""

    prompt: int
    prompt_most: int
    answer: int
    answer_most: int | None


@dataclass(frozen=True, slots=True)
class DocumentSize:
    """The document of a run in bytes of text, as expected and at worst, and what is said about it."""

    typical: int
    most: int
    says: str


def document_size(workflow: Workflow, path: Path | None) -> DocumentSize:
    """The size of a document that is given, or of any that the workflow takes.

    Raises:
        DocumentError: it cannot be read, or is over the workflow's limits.
    """
    rule = workflow.document
    if path is None:
        pages = min(TYPICAL_PAGES, rule.max_pages)
        says = (
            f"no document given: {pages} pages of {TYPICAL_PAGE:,} characters are expected, "
            f"and at worst {rule.max_pages} of {DENSEST_PAGE:,}"
        )
        return DocumentSize(pages * TYPICAL_PAGE, rule.max_pages * DENSEST_PAGE, says)
    from workflow_orchestrator.documents import ReadLimits, read_document
    from workflow_orchestrator.extraction.model import document_text

    document = read_document(path.read_bytes(), ReadLimits(max_pages=rule.max_pages, max_bytes=rule.max_bytes))
    size = len(document_text(document).encode())
    count = len(document.pages)
    return DocumentSize(size, size, f"{path.name}: {count} page{'s' if count != 1 else ''}, {size:,} bytes of text")


class Measure:
    """Measures the requests of one workflow's steps."""

    def __init__(self, workflow: Workflow, document: DocumentSize) -> None:
        self._workflow = workflow
        self._document = document

    def of(self, step: ExtractStep | WriteStep | GenerateStep, limit: int | None, *, document: bool = True) -> Sizes:
        """The sizes of one request of a step; `limit` is the target's own limit of the answer.

        Without `document` its text is left out: of two questions that share its pages, it is counted with the first.

        Raises:
            PromptError: the prompt cannot be read.
        """
        prompt = self._prompt(step)
        fixed = _fixed_bytes(step.prompt, self._workflow.include / "prompts") + self._schema_bytes(step)
        variable = [self._bytes(name, step) for name in prompt.variables if document or name != "document"]
        typical = fixed + sum(size for size, _ in variable)
        most = fixed + sum(size for _, size in variable)
        answer_most = prompt.max_output_tokens or limit
        answer = self._answer(step)
        return Sizes(
            prompt=-(-typical // TYPICAL_BYTES_PER_TOKEN),
            prompt_most=-(-most // FEWEST_BYTES_PER_TOKEN),
            answer=answer if answer_most is None else min(answer, answer_most),
            answer_most=answer_most,
        )

    def _prompt(self, step: ExtractStep | WriteStep | GenerateStep) -> Prompt:
        from llm_orchestration import Prompt

        below = self._workflow.include / "prompts"
        return Prompt.load(step.prompt.relative_to(below), search_path=below)

    def _bytes(self, name: str, step: Step) -> tuple[int, int]:
        """What a variable of a prompt takes, as expected and at worst."""
        if name == "document":
            return self._document.typical, self._document.most
        if name == "fields":
            size = self._guide()
            return size, size
        if name == "values":
            return self._values(TYPICAL_KEYS), self._values(MOST_KEYS)
        if name in ("segments", "example") and isinstance(step, WriteStep):
            size = max(path.stat().st_size for path in step.narration.values())
            return size // 3, size
        if name == "terms" and isinstance(step, WriteStep):
            from workflow_orchestrator.script.terms import terms_beside

            files = [terms_beside(path, language) for language, path in step.narration.items()]
            size = 500 + 3 * max(path.stat().st_size if path.is_file() else 0 for path in files)
            return size // 2, size
        maker = next((one for one in self._workflow.steps if isinstance(one, GenerateStep) and one.into == name), None)
        if maker is not None:
            limit = self._prompt(maker).max_output_tokens
            most = (limit or 4_000) * TYPICAL_BYTES_PER_TOKEN
            return min(self._answer(maker) * TYPICAL_BYTES_PER_TOKEN, most), most
        if any(isinstance(one, CallStep) and name in one.take for one in self._workflow.steps):
            # Another workflow's answer: as long as one without a limit of its own.
            return PARAMETERS_BYTES, 4_000 * TYPICAL_BYTES_PER_TOKEN
        return PARAMETERS_BYTES // 3, PARAMETERS_BYTES

    def _guide(self) -> int:
        from workflow_orchestrator.extraction.model import field_guide

        return len(field_guide(self._workflow.fields).encode())

    def _values(self, keys: int) -> int:
        total = 0
        for spec in self._workflow.fields.values():
            count = len(spec.keys) or (keys if spec.keyed else 1)
            total += count * (PARAGRAPH_BYTES if spec.kind.value == "paragraph" else VALUE_BYTES)
        return total

    def _answer(self, step: ExtractStep | WriteStep | GenerateStep) -> int:
        """Tokens of a typical answer."""
        if isinstance(step, ExtractStep):
            values = sum(len(s.keys) or (TYPICAL_KEYS if s.keyed else 1) for s in self._workflow.fields.values())
            return values * POINTER_TOKENS
        if isinstance(step, WriteStep):
            return max(map(_slides, step.narration.values()), default=8) * SLIDE_TOKENS
        # What an author asks a model to make freely is short of its limit by a half, as a rule of thumb.
        return (self._prompt(step).max_output_tokens or 2_000) // 2

    def _schema_bytes(self, step: Step) -> int:
        """The schema of the answer, which is sent with every request."""
        import json

        if isinstance(step, GenerateStep):
            return step.output.stat().st_size
        if isinstance(step, ExtractStep):
            from workflow_orchestrator.extraction.model import answer_schema

            return len(json.dumps(answer_schema(self._workflow.fields)))
        return 1_000


@cache
def _fixed_bytes(prompt: Path, below: Path) -> int:
    """The prompt's own text with everything below `shared/`, which it may include."""
    shared = sum(path.stat().st_size for path in sorted((below / "shared").glob("*.md.j2")))
    return prompt.stat().st_size + shared


def _slides(narration: Path) -> int:
    from workflow_orchestrator.definition.problems import Report
    from workflow_orchestrator.definition.source import read_source

    source = read_source(narration, Report())
    return len((source.get(("segments",), dict) if source else None) or ()) or 8
