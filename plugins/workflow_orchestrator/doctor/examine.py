"""What the facts of an installation mean: pure judgement, so that each of it can be tested."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.doctor.facts import Facts
from workflow_orchestrator.doctor.findings import Finding, State, careful, good, wrong
from workflow_orchestrator.doctor.roles import Access, Role

PYTHONS = ((3, 11), (3, 14))
AIRFLOW = "3.3"
_WITHOUT = {
    "api.secret_key": "without it each one makes its own, and logs of the others cannot be shown",
    "api_auth.jwt_secret": "without it each one makes its own, and tasks are refused",
    "core.fernet_key": "without it each one makes its own, and cannot decrypt the connections that another one wrote",
    "database.password": "without a password, everybody who reaches the database can change what was approved",
}


def examine(facts: Facts) -> list[Finding]:
    """Everything that was looked at, the wrong first, by what the role needs."""
    found = [
        *_packages(facts), *_settings(facts), *_production(facts), *_storage(facts), *_definitions(facts), *_models(facts),
        *_rendering(facts), *_observing(facts),
    ]  # fmt: skip
    order = {State.WRONG: 0, State.CAREFUL: 1, State.GOOD: 2}
    return sorted(found, key=lambda one: order[one.state])


def _is_production(facts: Facts) -> bool:
    # A configuration that cannot be read is taken for the stricter one.
    return facts.configuration is None or facts.configuration.profile == "production"


def _several(facts: Facts) -> bool:
    """Whether services may be on several machines."""
    return any(name in facts.settings.get("core.executor", "") for name in ("Celery", "Kubernetes"))


def _packages(facts: Facts) -> Iterator[Finding]:
    least, first_other = PYTHONS
    shown = f"Python {facts.python[0]}.{facts.python[1]}"
    if least <= facts.python < first_other:
        yield good("python", shown)
    else:
        yield wrong("python", f"{shown} is not supported", "use Python 3.11, 3.12 or 3.13")
    airflow = facts.distributions.get("apache-airflow-core") or facts.distributions.get("apache-airflow")
    if airflow is None or not airflow.startswith(f"{AIRFLOW}."):
        yield wrong("airflow", f"Airflow {airflow or 'is not installed'}", f"install Airflow {AIRFLOW} from requirements.lock")
    else:
        yield good("airflow", f"Airflow {airflow}")
    if facts.missing:
        yield wrong("packages", f"not as requirements.txt asks: {'; '.join(facts.missing)}", "install requirements.lock")
    elif facts.missing is not None:
        yield good("packages", "every package of requirements.txt is here in a version that fits")
    if facts.celery_error:
        celery = facts.distributions.get("celery")
        yield wrong(
            "celery", f"the Celery executor cannot be imported with celery {celery}: {facts.celery_error}",
            "install from requirements.lock; an unconstrained install resolves a Celery that breaks it, and pip check does not see it",
        )  # fmt: skip


def _settings(facts: Facts) -> Iterator[Finding]:
    if facts.configuration is None:
        yield wrong(
            "orchestrator.yaml", facts.configuration_error,
            "mend include/orchestrator.yaml; scripts/workflow check shows the place",
        )
    else:
        yield good("orchestrator.yaml", f"profile {facts.configuration.profile}")
    if facts.settings.get("core.load_examples", "").lower() == "true":
        yield careful("examples", "Airflow loads its example DAGs", "set AIRFLOW__CORE__LOAD_EXAMPLES=False")
    if facts.settings.get("operators.default_deferrable", "").lower() != "true":
        yield careful(
            "deferral", "a worker slot is held while a model thinks", "set AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE=True"
        )
    else:
        yield good("deferral", "no worker slot is held while a model thinks")


def _production(facts: Facts) -> Iterator[Finding]:
    """What a demonstration may do and production may not."""
    if not _is_production(facts):
        yield careful(
            "profile", "the profile is demo: `approval: auto` releases what nobody has seen, and says so",
            "set profile: production in include/orchestrator.yaml, or GENAI_PLATFORM_PROFILE=production, before anything is published",
        )  # fmt: skip
        return
    if facts.role.meets_people:
        yield from _login(facts)
    if facts.role is Role.WORKER:
        yield from _worker(facts)
    else:
        yield from _secrets(facts)
    yield from _people(facts.configuration)


def _login(facts: Facts) -> Iterator[Finding]:
    manager = facts.settings.get("core.auth_manager", "")
    if facts.settings.get("core.simple_auth_manager_all_admins", "").lower() == "true":
        yield wrong("login", "everybody is an administrator, without a login", "unset AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS")
    elif "SimpleAuthManager" in manager:
        yield careful("login", "SimpleAuthManager knows no real users", "use the FAB or Keycloak auth manager")
    else:
        yield good("login", manager.rpartition(".")[2] or "an auth manager is set")
    if facts.settings.get("api.expose_config", "").lower() == "true":
        yield wrong("api.expose_config", "Airflow shows its whole configuration to its users", "set AIRFLOW__API__EXPOSE_CONFIG=False")


def _secrets(facts: Facts) -> Iterator[Finding]:
    """Database and keys of those who work with them."""
    if facts.settings.get("database.kind") == "sqlite":
        yield wrong("database", "SQLite is one file of one machine", "use PostgreSQL; set AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    else:
        yield good("database", facts.settings.get("database.kind", ""))
    for name, state in sorted(facts.secrets.items()):
        if name not in facts.role.secrets:
            continue
        if state == "known":
            yield wrong(name, "it is a value that everybody knows", "set a value of your own, from a secret store")
        elif state == "unset":
            yield wrong(name, "it is not set", f"set it, the same for every service: {_WITHOUT[name]}")
        elif state == "file" and _several(facts):
            yield careful(
                name, "it stands in airflow.cfg, into which Airflow writes one of its own where there is none",
                "set it from a secret store, the same for every service",
            )  # fmt: skip
        else:
            yield good(name, "set")


def _worker(facts: Facts) -> Iterator[Finding]:
    """What code of tasks can read and must not know. Airflow's workers need neither the database nor a key: they ask the API server."""
    there = [name for name, state in sorted(facts.secrets.items()) if state in ("own", "known")]
    if there:
        yield careful(
            "worker", f"{', '.join(there)}: set here, and code of a task can read it",
            "take it from the workers, as docker-compose.yaml does; they ask the API server for all that they need",
        )  # fmt: skip
    else:
        yield good("worker", "no password of the database and no key that signs or decrypts is here")


def _people(configuration: Configuration | None) -> Iterator[Finding]:
    if configuration is None:
        return
    empty = [name for name, users in configuration.groups.items() if not users]
    if empty:
        yield careful(
            "groups", f"{', '.join(empty)} names nobody: everyone whose Airflow role may answer releases",
            "write the ids of Airflow users into groups: of include/orchestrator.yaml",
        )  # fmt: skip
    else:
        yield good("groups", f"{len(configuration.groups)} groups, each with people")
    silent = [name for name, channel in configuration.channels.items() if channel.notifier is None]
    if silent:
        yield careful(
            "channels", f"{', '.join(silent)} has no notifier: messages go to the log of a task",
            "name a notifier of Airflow's providers under channels: of include/orchestrator.yaml",
        )  # fmt: skip


def _storage(facts: Facts) -> Iterator[Finding]:
    access = facts.role.storage
    if facts.storage_error:
        done = "nothing can be written there" if access is Access.WRITE else "it cannot be read"
        yield wrong("storage", f"{done}: {facts.storage_error}", "mend storage: of include/orchestrator.yaml, or access to it")
        return
    several = _several(facts)
    if several and facts.storage.startswith("file:"):
        yield careful(
            "storage", f"{facts.storage} is a folder, and workers may be on several machines",
            "use s3://bucket/prefix, or mount the same folder on every one",
        )  # fmt: skip
    else:
        can = {Access.WRITE: "can be written", Access.LIST: "answers", Access.NONE: "is its place; this role reads nothing there"}
        yield good("storage", f"{facts.storage} {can[access]}")
    if several and facts.settings.get("llm_orchestration.state_url.kind") not in ("redis", "rediss"):
        yield careful(
            "limits", "limits, circuit breakers and budgets are shared on one machine only",
            "set AIRFLOW__LLM_ORCHESTRATION__STATE_URL to a Redis",
        )  # fmt: skip


def _definitions(facts: Facts) -> Iterator[Finding]:
    broken = {name: says for name, says in facts.definitions.items() if says}
    for name, says in broken.items():
        yield wrong(f"workflow {name}", says, f"scripts/workflow check {name}")
    if facts.definitions and not broken:
        yield good("workflows", ", ".join(facts.definitions))
    released = "ReleaseBundle" in facts.settings.get("dag_processor.dag_bundle_config_list", "")
    if not facts.definitions and not released and facts.configuration is not None:
        yield careful("workflows", "dags/ has none", "make one with scripts/workflow new NAME, or deploy a release")


def _models(facts: Facts) -> Iterator[Finding]:
    missing = [name for name, there in facts.connections.items() if not there]
    if missing:
        yield careful(
            "models", f"no connection {', '.join(missing)}: what asks it works without a model, or fails, as include/llm.yaml says",
            "add it under Admin → Connections, type LLM, and press Test",
        )  # fmt: skip
    elif facts.connections:
        yield good("models", f"connections {', '.join(facts.connections)}")


def _rendering(facts: Facts) -> Iterator[Finding]:
    if not facts.role.runs_steps:
        return
    if facts.programs.get("ffmpeg"):
        yield good("ffmpeg", "here")
    else:
        yield wrong("ffmpeg", "there is none: no video can be made", "install the package imageio-ffmpeg of requirements.lock")
    if facts.voices:
        yield good("voices", ", ".join(facts.voices))
    else:
        yield wrong(
            "voices", "no local speech engine is here",
            "install espeakng-loader of requirements.lock, or name a voice in include/rendering.yaml",
        )
    ocr = facts.configuration.ocr if facts.configuration else "auto"
    if facts.programs.get("tesseract"):
        yield good("ocr", "tesseract is here")
    elif ocr == "require":
        yield wrong(
            "ocr", "pages that are pictures must be read, and tesseract is not here",
            "apt-get install tesseract-ocr, -deu and -fra",
        )
    elif ocr == "auto":
        yield careful("ocr", "pages that are pictures are left out: tesseract is not here", "apt-get install tesseract-ocr, -deu and -fra")


def _observing(facts: Facts) -> Iterator[Finding]:
    on = [name for name in ("metrics.statsd_on", "metrics.otel_on") if facts.settings.get(name, "").lower() == "true"]
    delivered = facts.configuration is not None and (facts.configuration.metrics.cloudwatch or facts.configuration.metrics.embedded_file)
    if on or delivered:
        yield good("metrics", ", ".join([*on, *(["CloudWatch"] if delivered else [])]))
    else:
        yield careful(
            "metrics", "nobody counts: no metrics are sent",
            "set [metrics] statsd_on or otel_on, or metrics: in include/orchestrator.yaml",
        )
    if facts.configuration is not None and facts.configuration.alerts is None:
        yield careful(
            "alerts", "nobody is told when something is wrong",
            "write alerts: into include/orchestrator.yaml (docs/operations.md)",
        )
