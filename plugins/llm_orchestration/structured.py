"""Structured output: the strict schema that is sent, and our own check of what comes back.

Providers promise that a strict answer fits the schema; gateways, small servers and cut answers break the promise.
So the promise is used to save money and never trusted: `read` parses with limits and `Contract.problems` validates
against the caller's own schema.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.model import canonical_json
from llm_orchestration.patterns import fault_of, patterns_in, schema_validator

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 64
MAX_DIGITS = 40
_MAX_PROBLEMS = 5

_FENCE = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n[ \t]*```\Z", re.DOTALL | re.IGNORECASE)
# An open string is one token too: a cut answer would otherwise be read anew from each of its escaped quotes.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")

# Strict mode of the OpenAI API refuses these; none of them is needed there, because the check below applies them.
_ANNOTATIONS = frozenset({"$schema", "$id", "$comment", "title", "default", "examples", "deprecated", "readOnly"})
_NOT_STRICT = frozenset(
    {
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "prefixItems",
        "contains",
    }
)


class OutputProblem(ValueError):
    """An answer that is not the JSON that was asked for. Internal: the engine re-asks or raises `InvalidOutputError`.

    Args:
        problems: Each broken rule, with nothing of the answer in it, for errors and logs.
        feedback: The same for the model, which may see its own answer.
    """

    def __init__(self, problems: tuple[str, ...], feedback: str | None = None) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.feedback = feedback if feedback is not None else "\n".join(f"- {problem}" for problem in problems)


@dataclass(frozen=True)
class Contract:
    """A compiled schema.

    Args:
        wire: The schema as it is sent.
        strict: Whether `wire` obeys strict mode; a free-form map cannot.
        validator: Validator of the caller's own schema.
        schema: The caller's own schema.
        size: Bytes of `wire`, which are read like the prompt.
    """

    wire: Mapping[str, Any]
    strict: bool
    validator: Any
    schema: Mapping[str, Any]
    size: int

    def check(self, text: str) -> Any:
        """Parses and validates an answer.

        Returns:
            The JSON value, without the nulls that only strict mode asked for.

        Raises:
            OutputProblem: It is not JSON, breaks a limit, or breaks the schema.
        """
        return self.check_value(read(text))

    def check_value(self, value: Any) -> Any:
        """The same for a value that is parsed already."""
        value = _drop_optional_nulls(value, self.schema, self.schema)
        broken = sorted(self.validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
        if not broken:
            return value
        told = broken[:_MAX_PROBLEMS]
        more = [f"and {len(broken) - len(told)} more"] if len(broken) > len(told) else []
        raise OutputProblem(
            tuple([_describe(error) for error in told] + more),
            "\n".join([f"- {error.json_path}: {error.message[:300]}" for error in told] + [f"- {m}" for m in more]),
        )


def accepted(data: Any, accept: Callable[[Any], object], schema: Mapping[str, Any]) -> None:
    """Runs the caller's own check of data that fits the schema.

    Args:
        data: The data.
        accept: The check.
        schema: The schema; only names that stand in it are told.

    Raises:
        OutputProblem: The check raised `ValueError`; pydantic's errors are listed one by one.
    """
    try:
        accept(data)
    except ValueError as error:
        listed = getattr(error, "errors", None)
        if not callable(listed):
            raise OutputProblem((f"refused: {type(error).__name__}",), f"- {error}") from None
        told = listed()[:_MAX_PROBLEMS]
        known = _property_names(schema)
        # Keys of a free-form map come from the model.
        safe = [[part if isinstance(part, int) or part in known else "*" for part in one["loc"]] for one in told]
        raise OutputProblem(
            tuple(f"{_json_path(path)}: {one['type']}" for path, one in zip(safe, told, strict=True)),
            "\n".join(f"- {_json_path(one['loc'])}: {one['msg']}" for one in told),
        ) from None


def _json_path(location: Sequence[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _property_names(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_property_names, node))
    if not isinstance(node, dict):
        return set()
    own = node.get("properties")
    return set(own if isinstance(own, dict) else ()).union(*map(_property_names, node.values()))


def compile_schema(schema: Mapping[str, Any]) -> Contract:
    """Compiles a JSON Schema (2020-12); the same schema is compiled once per process.

    Raises:
        ConfigurationError: It is not a valid schema or its root is not an object.
    """
    try:
        # Not sorted: a model writes the properties in the order of the schema, so the order is part of the question.
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the answer schema is not JSON: {error}") from None
    return _compile(text)


@lru_cache(maxsize=64)
def _compile(text: str) -> Contract:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    schema = json.loads(text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ConfigurationError(f"the answer schema is invalid at {error.json_path}: {error.message[:200]}") from None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ConfigurationError('the answer schema must have "type": "object" at its root')
    for _, pattern in patterns_in(schema):
        if (fault := fault_of(pattern)) is not None:
            raise ConfigurationError(f"the answer schema has the pattern {pattern[:120]!r}: {fault}")
    if "unevaluatedProperties" in text and "patternProperties" in text:
        raise ConfigurationError(
            "the answer schema uses unevaluatedProperties beside patternProperties; use additionalProperties instead"
        )
    references = sorted(set(_references(schema)))
    outside = [ref for ref in references if not ref.startswith("#")]
    if outside:
        raise ConfigurationError(f"the answer schema refers outside itself: {', '.join(outside)}; inline it")
    nowhere = [ref for ref in references if not _resolves(schema, ref)]
    if nowhere:
        raise ConfigurationError(f"the answer schema refers to nothing: {', '.join(nowhere)}; define it under $defs")
    strict = _can_be_strict(schema)
    # An empty registry: a validator with the default one would fetch unknown references from the network.
    validator = schema_validator(schema, registry=Registry())
    wire = _strict(schema) if strict else schema
    return Contract(wire, strict, validator, schema, len(json.dumps(wire)))


def read(text: str) -> Any:
    """Parses the JSON of an answer, within limits.

    One Markdown code fence around the whole answer is taken off: models without constrained decoding add it, and
    asking again would cost money for nothing.

    Raises:
        OutputProblem: Not JSON, a duplicate key, NaN or infinity, a lone surrogate, too long, too deep, or a number
            with too many digits.
    """
    text = text.strip()
    fenced = _FENCE.match(text)
    text = fenced.group(1) if fenced else text
    if len(text) > MAX_CHARACTERS:
        raise OutputProblem((f"$: {len(text)} characters, more than {MAX_CHARACTERS}",))
    if _depth(text) > MAX_DEPTH:
        raise OutputProblem((f"$: nested deeper than {MAX_DEPTH} levels",))
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise OutputProblem((f"$: not JSON at line {error.lineno} column {error.colno}: {error.msg}",)) from None
    if "\\u" in text and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise OutputProblem(("$: a lone surrogate escape, which no text can hold",))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = sorted({key for key, _ in pairs if key in seen or seen.add(key)})  # type: ignore[func-returns-value]
        raise OutputProblem(
            (f"$: {len(twice)} key(s) given twice in one object",),
            f"- these keys are given twice in one object: {', '.join(twice)[:300]}",
        )
    return value


def _refuse_constant(name: str) -> float:
    raise OutputProblem((f"$: {name} is not JSON",))


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise OutputProblem((f"$: a whole number with more than {MAX_DIGITS} digits",))
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if len(digits) > MAX_DIGITS or not math.isfinite(value):
        raise OutputProblem(("$: a number too large or too long for JSON",))
    return value


def _depth(text: str) -> int:
    """Deepest nesting, found without recursion so that a hostile answer cannot exhaust the stack."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    deepest = level = 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "[{":
            level += 1
            deepest = max(deepest, level)
        elif mark in "]}":
            level -= 1
    return deepest


def _describe(error: Any) -> str:
    """One broken rule from the schema's side only: the instance may hold document text."""
    rule = error.validator
    expected = canonical_json(error.validator_value) if rule not in ("properties", "anyOf", "oneOf") else "one form"
    if rule == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        expected = ", ".join(missing)
    return f"{_safe_path(error)}: {rule} {expected[:120]}"


def _safe_path(error: Any) -> str:
    # Keys of a free-form map come from the model; only those that the schema names are shown.
    known = {part for part in error.absolute_schema_path if isinstance(part, str)}
    parts = (
        f"[{part}]" if isinstance(part, int) else (f".{part}" if part in known else ".*")
        for part in error.absolute_path
    )
    return "$" + "".join(parts)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in _references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]
    return []


def _resolves(schema: dict[str, Any], ref: str) -> bool:
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    registry = Registry().with_resource("", Resource.from_contents(schema, default_specification=DRAFT202012))
    try:
        registry.resolver().lookup(ref)
    except Unresolvable:
        return False
    return True


def _can_be_strict(node: Any) -> bool:
    if isinstance(node, list):
        return all(_can_be_strict(item) for item in node)
    if not isinstance(node, dict):
        return True
    if _NOT_STRICT & node.keys() or node.get("additionalProperties") not in (None, False):
        return False
    if "object" in _types(node) and "properties" not in node:
        return False
    return all(_can_be_strict(child) for child in _children(node))


def _children(node: dict[str, Any]) -> list[Any]:
    """Sub-schemas of a node; the values of `enum` or `const` are data and no schemas."""
    named = [child for key in ("properties", "$defs", "definitions") for child in node.get(key, {}).values()]
    return named + [node[key] for key in ("items", "anyOf", "oneOf") if key in node]


def _types(node: Mapping[str, Any]) -> list[str]:
    kind = node.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _strict(node: Any) -> Any:
    """The strict twin: every property required, optional ones nullable, nothing additional."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    twin = {key: value for key, value in node.items() if key not in _ANNOTATIONS and not key.startswith("x-")}
    for key in ("items", "anyOf"):
        if key in twin:
            twin[key] = _strict(twin[key])
    if "oneOf" in twin:
        twin["anyOf"] = _strict(twin.pop("oneOf"))
    for key in ("$defs", "definitions"):
        if key in twin:
            twin[key] = {name: _strict(child) for name, child in twin[key].items()}
    if "properties" in twin:
        required = set(node.get("required", ()))
        twin["properties"] = {
            name: _strict(child) if name in required else _nullable(_strict(child))
            for name, child in node["properties"].items()
        }
        twin["required"] = list(node["properties"])
        twin["additionalProperties"] = False
    return twin


def _nullable(node: Any) -> Any:
    if not isinstance(node, dict) or "null" in _types(node):
        return node
    if "type" in node and "enum" not in node and "const" not in node:
        return {**node, "type": [*_types(node), "null"]}
    return {"anyOf": [node, {"type": "null"}]}


def _drop_optional_nulls(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    """Takes back what `_nullable` added: a null for an optional property means that it is absent."""
    schema = _form_of(value, _resolve(schema, root), root)
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list) and "items" in schema:
        return [_drop_optional_nulls(item, schema["items"], root) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    properties, required = schema["properties"], set(schema.get("required", ()))
    return {
        name: _drop_optional_nulls(item, properties.get(name), root)
        for name, item in value.items()
        if item is not None or name in required or name not in properties or _allows_null(properties[name], root)
    }


def _form_of(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    """The one alternative of an `anyOf` that `value` is written in: a strict answer names all its properties."""
    forms = [_resolve(form, root) for key in ("anyOf", "oneOf") for form in _get(schema, key, ())]
    if isinstance(value, dict):
        fitting = [form for form in forms if set(_get(form, "properties", ())) == value.keys()]
    else:
        fitting = [form for form in forms if "items" in form] if isinstance(value, list) else []
    return fitting[0] if len(fitting) == 1 else schema


def _get(schema: Any, key: str, default: Any) -> Any:
    return schema.get(key, default) if isinstance(schema, dict) else default


def _resolve(schema: Any, root: Mapping[str, Any]) -> Any:
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
            return schema
        node: Any = root
        for part in schema["$ref"].lstrip("#").split("/")[1:]:
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
        schema = node
    return schema


def _allows_null(schema: Any, root: Mapping[str, Any]) -> bool:
    schema = _resolve(schema, root)
    if not isinstance(schema, dict):
        return True
    if "enum" in schema:
        return None in schema["enum"]
    if "type" in schema:
        return "null" in _types(schema)
    return any(_allows_null(child, root) for key in ("anyOf", "oneOf") for child in schema.get(key, ()))
