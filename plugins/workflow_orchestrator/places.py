"""Where an installation has the platform's settings, however it was installed."""

from __future__ import annotations

import os
from pathlib import Path


def platform_include() -> Path:
    """The platform's `include/`, with its settings: `GENAI_PLATFORM_INCLUDE`; else the folder beside its plugins, or in them, where
    nothing else reaches the workers (MWAA); else the defaults of a wheel."""
    named = os.environ.get("GENAI_PLATFORM_INCLUDE", "").strip()
    if named:
        return Path(named).absolute()
    package = Path(__file__).resolve().parent
    places = (package.parents[1] / "include", package.parent / "include", package / "_include")
    return next((place for place in places if (place / "orchestrator.yaml").is_file()), places[0])


def includes_of(folder: Path) -> tuple[Path, Path | None]:
    """What a workflow's folder `dags/<name>` goes by: the `include/` with its words, and the platform's where that is another one.

    A release that was deployed alone brings its own `include/`, without the platform's settings.
    """
    beside = folder.parents[1] / "include"
    include = beside if beside.is_dir() else platform_include()
    return include, None if (include / "orchestrator.yaml").is_file() else platform_include()
