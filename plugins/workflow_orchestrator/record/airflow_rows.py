"""What Airflow itself keeps of a run, and its removal through Airflow's public API.

    DELETE /api/v2/dags/<workflow>/dagRuns/<run id>    the run with its conf and note, its tasks and their notes, what they handed on
                                                       (XCom), rendered fields, questions to people with what was typed
    airflow db clean                                   the audit log, which has the body of each request, and events of assets: by day
                                                       only, so a person decides
    the log folder                                     logs of tasks

Nothing here writes to Airflow's database: the API is what Airflow keeps stable.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from urllib.parse import quote

RunRow = tuple[str, str]
"""DAG id and run id."""
Result = Literal["deleted", "not_there", "at_work", "refused", "no_answer"]
TOKEN_VARIABLE = "GENAI_PLATFORM_AIRFLOW_TOKEN"
_SECONDS = 30.0
_RESULTS: dict[int, Result] = {204: "deleted", 404: "not_there", 409: "at_work"}


@dataclass(frozen=True, slots=True)
class Airflow:
    """The API of one Airflow, at its base address, with a token of somebody who may delete runs."""

    url: str
    token: str

    def delete(self, run: RunRow) -> Result:
        """Deletes a run with everything that hangs on it; a run that is gone already is `not_there`, one at work stays."""
        import httpx2

        try:
            with httpx2.Client(timeout=_SECONDS) as client:
                response = client.delete(
                    f"{self.url.rstrip('/')}{path_of(run)}", headers={"Authorization": f"Bearer {self.token}"}
                )
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return "no_answer"
        return _RESULTS.get(response.status_code, "refused")


def path_of(run: RunRow) -> str:
    """The path of a run in Airflow's API."""
    dag, run_id = run
    return f"/api/v2/dags/{quote(dag, safe='')}/dagRuns/{quote(run_id, safe='')}"


def commands(runs: Sequence[RunRow], today: date, *, asked: bool) -> Iterator[str]:
    """What a person types to remove what Airflow keeps of these runs; with `asked`, only what the API cannot.

    `db clean` knows days and DAGs, no runs: it takes everything of those DAGs that is older, and is therefore never run from here.
    """
    if not asked:
        for run in runs:
            yield f'curl -fsS -X DELETE -H "Authorization: Bearer ${TOKEN_VARIABLE}" "$AIRFLOW_URL"{shlex.quote(path_of(run))}'
    for dag, run_id in runs:
        yield f'rm -r -- "$AIRFLOW_LOGS"/{shlex.quote(f"dag_id={dag}")}/{shlex.quote(f"run_id={run_id}")}'
    before = (today + timedelta(days=1)).isoformat()
    for dag in sorted({dag for dag, _ in runs}):
        ours = ",".join(shlex.quote(f"{dag}{ending}") for ending in ("", "_nightly", "_arrivals", "_batch"))
        yield (
            f"airflow db clean --tables log,asset_event --dag-ids {ours} "
            f"--clean-before-timestamp {before} --skip-archive"
        )
