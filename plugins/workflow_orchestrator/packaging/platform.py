"""The package of the platform: both plugin packages as a wheel and as a plugins archive, what they need, and what they are made of.

    llm_orchestration-1.0.0-py3-none-any.whl · workflow_orchestrator-1.0.0-py3-none-any.whl
                                               for images and pip; the second has the settings of include/ as defaults in it
    genai-platform-plugins-1.0.0.zip           for a plugins folder (plain Airflow, MWAA): the packages, plugin files, include/
    requirements.txt · requirements.lock       the shared layer, as ranges and as the very versions with hashes
    requirements-mwaa.txt                      the same without Airflow's own pins, under MWAA's constraints
    sbom.cdx.json                              every distribution of the lock, CycloneDX 1.6
    manifest.json · SHA256SUMS                 what is in it

Everything is made from the files of the project alone and is the same bytes each time.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflow_orchestrator import __version__
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import PackageError
from workflow_orchestrator.packaging.archive import listing, pack

FORMAT = 1
NAME = "genai-platform"
LAYER, ORCHESTRATOR = "llm_orchestration", "workflow_orchestrator"
PACKAGES = (LAYER, ORCHESTRATOR)
SETTINGS = ("orchestrator.yaml", "llm.yaml", "rendering.yaml")
_OF_INCLUDE = (*SETTINGS, "prompts", "compliance", "themes")
DEFAULTS = "workflow_orchestrator/_include"
"""Where a wheel has the settings that an installation without an `include/` starts from."""
PYTHONS = ">=3.11,<3.14"
# MWAA pins these itself and installs under constraints of its own.
_NOT_MWAA = ("apache-airflow", "apache-airflow-providers-celery", "celery", "pytest")
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)")


def build_platform_package(root: Path) -> dict[str, bytes]:
    """Every file of the package by name.

    Args:
        root: the project.

    Raises:
        PackageError: a part of the project is missing.
    """
    requirements, lock = _read(root / "requirements.txt"), _read(root / "requirements.lock")
    code = dict(sorted(_code(root / "plugins")))
    settings = {name: _read(root / "include" / name) for name in SETTINGS}
    ignore = {".airflowignore": _read(root / "plugins" / ".airflowignore")}
    files = {
        # One wheel each: Airflow wants a provider's name to be that of its distribution.
        _wheel_name(LAYER): _wheel(LAYER, _of(code, LAYER), _needs(requirements)),
        _wheel_name(ORCHESTRATOR): _wheel(
            ORCHESTRATOR,
            {**_of(code, ORCHESTRATOR), **{f"{DEFAULTS}/{name}": content for name, content in settings.items()}},
            [f"llm-orchestration=={__version__}", *_needs(requirements)],
        ),
        f"{NAME}-plugins-{__version__}.zip": pack({**code, **_include(root / "include"), **ignore}),
        "requirements.txt": requirements,
        "requirements.lock": lock,
        "requirements-mwaa.txt": for_mwaa(requirements.decode()).encode(),
        "sbom.cdx.json": to_bytes(sbom(lock.decode())),
    }
    manifest = {
        "format": FORMAT, "kind": "platform", "name": NAME, "version": __version__, "python": PYTHONS,
        "airflow": _airflow(requirements.decode()), "lock_sha256": sha256(lock), "files": listing(files),
        "contents": listing(code),
    }  # fmt: skip
    files["manifest.json"] = to_bytes(manifest)
    files["SHA256SUMS"] = "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()
    return files


def for_mwaa(requirements: str) -> str:
    """The requirements as MWAA takes them: without what it pins itself. A line that names constraints keeps it from adding its own."""
    kept = [line for line in requirements.splitlines() if _name_of(line) not in _NOT_MWAA]
    body = "\n".join(line for line in kept if not line.startswith("#"))
    head = (
        "# For Amazon MWAA: Airflow, Celery and SQLAlchemy are the environment's own. The next line is a comment on purpose: MWAA looks\n"
        "# for the word and then leaves the constraints of the environment in force.\n"
        "# --constraint /constraints.txt\n"
    )
    return f"{head}{body}\n"


def sbom(lock: str) -> dict[str, Any]:
    """The software bill of materials of a lock file with hashes, CycloneDX 1.6."""
    components = [
        {
            "type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
            "bom-ref": f"{name}=={version}", "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
        }
        for name, version, digests in _locked(lock)
    ]  # fmt: skip
    about = {"type": "application", "name": NAME, "version": __version__, "bom-ref": f"{NAME}=={__version__}"}
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": about}, "components": components}


def _locked(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    name, version, digests = "", "", list[str]()
    for line in lock.splitlines():
        match = _REQUIREMENT.match(line)
        if match:
            if name:
                yield name, version, sorted(digests)
            name, version, digests = match["name"], match["version"], []
        digests += re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
    if name:
        yield name, version, sorted(digests)


def _name_of(line: str) -> str:
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return match.group().lower() if match else ""


def _airflow(requirements: str) -> str:
    line = next((line for line in requirements.splitlines() if _name_of(line) == "apache-airflow"), "")
    return line.removeprefix("apache-airflow").strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path.name} is part of the platform and cannot be read: {error.strerror or error}") from None


def _code(plugins: Path) -> Iterator[tuple[str, bytes]]:
    """The two packages with their data, the plugin files, and by what Airflow finds connection types and OpenTelemetry the session."""
    information = [path.name for path in plugins.glob("*.dist-info")]
    for package in PACKAGES:
        yield f"{package}_plugin.py", _read(plugins / f"{package}_plugin.py")
    for folder in (*PACKAGES, *information):
        for path in (plugins / folder).rglob("*"):
            hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(plugins).parts)
            if path.is_file() and not hidden:
                yield path.relative_to(plugins).as_posix(), path.read_bytes()


def _include(include: Path) -> dict[str, bytes]:
    """What an installation needs of `include/` where only the plugins folder reaches the workers.

    What else lies there stays: samples, and whatever somebody left, such as a key.
    """
    paths = [path for path in include.rglob("*") if path.is_file() and path.relative_to(include).parts[0] in _OF_INCLUDE]
    return {f"include/{path.relative_to(include).as_posix()}": path.read_bytes() for path in paths if not path.name.startswith(".")}


def _of(code: Mapping[str, bytes], package: str) -> dict[str, bytes]:
    """What of the code is one package's: its folder and its plugin file."""
    return {name: content for name, content in code.items() if name == f"{package}_plugin.py" or name.startswith(f"{package}/")}


def _needs(requirements: bytes) -> list[str]:
    lines = requirements.decode().splitlines()
    return [line for line in lines if line and not line.startswith("#") and _name_of(line) != "pytest"]


def _wheel_name(package: str) -> str:
    return f"{package}-{__version__}-py3-none-any.whl"


def _wheel(package: str, code: Mapping[str, bytes], needs: list[str]) -> bytes:
    """A wheel (PEP 427) of pure Python."""
    info = f"{package}-{__version__}.dist-info"
    files = {
        **code,
        f"{info}/METADATA": _metadata(package, needs).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: genai-platform\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": _ENTRY_POINTS[package].encode(),
    }
    record = [f"{name},sha256={_urlsafe(files[name])},{len(files[name])}" for name in sorted(files)]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    return pack(files)


_ENTRY_POINTS = {
    LAYER: """[airflow.plugins]
llm_orchestration = llm_orchestration_plugin:LLMOrchestrationPlugin

[apache_airflow_provider]
provider_info = llm_orchestration.provider_info:get_provider_info
""",
    ORCHESTRATOR: """[airflow.plugins]
workflow_orchestrator = workflow_orchestrator_plugin:WorkflowOrchestratorPlugin

[console_scripts]
genai-workflow = workflow_orchestrator.authoring.__main__:start

[opentelemetry_otlp_credential_provider]
genai_platform = workflow_orchestrator.observability.exporting:session
""",
}
_SAYS = {
    LAYER: "Asks language models through routes, with checked answers and typed errors, on Apache Airflow",
    ORCHESTRATOR: "Turns business documents into checked, approved, narrated videos, on Apache Airflow",
}


def _metadata(package: str, needs: list[str]) -> str:
    lines = [
        "Metadata-Version: 2.1", f"Name: {package.replace('_', '-')}", f"Version: {__version__}", f"Summary: {_SAYS[package]}",
        f"Requires-Python: {PYTHONS}", *(f"Requires-Dist: {need}" for need in needs),
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
