"""The error tree: each error crosses a process whole and says whether a retry helps."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from workflow_orchestrator import errors


def all_classes(cls: type[errors.OrchestratorError]) -> list[type[errors.OrchestratorError]]:
    """A class and everything below it."""
    return [cls, *(item for child in cls.__subclasses__() for item in all_classes(child))]


CLASSES = [cls for cls in all_classes(errors.OrchestratorError) if cls.__module__ == errors.__name__]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_survives_pickling_with_its_details(cls: type[errors.OrchestratorError]) -> None:
    """Class, message and details arrive in another process."""
    again = pickle.loads(pickle.dumps(cls("what happened", page=3)))
    assert type(again) is cls
    assert again.message == str(again) == "what happened"
    assert again.details["page"] == 3
    assert again.to_json()["error"] == cls.__name__


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_tree_in_the_docstring_names_every_class(cls: type[errors.OrchestratorError]) -> None:
    """The picture at the top of the file is complete."""
    assert cls.__name__ in (errors.__doc__ or "")


def test_only_the_named_classes_are_retried() -> None:
    """What a retry can help is a short list."""
    retried = {cls.__name__ for cls in CLASSES if cls.retryable}
    assert retried == {
        "CorrectionError", "EncoderError", "StorageError", "NotificationError", "CalledWorkflowOutageError",
        "ReaderKilledError", "VendorOutageError", "MetricsOutageError",
        "AskedAgainError", "SentBackError", "EditRefusedError", "ReasonMissingError", "FourEyesError",
    }  # fmt: skip


def test_a_vendors_wait_crosses_a_process() -> None:
    """The time that a vendor asked for is there where the retry policy looks, as a time and in the data as seconds."""
    again = pickle.loads(pickle.dumps(errors.VendorOutageError("busy", retry_after=timedelta(seconds=7), vendor="v")))
    assert again.retry_after == timedelta(seconds=7)
    assert again.to_json()["retry_after"] == 7
    assert errors.VendorOutageError("busy").retry_after is None
