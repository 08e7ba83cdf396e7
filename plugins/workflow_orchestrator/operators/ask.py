"""`ask`: a form for the fields that failed; the answer goes through the same checks as any other value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.model import AskStep, ValidateStep
from workflow_orchestrator.errors import BusinessValidationError, ConfigurationError, CorrectionError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.operators.base import StepOperator, Work, configuration_of, storage_of
from workflow_orchestrator.operators.people import answer_of, ask_people, assigned_users, plain
from workflow_orchestrator.operators.validate import judge_values
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.values import Kind, Origin, Value, ValueSet
from workflow_orchestrator.web import link

if TYPE_CHECKING:
    from workflow_orchestrator.extraction import Reading

SEND = "Send the values"
STOP = "Stop this run"


class AskOperator(StepOperator):
    """Reached only when a step ended with an error that its `catch` names; skips itself otherwise.

    A person enters the words as they are printed and the page. The figure is read from those words and proven against
    that page, so that a correction is bound to the document like every other value; it is marked `origin: person`.
    """

    ui_color = "#fbe6d8"
    step: AskStep

    def __init__(self, *, caught_by: Mapping[str, tuple[str, ...]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.caught_by = dict(caught_by)

    def execute(self, context: Any) -> Any:
        run = RunFolder(storage_of(self.workflow), self.workflow.name, context["run_id"])
        if not self._caught(run):
            # `one_failed` also fires when an earlier step took this one's place in failing; then there is nothing to ask.
            raise AirflowSkipException("no error that leads here")
        return self.attempt(run, context, self.perform)

    def _caught(self, run: RunFolder) -> dict[str, Any] | None:
        for step, classes in self.caught_by.items():
            error = run.last_error(step)
            if error and set(classes) & set(error["classes"]):
                return error
        return None

    def perform(self, work: Work) -> None:
        validation = work.run.read_json("validation.json")
        wanted = wanted_refs(validation["findings"], self.workflow.fields)
        pages = len(work.run.read_json("document.json")["pages"])
        configuration = configuration_of(self.workflow)
        ask_people(
            work.context,
            subject=f"{self.workflow.title}: values are missing or wrong in {work.request['source']['name']}",
            body=question(
                validation, link(work.run.workflow, work.run.run_id, "source.pdf"), work.run.last_error(self.task_id)
            ),
            options=(SEND, STOP),
            users=assigned_users(configuration.groups, self.step.ask),
            within=self.step.within,
            form=form_for(wanted, self.workflow.fields, pages, self._present(work)),
        )

    def _present(self, work: Work) -> ValueSet:
        """What was read, with what people have entered so far for this very reading in its place."""
        values = ValueSet.from_json(work.run.read_json("extracted.json")["values"])
        return values.replacing(self._entered_so_far(work))

    def _entered_so_far(self, work: Work) -> list[Value]:
        if not work.run.exists("correction.json"):
            return []
        kept = work.run.read_json("correction.json")
        if kept["extracted"] != sha256(work.run.read("extracted.json")):
            return []
        return [Value.from_json(item) for item in kept["values"]]

    def execute_complete(self, context: Any, event: Any) -> Any:
        run = RunFolder(storage_of(self.workflow), self.workflow.name, context["run_id"])
        return self.attempt(run, context, self._take, event=event)

    def _take(self, work: Work, *, event: Any) -> None:
        option, answers, who, when = answer_of(event, "the correction", self.step.within)
        if option == STOP:
            raise BusinessValidationError(f"{who} stopped the run instead of entering the missing values", by=who)
        reading = self._reading(work, answers)
        corrected = reading.values
        so_far = ValueSet(self._entered_so_far(work)).replacing(corrected.values())
        extracted = work.run.read("extracted.json")
        entry = {"by": who, "at": when, "extracted": sha256(extracted), "values": so_far.to_json()}
        work.keep("correction.json", entry)
        if reading.rejected:
            listed = "; ".join(
                f"{item.ref}: {item.quote!r} on page {item.page}: {item.reason}" for item in reading.rejected
            )
            raise CorrectionError(f"not every value entered stands in the document: {listed}. The form is shown again")
        left_out = json.loads(extracted)["rejected"]
        try:
            judge_values(work, self.workflow, self._validate_step(), self._present(work), left_out)
        except BusinessValidationError as error:
            raise CorrectionError(f"the values are still not enough: {error.message}", **error.details) from None
        work.report.facts.update({"corrected": len(corrected), "by": who})

    def _reading(self, work: Work, answers: Mapping[str, Any]) -> Reading:
        from workflow_orchestrator.documents import Document
        from workflow_orchestrator.extraction import model

        document = Document.from_json(work.run.read_json("document.json"))
        return model.values_from_answer(
            {"values": entered(answers)}, document, self.workflow.fields, origin=Origin.PERSON
        )

    def _validate_step(self) -> ValidateStep:
        for name in self.caught_by:
            step = self.workflow.step(name)
            if isinstance(step, ValidateStep):
                return step
        raise ConfigurationError(
            f"{self.task_id} is not reached from a validate step, so its answers cannot be checked"
        )


def wanted_refs(findings: Sequence[Mapping[str, Any]], fields: FieldSet) -> list[str]:
    """The references that a person is asked for: those of each finding that stopped the run; a whole period field gives all its keys."""
    refs: dict[str, None] = {}
    for finding in findings:
        if finding["severity"] == "warning":
            continue
        for ref in finding["refs"]:
            name, _, key = ref.partition(".")
            spec = fields[name]
            if spec.keyed == "period" and not key:
                refs.update(dict.fromkeys(f"{name}.{key}" for key in spec.keys))
            elif not spec.keyed or key:
                refs[ref] = None
    return list(refs)


def form_for(refs: Sequence[str], fields: FieldSet, pages: int, present: ValueSet) -> dict[str, Any]:
    """The form's fields in Airflow's own parameter format: the printed words, and the page that prints them."""
    from airflow.sdk import Param

    form: dict[str, Any] = {}
    for ref in refs:
        title = fields.title_of(ref, "en")
        spec = fields[ref.partition(".")[0]]
        name = spec.title["en"]
        label = name if title == name else f"{name}, {title}"
        shape: dict[str, Any] = {"format": "multiline"} if spec.kind is Kind.PARAGRAPH else {}
        value = present.get(ref)
        form[ref] = Param(
            value.evidence.quote if value else None,
            type=["null", "string"],
            title=f"{label}: as printed",
            description=f"The words exactly as the document prints them. {spec.description}".strip(),
            section=label,
            **shape,
        ).serialize()
        form[f"{ref}@page"] = Param(
            value.evidence.page if value else None,
            type=["null", "integer"],
            minimum=1,
            maximum=pages,
            title=f"{label}: page",
            description=f"1 to {pages}",
            section=label,
        ).serialize()
    return form


def entered(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a person filled in, in the form in which a model would have answered; empty fields are left out.

    Raises:
        CorrectionError: words without a page.
    """
    items = []
    for ref, words in answers.items():
        if ref.endswith("@page") or not str(words or "").strip():
            continue
        page = answers.get(f"{ref}@page")
        if not isinstance(page, int):
            raise CorrectionError(f"{ref}: {words!r} needs the number of the page that prints it")
        field, _, key = ref.partition(".")
        items.append({"field": field, "key": key, "quote": str(words).strip(), "page": page, "label": ""})
    return items


def question(validation: Mapping[str, Any], source: str, refused: Mapping[str, Any] | None = None) -> str:
    """The question as Markdown: why the last answer was refused, what failed and why, and where the document lies."""
    lines = [f"**The last answer was refused.** {plain(refused['message'])}", ""] if refused else []
    lines += [f"[Source document]({source})", "", "| Field | Why |", "|---|---|"]
    lines += [
        f"| {', '.join(finding['refs']) or finding['rule']} | {plain(finding['message'])} |"
        for finding in validation["findings"]
        if finding["severity"] != "warning"
    ]
    left_out = validation["left_out"]
    if left_out:
        lines += ["", "Seen in the document, but not certain enough to be used:", ""]
        lines += [
            f"- {item['ref']}: “{plain(item['quote'])}” on page {item['page']}: {plain(item['reason'])}"
            for item in left_out[:20]
        ]
    lines += ["", "Enter each value as the document prints it, with its page. It is checked against that page."]
    return "\n".join(lines)
