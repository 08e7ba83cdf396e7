"""Addresses of Airflow's own pages, for notes, messages and the files that people read later."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from workflow_orchestrator.inbox import DocumentResult


def base_url() -> str:
    """Airflow's address as its users know it (`[api] base_url`), without a slash at its end; empty if none is set."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="")).rstrip("/")


def run_path(dag_id: str, run_id: str, task: str | None = None) -> str:
    """The path of a run's page, or of the question that one of its tasks asks, also where Airflow lives below a path."""
    page = f"{urlsplit(base_url()).path}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"
    return f"{page}/tasks/{quote(task)}/required_actions" if task else page


def absolute(path: str) -> str:
    """A path on Airflow's own host as a whole address, for readers who are elsewhere."""
    parts = urlsplit(base_url())
    return f"{parts.scheme}://{parts.netloc}{path}" if parts.netloc else path


def page_of(workflow: str, result: DocumentResult) -> str:
    """The path of the page on which somebody can do something about a document."""
    return run_path(workflow, result.run_id, result.asks[0] if result.asks else None)
