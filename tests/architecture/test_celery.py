"""The lock has a Celery with which the executor really starts: pip check does not see one that breaks it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_executor_can_be_imported(tmp_path: Path) -> None:
    """In a process of its own, as a scheduler and a worker import it; so can the auth manager of the compose file."""
    code = (
        "from airflow.providers.celery.executors.celery_executor import CeleryExecutor\n"
        "from airflow.providers.celery.executors.celery_executor_utils import create_celery_app\n"
        "from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager\n"
    )
    variables = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_no_lock_has_the_celery_that_breaks_it(root: Path, lock: str) -> None:
    """Celery 5.7 took away what the executor imports; each lock names the executor's provider and an earlier Celery."""
    text = (root / lock).read_text()
    assert "apache-airflow-providers-celery==" in text
    found = re.search(r"(?m)^celery==(\d+)\.(\d+)", text)
    assert found is not None
    assert (5, 5) <= (int(found[1]), int(found[2])) < (5, 7)
