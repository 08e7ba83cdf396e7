"""The names that a template may use, by the kind of step: what the steps provide and what the loader checks.

    extract   document, fields, title
    write     language, fund, values, segments, example, terms
    generate  document, title, fields, and `values` (the table of proven values) where data is made before
    notify    workflow, document, outcome, error, cost_usd, run_id, link

Every prompt also sees `parameters`, the conf of the run by name (`parameters.audience`), the artifacts of earlier generate steps by
their name, and in a map the item by its name. A message to a channel sees `parameters` and the item too, and no artifact.
"""

from __future__ import annotations

from collections.abc import Mapping

PARAMETERS = "parameters"
PROVIDED: Mapping[str, tuple[str, ...]] = {
    "extract": ("document", "fields", "title"),
    "write": ("language", "fund", "values", "segments", "example", "terms"),
    "generate": ("document", "title", "fields", "values"),
    "notify": ("workflow", "document", "outcome", "error", "cost_usd", "run_id", "link"),
}
"""What a kind's templates see beside `parameters`, artifacts and the item."""

READS: Mapping[tuple[str, str], str] = {("generate", "values"): "data"}
"""(kind, variable) → the artifact that must be there before for the variable to have a value."""

RESERVED = frozenset({PARAMETERS, *(name for names in PROVIDED.values() for name in names)})
"""Names that no artifact of a generate step may take."""

RESERVED_ITEMS = frozenset({PARAMETERS, "approval", "force", *PROVIDED["generate"], *PROVIDED["notify"]})
"""Names that the item of a map may not take; it may take a parameter's, such as `language`, and then stands in its place."""
