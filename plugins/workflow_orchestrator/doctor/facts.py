"""What the doctor looks at, gathered from this process, its environment and Airflow's own configuration. Nothing is changed.

No secret leaves here: of passwords and keys only whether they are set, and whether they are ones that everybody knows.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from configparser import ConfigParser
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.doctor.roles import VARIABLE, Access, Role, read_role
from workflow_orchestrator.errors import ConfigurationError, OrchestratorError

_KNOWN_SECRETS = {"airflow", "airflow_jwt_secret", "changeme", "secret", "password", "admin", "temporary_key", "dev"}
_DISTRIBUTIONS = ("apache-airflow", "apache-airflow-core", "apache-airflow-providers-amazon", "apache-airflow-providers-celery", "celery")


@dataclass(frozen=True, slots=True)
class Facts:
    """An installation.

    `settings` are Airflow's values by `section.key`, secrets left out; `secrets` says of each whether it is `unset`, `known` to everybody,
    `own`, or in a `file` that Airflow may have written itself. `voices` are the speech engines that are here, `storage_error` why the role
    cannot do with the storage what it must, and `connections` those that model routes name, where the role can know them.
    """

    python: tuple[int, int]
    distributions: Mapping[str, str | None]
    missing: tuple[str, ...] | None
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    configuration: Configuration | None
    configuration_error: str
    storage: str
    storage_error: str
    definitions: Mapping[str, str]
    programs: Mapping[str, str | None]
    voices: tuple[str, ...]
    connections: Mapping[str, bool] = field(default_factory=dict)
    celery_error: str = ""
    role: Role = Role.ALL


def gather(root: Path, environ: Mapping[str, str] | None = None, role: Role | None = None) -> Facts:
    """Looks at the installation of a project.

    Args:
        root: the project.
        environ: the variables of the process; without any, those of this one.
        role: which service this is; without it, what the environment says.

    Raises:
        ConfigurationError: the environment names a role that there is not.
    """
    environ = os.environ if environ is None else environ
    role = role or read_role(environ.get(VARIABLE, ""))
    include = root / "include"
    configuration, error = None, ""
    try:
        configuration = load_configuration(include / "orchestrator.yaml", environ)
    except ConfigurationError as found:
        error = found.message
    settings, secrets = _airflow()
    storage, storage_error = _storage(include, role.storage)
    return Facts(
        python=(sys.version_info[0], sys.version_info[1]),
        distributions={name: _version(name) for name in _DISTRIBUTIONS},
        missing=_missing(root / "requirements.txt"),
        settings=settings,
        secrets=secrets,
        configuration=configuration,
        configuration_error=error,
        storage=storage,
        storage_error=storage_error,
        definitions=_definitions(root) if configuration else {},
        programs={name: _program(name) for name in ("ffmpeg", "tesseract")},
        voices=_voices(),
        connections=_connections(include) if role.reads_connections else {},
        celery_error=_celery(settings),
        role=role,
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _missing(path: Path) -> tuple[str, ...] | None:
    """What requirements.txt asks for and is not here in a version that fits; `None` where there is no such list, as in an image."""
    from packaging.requirements import InvalidRequirement, Requirement

    if not path.is_file():
        return None
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        with suppress(InvalidRequirement):
            wanted = Requirement(text)
            here = _version(wanted.name)
            if here is None or not wanted.specifier.contains(here, prereleases=True):
                found.append(f"{text} (here: {here or 'none'})")
    return tuple(found)


def _airflow() -> tuple[dict[str, str], dict[str, str]]:
    """Airflow's settings that matter, and the state of its secrets."""
    from airflow.configuration import conf

    def told(section: str, key: str) -> str:
        return str(conf.get(section, key, fallback="") or "")

    settings = {
        f"{section}.{key}": told(section, key)
        for section, key in (
            ("core", "executor"), ("core", "auth_manager"), ("core", "simple_auth_manager_all_admins"), ("core", "dags_folder"),
            ("core", "plugins_folder"), ("core", "load_examples"), ("api", "base_url"), ("api", "expose_config"),
            ("scheduler", "task_instance_heartbeat_timeout"), ("operators", "default_deferrable"), ("triggerer", "capacity"),
            ("dag_processor", "dag_bundle_config_list"),
            ("metrics", "statsd_on"), ("metrics", "otel_on"), ("traces", "otel_on"), ("logging", "remote_logging"),
        )
    }  # fmt: skip
    database = urlsplit(told("database", "sql_alchemy_conn"))
    settings["database.kind"] = database.scheme.partition("+")[0]
    for section, key in (("celery", "result_backend"), ("celery", "broker_url"), ("llm_orchestration", "state_url")):
        settings[f"{section}.{key}.kind"] = urlsplit(told(section, key)).scheme
    secrets = {name: _key(*name.split(".", 1)) for name in ("core.fernet_key", "api_auth.jwt_secret", "api.secret_key")}
    if database.scheme.startswith(("postgres", "mysql")):
        secrets["database.password"] = _secret(database.password or "")
    return settings, secrets


def _key(section: str, option: str) -> str:
    """The state of a key that Airflow makes itself where it is given none, so that asking for its value says nothing.

    Where there is no airflow.cfg, a command of Airflow's writes one with keys that it made; a service that cannot write makes them anew at
    each start.
    """
    from airflow.configuration import conf

    variable = f"AIRFLOW__{section.upper()}__{option.upper()}"
    given = any(f"{variable}{kind}" in os.environ for kind in ("", "_CMD", "_SECRET"))
    # Airflow's own `has_option` counts what it makes itself.
    written = [kind for kind in ("", "_cmd", "_secret") if ConfigParser.has_option(conf, section, f"{option}{kind}")]
    if not given and not written:
        return "unset"
    state = _secret(str(conf.get(section, option, fallback="") or ""))
    return "file" if state == "own" and not given and written == [""] else state


def _secret(value: str) -> str:
    if not value:
        return "unset"
    # The output of a command ends with a line break.
    return "known" if value.strip().lower() in _KNOWN_SECRETS else "own"


def _storage(include: Path, access: Access) -> tuple[str, str]:
    """Where artifacts lie, and why it does not serve; writing is tried with a file that is taken away again."""
    from workflow_orchestrator.storage import configured_storage

    key = f"doctor/{os.getpid()}.txt"
    try:
        storage = configured_storage(include)
        if access is Access.WRITE:
            storage.write(key, b"written by scripts/workflow doctor")
            storage.delete(key)
        elif access is Access.LIST:
            next(iter(storage.list("doctor")), None)
    except OrchestratorError as error:
        return "", error.message
    except Exception as error:  # noqa: BLE001 - a connection that is not there, credentials, a name that does not resolve
        return "", f"{type(error).__name__}: {error}"
    return storage.uri, ""


def _definitions(root: Path) -> dict[str, str]:
    """Each workflow with what is wrong with it; nothing where it is good."""
    from workflow_orchestrator.definition import load_workflow
    from workflow_orchestrator.errors import DefinitionError

    found = {}
    for path in sorted((root / "dags").glob("*/workflow.yaml")):
        try:
            load_workflow(path.parent, root / "include")
            found[path.parent.name] = ""
        except DefinitionError as error:
            found[path.parent.name] = error.message.splitlines()[0]
    return found


def _program(name: str) -> str | None:
    if name == "ffmpeg":
        from workflow_orchestrator.rendering.ffmpeg import binary

        try:
            return binary()
        except OrchestratorError:
            return None
    return shutil.which(name)


def _voices() -> tuple[str, ...]:
    """The local speech engines that are here; espeak comes with the platform's requirements."""
    programs = {"pico2wave": "pico", "flite": "flite", "piper": "piper"}
    found = [engine for program, engine in programs.items() if shutil.which(program)]
    return ("espeak", *found) if _version("espeakng_loader") else tuple(found)


def _connections(include: Path) -> dict[str, bool]:
    """Which of the connections that model routes name Airflow has, as this process may know: environment and secrets back end."""
    from llm_orchestration.errors import LLMError
    from llm_orchestration.routes import load_routes

    try:
        routes = load_routes(include / "llm.yaml")
    except LLMError:
        return {}
    targets = [target for route in routes.by_name.values() for target in route.targets]
    named = {target.connection for target in targets if target.connection and not target.offline}
    return {str(name): f"AIRFLOW_CONN_{str(name).upper()}" in os.environ or _in_airflow(str(name)) for name in sorted(named)}


def _in_airflow(name: str) -> bool:
    from airflow.sdk import BaseHook

    try:
        BaseHook.get_connection(name)
    except Exception:  # noqa: BLE001 - absent, or no database that could be asked: either way it is not known here
        return False
    return True


def _celery(settings: Mapping[str, str]) -> str:
    """Why the Celery executor could not start; an installation resolved without a lock may have a Celery that breaks it."""
    if "Celery" not in settings.get("core.executor", ""):
        return ""
    try:
        import airflow.providers.celery.executors.celery_executor  # noqa: F401 - whether it can be imported is the question
    except Exception as error:  # noqa: BLE001 - whatever it is, the scheduler would end with it
        return f"{type(error).__name__}: {error}"
    return ""

