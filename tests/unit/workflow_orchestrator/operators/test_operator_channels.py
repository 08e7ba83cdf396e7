"""Channels: a message reaches a notifier as it was written, or the log, and never counts as sent when it was not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from airflow.sdk import BaseNotifier

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ConfigurationError, NotificationError
from workflow_orchestrator.operators.channels import send_message

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"
CHANNELS = """
channels:
  operations: {}
  people: {notifier: notifiers_here.Kept, arguments: {to: ["{{ subject }}", {body: "<{{ text }}>"}], limit: 3}}
  deaf: {notifier: notifiers_here.Deaf}
  gone: {notifier: notifiers_here.Gone}
  odd: {notifier: pathlib.Path}
  typo: {notifier: notifiers_here.Kept, arguments: {to: "{{ sbject }}"}}
"""


class Kept(BaseNotifier):
    """Keeps what it was given."""

    template_fields = ("to",)
    got: ClassVar[list[Any]] = []

    def __init__(self, to: Any = None, limit: int = 0) -> None:
        super().__init__()
        self.to, self.limit = to, limit

    def notify(self, context: Any) -> None:
        Kept.got.append((self.to, self.limit, context))


class Deaf(BaseNotifier):
    """Takes nothing."""

    def notify(self, context: Any) -> None:
        raise OSError("line is down")


@pytest.fixture
def workflow(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """The shipped workflow on a platform with other channels."""
    monkeypatch.setitem(sys.modules, "notifiers_here", sys.modules[__name__])
    Kept.got.clear()
    text = (root / "include" / "orchestrator.yaml").read_text(encoding="utf-8")
    home = tmp_path / "include"
    home.mkdir()
    (home / "orchestrator.yaml").write_text(text.partition("\nchannels:")[0] + CHANNELS, encoding="utf-8")
    return replace(load_workflow(root / "dags" / NAME, root / "include"), home=home)


def test_a_notifier_gets_the_message_in_its_arguments(workflow: Workflow) -> None:
    """At any depth, and what is no text as it is."""
    assert send_message(workflow, "people", "Ready", "It is", {"run_id": "r"}) == "sent"
    assert Kept.got == [(["Ready", {"body": "<It is>"}], 3, {"run_id": "r"})]


def test_what_a_message_says_is_never_a_template(workflow: Workflow) -> None:
    """Braces in the subject stay braces, also though Airflow renders notifiers by itself elsewhere."""
    send_message(workflow, "people", "{{ 7 * 7 }}", "{% raw %}", {})
    assert Kept.got[0][0] == ["{{ 7 * 7 }}", {"body": "<{% raw %}>"}]


def test_a_channel_without_a_notifier_logs_and_says_so(workflow: Workflow, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody takes it for a message that was sent."""
    with caplog.at_level("INFO"):
        assert send_message(workflow, "operations", "Ready", "It is", {}) == "logged"
    assert "channel=operations subject='Ready' text='It is'" in caplog.text


def test_a_channel_that_takes_nothing_is_tried_again(workflow: Workflow) -> None:
    """The error names channel, message and cause, and says that a retry can help."""
    with pytest.raises(NotificationError, match=r"'deaf'.*'Ready'.*OSError: line is down") as caught:
        send_message(workflow, "deaf", "Ready", "It is", {})
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        ("gone", r"notifiers_here\.Gone cannot be made"),
        ("odd", r"pathlib\.Path has no method 'notify'"),
        ("typo", r"channels\.typo.*sbject"),
        ("nowhere", r"'nowhere' is not in.*deaf, gone, odd, operations"),
    ],
)
def test_a_channel_that_cannot_work_is_named(workflow: Workflow, channel: str, says: str) -> None:
    """A wrong path, a class that is no notifier, a wrong name: the platform's configuration, which no retry mends."""
    with pytest.raises(ConfigurationError, match=says):
        send_message(workflow, channel, "Ready", "It is", {})
