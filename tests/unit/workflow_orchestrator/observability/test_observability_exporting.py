"""OpenTelemetry's own exporters through the session of the platform, over real sockets: what arrives, and who waits for what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from exporting_here import AS_A_TASK, Collector, collector, nobody, silent
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from requests.exceptions import RequestException
from structlog.testing import capture_logs

from workflow_orchestrator import __version__
from workflow_orchestrator.observability import exporting
from workflow_orchestrator.observability.outage import Outages
from workflow_orchestrator.packaging import platform

TIMEOUT = 1.0
"""Of the exporter, in seconds. What does not wait for it takes less than a half."""


@pytest.fixture(autouse=True)
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is remembered from one test to the next."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a millisecond may take many here, and is still at once."""
    monkeypatch.setattr(exporting, "GLANCE", timedelta(seconds=TIMEOUT / 2))


class Task:
    """What a task's process has: a provider of spans whose exporter is OpenTelemetry's own."""

    def __init__(self, url: str) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{url}/v1/traces", timeout=TIMEOUT, session=exporting.session())
        self.provider.add_span_processor(BatchSpanProcessor(exporter))

    def ends(self) -> float:
        """Closes a span and flushes; the seconds that the flush took."""
        with self.provider.get_tracer("t").start_as_current_span("span"):
            pass
        began = time.monotonic()
        self.provider.force_flush()
        return time.monotonic() - began


def outages_of(url: str) -> Outages:
    found = exporting.known_of(url.removeprefix("http://"))
    assert found is not None
    return found


def make_due(outages: Outages) -> None:
    """As if the last try were a minute ago."""
    state = json.loads(outages.path.read_bytes())
    state["outage"]["tried"] -= 60
    outages.path.write_text(json.dumps(state))


def until_looked() -> None:
    """Joins the looks that go on."""
    for thread in threading.enumerate():
        if thread.name == "collector-glance":
            thread.join(10)


def test_a_collector_that_answers_gets_everything() -> None:
    """As through any other session, and nothing is put down."""
    with collector() as found:
        task = Task(found.url)
        for _ in range(3):
            task.ends()
        assert [path for path, _ in found.bodies] == ["/v1/traces"] * 3
        assert outages_of(found.url).known() is None


def test_a_slow_collector_gets_everything() -> None:
    """One that takes 200 ms for each batch is waited for: it is not away."""
    with collector(patience=0.2) as found:
        task = Task(found.url)
        assert [task.ends() >= 0.2 for _ in range(2)] == [True, True]
        assert len(found.bodies) == 2
        assert outages_of(found.url).known() is None


def test_one_that_says_nothing_holds_one_up() -> None:
    """The first waits its time, the others give up at once, whatever process they are in; it is told once, and counted."""
    with silent() as url, capture_logs() as told:
        assert Task(url).ends() >= TIMEOUT
        assert max(Task(url).ends() for _ in range(5)) < TIMEOUT / 2
        (line,) = [one for one in told if one["event"] == "collector.held_back"]
        assert (line["collector"], line["reason"]) == (url.removeprefix("http://"), "no answer within 1 s")
        over = outages_of(url).end()
        assert over is not None and over[1] == 6


@pytest.mark.parametrize("away", [nobody, lambda: collector(statuses=[503] * 9)], ids=["refused", "503"])
def test_what_fails_at_once_is_not_tried_again(away: Callable[[], AbstractContextManager[Any]], busy: None) -> None:
    """The exporter alone would wait a second and try again. Nobody waits, and nothing is held back once it is better."""
    with away() as found:
        url = found.url if isinstance(found, Collector) else found
        assert max(Task(url).ends() for _ in range(5)) < TIMEOUT / 2
        if isinstance(found, Collector):
            assert len(found.peers) == 5


def test_a_name_that_does_not_resolve_holds_nobody_up_for_long() -> None:
    """Whether the resolver says so at once or after a while, the second does not wait."""
    Task("http://collector.invalid:4318").ends()
    assert Task("http://collector.invalid:4318").ends() < TIMEOUT / 2


def test_a_collector_that_wants_a_rest_has_it() -> None:
    """`Retry-After` holds everybody back."""
    with collector(statuses=[429], headers={"Retry-After": "30"}) as found:
        for _ in range(3):
            Task(found.url).ends()
        assert len(found.peers) == 1
        state = outages_of(found.url).known()
        assert state is not None and (state.pause, state.reason) == (30, "it answers 429")


def test_a_collector_that_is_back_is_found_by_who_ends_next() -> None:
    """Its batch arrives, and those after it; the end of the outage is told with what was lost."""
    with collector() as found, capture_logs() as told:
        outages = outages_of(found.url)
        outages.begin("no answer")
        Task(found.url).ends()
        assert not found.bodies
        make_due(outages)
        # A glance on a busy machine may be too short for the answer; it counts when it comes.
        Task(found.url).ends()
        until_looked()
        Task(found.url).ends()
        assert len(found.bodies) == 2
        (line,) = [one for one in told if one["event"] == "collector.answers_again"]
        assert line["deliveries_lost"] >= 1


def test_a_glance_at_one_that_says_nothing_is_short() -> None:
    """Once in a pause somebody looks, and is not held up by it."""
    with silent() as url:
        outages_of(url).begin("no answer")
        make_due(outages_of(url))
        assert Task(url).ends() < TIMEOUT / 2


def test_a_slow_collector_that_is_back_is_found_by_who_lives_on() -> None:
    """The look goes on beside the work, as in a service, and its answer counts."""
    with collector(patience=0.2) as found:
        outages = outages_of(found.url)
        outages.begin("no answer")
        make_due(outages)
        assert Task(found.url).ends() < TIMEOUT / 2
        until_looked()
        assert outages.known() is None and len(found.bodies) == 1


def test_a_kept_connection_that_was_closed_is_no_failure(busy: None) -> None:
    """The other side may close it while a request is on its way; the request goes again on a new one."""
    with collector(statuses=[200, None, 200]) as found:
        session = exporting.session()
        for _ in range(2):
            assert session.post(found.url, data=b"x", timeout=5).status_code == 200
        assert len(found.peers) == 3 and len(found.bodies) == 2


def test_a_fork_has_its_own_connections() -> None:
    """Parent and child on one connection would read each other's answers."""
    with collector() as found:
        session = exporting.session()
        session.post(found.url, data=b"parent", timeout=5)
        child = os.fork()
        if child == 0:
            os._exit(0 if session.post(found.url, data=b"child", timeout=5).ok else 1)
        assert os.waitpid(child, 0)[1] == 0
        session.post(found.url, data=b"parent", timeout=5)
        first, second, third = found.peers
        assert first == third != second


def test_where_nothing_can_be_remembered_it_is_an_ordinary_session(own_temporary: Path) -> None:
    """A temporary folder that somebody else made under the name is not believed."""
    (own_temporary / f"genai-platform-{os.getuid()}").mkdir(mode=0o777)
    (own_temporary / f"genai-platform-{os.getuid()}").chmod(0o777)
    with collector() as found:
        assert exporting.session().post(found.url, data=b"x", timeout=5).ok
    with silent() as url, pytest.raises(requests.exceptions.ReadTimeout):
        exporting.session().post(url, data=b"x", timeout=0.05)


def test_a_refusal_is_told_in_the_system_s_words(busy: None) -> None:
    """Without the layers that stand around it in the exception."""
    with nobody() as url, pytest.raises(RequestException, match=r"^127\.0\.0\.1:\d+: ConnectionError: Connection refused$"):
        exporting.session().post(url, data=b"x", timeout=5)


def test_no_name_or_password_of_the_address_is_told() -> None:
    """An address may hold them; log and message do not."""
    with silent() as url, capture_logs() as told, pytest.raises(RequestException) as caught:
        exporting.session().post(url.replace("//", "//kim:word@"), data=b"x", timeout=0.05)
    assert "word" not in f"{told} {caught.value}"


def test_plugins_folder_and_wheel_have_the_same_entry_point(root: Path) -> None:
    """OpenTelemetry finds the session by it; Airflow would not start where it is named in a setting and is not there."""
    (folder,) = (root / "plugins").glob("workflow_orchestrator-*.dist-info")
    declared = (folder / "entry_points.txt").read_text(encoding="utf-8")
    assert folder.name == f"workflow_orchestrator-{__version__}.dist-info"
    assert f"Version: {__version__}\n" in (folder / "METADATA").read_text(encoding="utf-8")
    assert declared in platform._ENTRY_POINTS[platform.ORCHESTRATOR]
    (line,) = [line for line in declared.splitlines() if "=" in line]
    assert line == f"genai_platform = {exporting.__name__}:{exporting.session.__name__}"
    assert "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER: genai_platform\n" in (root / "docker-compose.yaml").read_text()


@pytest.mark.airflow
def test_airflow_s_processes_share_what_they_know(root: Path, tmp_path: Path) -> None:
    """Set up by Airflow from its environment: spans and metrics arrive; when the collector falls silent, one fork alone waits."""
    # Each fork makes two deliveries, spans and metrics.
    with collector(silent_after=8, patience=60) as found:
        environment = {
            **os.environ, "PYTHONPATH": str(root / "plugins"), "AIRFLOW_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path),
            "AIRFLOW__TRACES__OTEL_ON": "True", "AIRFLOW__METRICS__OTEL_ON": "True", "OTEL_TRACES_EXPORTER": "otlp_proto_http",
            "OTEL_EXPORTER_OTLP_ENDPOINT": found.url, "OTEL_EXPORTER_OTLP_TIMEOUT": "2", "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "genai_platform",
        }  # fmt: skip
        command = [sys.executable, "-c", AS_A_TASK, "8"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert {row["session"] for row in rows} == {"OutageSession"}
        assert [path for path, _ in found.bodies[:8]] == ["/v1/traces", "/v1/metrics"] * 4
        first, *others = [row["seconds"] for row in rows[4:]]
        assert first >= 2 > 1 > max(others)
