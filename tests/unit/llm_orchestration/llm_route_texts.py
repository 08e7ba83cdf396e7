"""Route files with a mark where a problem is expected, so that no test counts columns by hand."""

from __future__ import annotations

import difflib

from llm_orchestration import RouteConfigError
from llm_orchestration.routes import parse_routes

MARK = "§"


def problems_of(text: str) -> list[str]:
    """Every problem of a route file, without the name of the file; none when it is fine."""
    try:
        parse_routes(text)
    except RouteConfigError as error:
        assert all(problem.startswith("llm.yaml:") for problem in error.problems)
        return [problem.removeprefix("llm.yaml:") for problem in error.problems]
    return []


def expect(marked: str, *told: str) -> None:
    """Asserts that exactly these problems are found, each at its own `§` of the text, in the order of the file."""
    clean, places = "", []
    for part in marked.split(MARK)[:-1]:
        clean += part
        places.append(f"{clean.count(chr(10)) + 1}:{len(clean) - clean.rfind(chr(10))}")
    assert len(places) == len(told), "one mark for each problem"
    found = problems_of(marked.replace(MARK, ""))
    wanted = [f"{place}: {one}" for place, one in zip(places, told, strict=True)]
    assert found == wanted, "\n".join(difflib.unified_diff(wanted, found, "wanted", "found", lineterm=""))
