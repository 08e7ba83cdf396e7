"""Four eyes: who asked for a video, and who edited its words, does not release it.

Names are compared as Airflow gives them, whatever their capitals: the id and the name of who answers, the name of who triggered the
run (Airflow keeps no id of that), and both of who edited. A run that another workflow started was asked for by whoever asked for that
one. A run of the schedule was asked for by nobody, and the record says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from workflow_orchestrator.errors import ConfigurationError
from workflow_orchestrator.steps.work import Answer, Work
from workflow_orchestrator.storage import Storage

UNKNOWN = "unknown"
"""What an answer says where Airflow does not tell who gave it."""
_DEEPEST = 10  # runs that start each other


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Who may not release.

    `required` says whether this profile holds to it; where it does not, the record says that one person did both.
    """

    requested_by: str | None
    editors: tuple[tuple[str, ...], ...]
    required: bool

    @classmethod
    def of(cls, work: Work, revisions: Iterable[Mapping[str, Any]]) -> FourEyes:
        """Args: the work of an approve step, and the edits that the content of now has."""
        configuration = work.configuration
        editors = dict.fromkeys(_names(revision["by"], revision["by_id"]) for revision in revisions)
        return cls(
            requested_by(work.run.storage, work.request),
            tuple(editors),
            configuration.four_eyes == "always" or configuration.profile == "production",
        )

    def against(self, answer: Answer) -> str:
        """Why this person may not release; empty where nothing speaks against it."""
        names = _names(answer.by, answer.by_id)
        if not names:
            return "Airflow does not say who answered"
        if set(names) & set(_names(self.requested_by or "")):
            return f"{answer.by} asked for this video"
        if any(set(names) & set(editor) for editor in self.editors):
            return f"{answer.by} edited its words"
        return ""

    def not_asked(self) -> tuple[str, ...]:
        """Who is left out where a group is asked."""
        return _names(self.requested_by or "") if self.required else ()


def requested_by(storage: Storage, request: Mapping[str, Any]) -> str | None:
    """Who asked for a run: who triggered it, or the run that called it; `None`: nobody, it came by the schedule."""
    for _ in range(_DEEPEST):
        if request.get("triggered_by"):
            return str(request["triggered_by"])
        # A called run works on the copy of the document that lies in the folder of the run that called it.
        path = PurePosixPath(str(request.get("source", {}).get("key", "")))
        caller = (path.parent / "request.json").as_posix()
        if path.parts[:1] != ("runs",) or path.name != "source.pdf" or not storage.exists(caller):
            return None
        request = json.loads(storage.read(caller))
    return None


def who_may_release(
    groups: Mapping[str, Iterable[str]], asked: Iterable[str], eyes: FourEyes, editor: Answer | None = None
) -> list[str] | None:
    """The members of the groups that may release; `None`: the groups name nobody, so that everyone is asked.

    Args:
        groups: the groups of the configuration.
        asked: those that are asked.
        eyes: who may not.
        editor: somebody who is about to edit the words.

    Raises:
        ConfigurationError: a group has members, and no one but who asked for the video.
    """
    members = list(dict.fromkeys(user for name in asked for user in groups.get(name, ())))
    if not members or not eyes.required:
        return members or None
    left = [user for user in members if not set(_names(user)) & set(eyes.not_asked())]
    if not left:
        raise ConfigurationError(
            f"nobody may release this video: {', '.join(asked)} has no member but {eyes.requested_by}, who asked for it; add another "
            f"Airflow user to the group in include/orchestrator.yaml"
        )
    barred = {name for names in eyes.editors for name in names} | set(_names(editor.by, editor.by_id) if editor else ())
    return [user for user in left if not set(_names(user)) & barred]


def _names(*given: str) -> tuple[str, ...]:
    known = (name.strip().casefold() for name in given)
    return tuple(dict.fromkeys(name for name in known if name and name != UNKNOWN))
