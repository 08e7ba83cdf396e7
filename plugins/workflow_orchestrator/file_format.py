"""The format that a kept file states, and the refusal of one that a newer platform wrote.

docs/deployment.md lists every file that has a format, and who reads it. A file without a format is read as format 1: the key came after the
first files of some kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_orchestrator import __version__
from workflow_orchestrator.errors import OrchestratorError


def refuse_newer(data: Any, newest: int, what: str, error: type[OrchestratorError]) -> None:
    """Refuses a file whose format this platform does not know: half understood is worse than not read.

    Args:
        data: the file's content.
        newest: the newest format that this platform reads.
        what: the file, as the message names it.
        error: the class to raise.

    Raises:
        OrchestratorError: of that class, with `format` and `reads` as details.
    """
    found = data.get("format", 1) if isinstance(data, Mapping) else 1
    if isinstance(found, int) and found <= newest:
        return
    raise error(
        f"{what} has format {found!r}, and platform {__version__} reads up to format {newest}: a newer platform wrote it; use that one, or "
        f"upgrade this one",
        format=found,
        reads=newest,
    )
