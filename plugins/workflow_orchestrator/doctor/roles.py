"""Which service of Airflow is looked at: each needs other secrets and does other work, so the same fact is good here and wrong there.

docker-compose.yaml and the Helm values name it in `GENAI_PLATFORM_ROLE`; `doctor --role` wins over it. Without either, one process is
taken to be the whole installation, as `airflow standalone`, the demonstration and MWAA are.
"""

from __future__ import annotations

from enum import StrEnum

from workflow_orchestrator.errors import ConfigurationError

VARIABLE = "GENAI_PLATFORM_ROLE"
SECRETS = ("api.secret_key", "api_auth.jwt_secret", "core.fernet_key", "database.password")


class Access(StrEnum):
    """What a role may do with the content in the storage (`deploy/iam/`)."""

    NONE = "none"
    LIST = "list"
    WRITE = "write"


class Role(StrEnum):
    """One service of Airflow, or all of them in one."""

    ALL = "all"
    API_SERVER = "api-server"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag-processor"
    TRIGGERER = "triggerer"
    WORKER = "worker"

    @property
    def secrets(self) -> frozenset[str]:
        """Those of `SECRETS` that it works with. API server and scheduler sign what a task shows; a worker has none of them."""
        if self is Role.WORKER:
            return frozenset()
        signs = self in (Role.ALL, Role.API_SERVER, Role.SCHEDULER)
        return frozenset(name for name in SECRETS if signs or name != "api_auth.jwt_secret")

    @property
    def storage(self) -> Access:
        """What it does with the storage."""
        if self in (Role.ALL, Role.WORKER):
            return Access.WRITE
        return Access.NONE if self is Role.SCHEDULER else Access.LIST

    @property
    def runs_steps(self) -> bool:
        """Whether steps run in it: what they need to read, speak and film must be here."""
        return self in (Role.ALL, Role.WORKER)

    @property
    def meets_people(self) -> bool:
        """Whether people log in to it."""
        return self in (Role.ALL, Role.API_SERVER)

    @property
    def reads_connections(self) -> bool:
        """Whether it reads connections itself. A worker asks the API server while a task runs, so nobody can look from here."""
        return self not in (Role.WORKER, Role.SCHEDULER)


def read_role(text: str) -> Role:
    """The role of a name; empty is all of them.

    Raises:
        ConfigurationError: there is none of that name.
    """
    try:
        return Role(text.strip().lower().replace("_", "-") or Role.ALL)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise ConfigurationError(f"{text!r} is no role of an Airflow; {VARIABLE} and --role take {known}") from None
