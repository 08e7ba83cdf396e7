"""The part of the language's reference about `rules.yaml`: every check that a rule may name, from the registry that applies them."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.authoring.markdown import code, plain, table
from workflow_orchestrator.fields import KEYED
from workflow_orchestrator.rules.registry import (
    Check,
    CheckParameter,
    DecimalParameter,
    FieldParameter,
    FieldsParameter,
    NumberParameter,
    TextParameter,
    checks,
)

ABOUT = """## `rules.yaml`

A rule has a name of your choice, the `check` that it applies, and what the check takes: fields of `schema.json` and settings. It applies
only where the document prints everything that it needs. Figures are compared by their printed digits: `1.93` stands for anything from
1.925 to 1.935, and a rule is broken only if no such figures fit. `severity` of a rule takes the place of its check's: `error` cannot be
right, `needs_person` may be right and a person says so, `warning` is recorded and shown to the approver. `says` is what a breach means,
in the words of the people who read it. [rules.md](rules.md) has each check with its formula, what it takes and an example.

```yaml
previous:                                   # how the release before is found; needed by checks that compare with it
  same: [[isin], [fund_name, share_class]]  # the first list that both documents print whole decides
  dated: as_of_date                         # which of two is earlier
rules:
  size_moved: {check: moves_within_percent, value: fund_size, percent: 30, severity: warning}
```"""
PREVIOUS_ABOUT = """These compare with the release before: the values of the latest earlier day that a person released for the same. Without
one they say nothing."""


def rules_reference() -> Iterator[str]:
    """The part, as paragraphs and tables."""
    yield ABOUT
    yield _table([check for check in checks().values() if not check.against_previous])
    yield PREVIOUS_ABOUT
    yield _table([check for check in checks().values() if check.against_previous])


def _table(wanted: list[Check]) -> str:
    rows = [
        (f"[{code(check.name)}](rules.md#{check.name})", plain(check.says), code(check.severity))
        for check in sorted(wanted, key=lambda check: check.name)
    ]
    return table(("Check", "What must hold", "Severity"), rows)


def takes(check: Check) -> Iterator[str]:
    """What a check takes, parameter by parameter."""
    for parameter in check.parameters.values():
        says = f" ({plain(parameter.says)})" if parameter.says else ""
        yield f"{_shape(parameter)}{says}"


def _shape(parameter: CheckParameter) -> str:
    match parameter:
        case FieldParameter():
            kinds = " or ".join(parameter.kinds)
            return f"{kinds}{_keyed(parameter.keyed)}{'' if parameter.required else ', optional'}"
        case FieldsParameter():
            return f"a list of fields{'' if parameter.at_least else ', optional'}"
        case NumberParameter() | DecimalParameter():
            return f"{parameter.minimum} to {parameter.maximum}, else {parameter.default}"
        case TextParameter():
            return ", ".join(map(code, parameter.choices)) or "text"


def _keyed(keys: tuple[str, ...]) -> str:
    if {*keys} >= {"", *KEYED}:
        return ", keyed or not"
    keyed = [key for key in keys if key]
    by = f" by {' or '.join(keyed)}" if keyed else ""
    return f"{by}, or one" if keyed and "" in keys else by
