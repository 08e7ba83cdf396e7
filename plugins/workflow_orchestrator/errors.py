"""Every error of the workflow orchestrator, in one tree.

    OrchestratorError
    ├── DefinitionError            the files of a workflow are wrong            (never retried)
    ├── ConfigurationError         the platform's own configuration is wrong    (never retried)
    ├── RunInputError              what a run was started with is wrong         (never retried)
    │   ├── ConfError                  unknown or ill-typed keys in the conf, all of them
    │   ├── BatchError                 names of a batch that lead to no document, or a wrong conf, all of it
    │   ├── DocumentNotFoundError      no such document in the storage
    │   ├── DocumentOutsideStorageError  a path or URI that leaves the storage
    │   ├── AlreadyProcessedError      the same document and definition gave a video before
    │   └── AutoApprovalRefusedError   `approval: auto` where the profile asks for a person
    ├── BudgetError                the run is over its budget of money or time  (never retried)
    ├── DocumentError              the document itself cannot be used           (never retried)
    │   ├── NotAPdfError  EmptyDocumentError  EncryptedDocumentError  ImageOnlyDocumentError
    │   ├── CodeNotPrintedError        it does not print the code that the run was asked about
    │   ├── DamagedDocumentError       a PDF that no reader can open, even after repair
    │   └── DocumentLimitError         over a limit of pages, bytes, seconds or memory
    ├── ReaderKilledError          the reading process was killed from outside  (retried)
    ├── OcrMissingError            OCR is required and this machine has none     (never retried)
    ├── FigureError                a printed figure cannot be read              (never retried)
    ├── BusinessValidationError    values missing, not proven or against a rule (never retried; `catch` takes it)
    ├── CorrectionError            a person's correction does not stand up      (retried: asks again)
    ├── ScriptError                the script cannot be written as asked        (never retried)
    │   ├── UnboundFigureError         a number that comes from no proven value
    │   │   └── AnswerRefusedError         … in a model's answer (script/writer.py)
    │   └── ComplianceBlockedError     a rule of the compliance packs says no
    ├── ApprovalError              the release was refused, void or never given (never retried)
    ├── AskedAgainError            an answer that ends nothing: the question is put again (retried)
    │   ├── SentBackError              edits were taken, and the new content needs a release of its own
    │   ├── EditRefusedError           an edit does not stand up; the form comes back with what was typed
    │   ├── ReasonMissingError         a rejection does not say why
    │   └── FourEyesError              who asked for the video or edited it would release it
    ├── RenderError                slides, speech or video cannot be made       (never retried)
    │   ├── LayoutError                content that does not fit or a glyph that the fonts lack
    │   ├── SpeechError                the voice gave no usable audio
    │   ├── VideoCheckError            the finished file is not what was planned
    │   └── VendorError                a vendor of speech or video refused the request
    │       ├── VendorJobError             … took the job and failed at it
    │       ├── VendorDeadlineError        … is not through with the job in time
    │       └── VendorOutageError          … is busy, down, or sent half an answer      (retried)
    ├── EncoderError               the encoder process failed or hung           (retried)
    ├── RunTimeoutError            Airflow ended the run: its `run_timeout` was up (never retried)
    ├── ConditionError             a condition cannot be judged on this run     (never retried)
    ├── WaitTimeError              what a step waits for is no day and time      (never retried)
    ├── NotYetError                the time has not come, and nobody waits here  (never retried)
    ├── MapLimitError              a map's list is no list, or longer than allowed (never retried)
    ├── DefinitionChangedError     a step cannot go on under the definition that is there now (never retried)
    ├── CalledWorkflowError        a called workflow failed, or was not through in time (never retried)
    │   └── CalledWorkflowOutageError  … with an error that passes               (retried: a new run of it)
    ├── NotificationError          a channel did not take a message             (retried)
    ├── PackageError               a package or release is wrong, changed, or does not fit (never retried)
    ├── MetricsError               CloudWatch refuses numbers                   (never retried)
    │   └── MetricsOutageError         … does not answer                         (retried)
    ├── HistoryError               a file of the execution history is not what was written (never retried)
    ├── RetentionError             a record of a release must be kept longer    (never retried)
    └── StorageError               the storage did not answer                   (retried)

A class says in `retryable` whether trying the same again can help; Airflow's retry policy reads that and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar


class OrchestratorError(Exception):
    """The base of the tree. `message` names the thing, the value and what to do about it."""

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.details)

    def to_json(self) -> dict[str, Any]:
        """The error as data: class name, message and JSON-safe details."""
        return {"error": type(self).__name__, "message": self.message, **self.details}


def _rebuild(cls: type[OrchestratorError], message: str, details: dict[str, Any]) -> OrchestratorError:
    return cls(message, **details)


class DefinitionError(OrchestratorError):
    """The files of a workflow are wrong; the message lists every problem. A retry cannot help."""


class ConfigurationError(OrchestratorError):
    """The platform's configuration is wrong. A retry cannot help."""


class RunInputError(OrchestratorError):
    """What the run was started with is wrong. A retry cannot help."""


class ConfError(RunInputError):
    """The conf of the run has unknown or ill-typed keys; all are named. A retry cannot help."""

    def __init__(self, message: str, *, problems: Sequence[str] = (), **details: Any) -> None:
        super().__init__(message, problems=list(problems), **details)


class BatchError(RunInputError):
    """A batch names what is no document, or its conf is wrong; all of it is named, and nothing was started. A retry cannot help.

    `problems` has a name and a reason for each.
    """

    def __init__(self, message: str, *, problems: Sequence[Sequence[str]] = (), **details: Any) -> None:
        super().__init__(message, problems=[list(problem) for problem in problems], **details)


class DocumentNotFoundError(RunInputError):
    """The storage has no such document. A retry cannot help; put the file there and trigger again."""


class DocumentOutsideStorageError(RunInputError):
    """The document lies outside the configured storage. A retry cannot help."""


class AlreadyProcessedError(RunInputError):
    """The same document gave a video under the same definition. A retry cannot help; `force` can."""


class AutoApprovalRefusedError(RunInputError):
    """The active profile asks for a named person. A retry cannot help."""


class BudgetError(OrchestratorError):
    """The run has used the money or the time that its workflow allows. A retry cannot help; a larger budget can."""


class DocumentError(OrchestratorError):
    """The document cannot be used as it is. A retry cannot help."""


class NotAPdfError(DocumentError):
    """The file is not a PDF, whatever its name says. A retry cannot help."""


class EmptyDocumentError(DocumentError):
    """The document has no page or no content at all. A retry cannot help."""


class EncryptedDocumentError(DocumentError):
    """The document needs a password. A retry cannot help."""


class ImageOnlyDocumentError(DocumentError):
    """The pages are pictures without a text layer. A retry cannot help; a text PDF can."""


class CodeNotPrintedError(DocumentError):
    """The document does not print the code, such as an ISIN, that the run was asked about. A retry cannot help; the right code can."""


class DamagedDocumentError(DocumentError):
    """No reader can open the document, even after a repair. A retry cannot help."""


class DocumentLimitError(DocumentError):
    """The document is over a limit of pages, bytes, seconds or memory. A retry cannot help."""


class ReaderKilledError(OrchestratorError):
    """Something else killed the process that read the document: a machine that ran out of memory, or a person. A retry can help."""

    retryable: ClassVar[bool] = True


class OcrMissingError(OrchestratorError):
    """Pages are pictures, OCR is required, and the machine that reads has no tesseract. A retry cannot help; installing it can."""


class FigureError(OrchestratorError):
    """A printed figure cannot be read without guessing. A retry cannot help."""


class BusinessValidationError(OrchestratorError):
    """Values are missing, not proven or break a business rule. A retry cannot help; a person can.

    `findings` is the JSON form of each finding: rule, severity, fields, message.
    """

    def __init__(self, message: str, *, findings: Sequence[dict[str, Any]] = (), **details: Any) -> None:
        super().__init__(message, findings=list(findings), **details)


class CorrectionError(OrchestratorError):
    """What a person entered is not printed on the page named, or breaks a rule. A retry asks the person again."""

    retryable: ClassVar[bool] = True


class ScriptError(OrchestratorError):
    """The script cannot be written as asked. A retry cannot help."""


class UnboundFigureError(ScriptError):
    """A number in the script comes from no proven value. A retry cannot help."""


class ComplianceBlockedError(ScriptError):
    """A compliance rule blocks the script. A retry cannot help; other words can."""


class ApprovalError(OrchestratorError):
    """The release was refused, was never given, or no longer fits what was shown. A retry cannot help."""


class AskedAgainError(OrchestratorError):
    """An answer to a release that ends nothing. A retry puts the question again, as often as the step's retry policy says."""

    retryable: ClassVar[bool] = True


class SentBackError(AskedAgainError):
    """Somebody sent the content back with edits, and they were taken. A retry makes the new content and asks for its release.

    `changes` has each edit as data: place, words before and after.
    """

    def __init__(self, message: str, *, changes: Sequence[dict[str, Any]] = (), **details: Any) -> None:
        super().__init__(message, changes=list(changes), **details)


class EditRefusedError(AskedAgainError):
    """An edit holds a figure of its own, or words that the checks refuse. A retry shows the form with what was typed and why.

    `problems` has each one as data: place, text, why.
    """

    def __init__(self, message: str, *, problems: Sequence[dict[str, Any]] = (), **details: Any) -> None:
        super().__init__(message, problems=list(problems), **details)


class ReasonMissingError(AskedAgainError):
    """A rejection without a reason. A retry asks again."""


class FourEyesError(AskedAgainError):
    """Who asked for the video, or edited its words, would release it. A retry asks somebody else."""


class RenderError(OrchestratorError):
    """Slides, speech or video cannot be made from this content. A retry cannot help."""


class LayoutError(RenderError):
    """Content does not fit its place, or the fonts lack a glyph. A retry cannot help."""


class SpeechError(RenderError):
    """The voice gave no usable audio. A retry cannot help with the same text."""


class VideoCheckError(RenderError):
    """The finished file is not what was planned. A retry cannot help; the report says which fact is off."""


class VendorError(RenderError):
    """A vendor of speech or video refused the request: a wrong key, model, voice or address. A retry cannot help.

    `details` names the `vendor`, and where it told them the HTTP `status`, its own `code` and its `request_id`.
    """


class VendorJobError(VendorError):
    """The vendor took the job and says that it failed. A retry cannot help; clearing the step starts a new job."""


class VendorDeadlineError(VendorError):
    """The vendor is not through with the job in time. A retry cannot help; clearing the step later looks again and starts nothing."""


class VendorOutageError(VendorError):
    """The vendor did not answer, has no capacity, or sent half an answer. A retry can help.

    Args:
        retry_after: how long the vendor asks to wait; the retry policy never undercuts it.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, message: str, *, retry_after: timedelta | float | None = None, **details: Any) -> None:
        seconds = retry_after.total_seconds() if isinstance(retry_after, timedelta) else retry_after
        super().__init__(message, **details if seconds is None else {"retry_after": seconds, **details})

    @property
    def retry_after(self) -> timedelta | None:
        seconds = self.details.get("retry_after")
        return None if seconds is None else timedelta(seconds=seconds)


class EncoderError(OrchestratorError):
    """The encoder process failed or hung. A retry can help."""

    retryable: ClassVar[bool] = True


class RunTimeoutError(OrchestratorError):
    """The run was not through when its `run_timeout` was up, and Airflow ended it from outside. A retry cannot help; a new run can.

    `last_error` is the error of the last try of the step in which the run was, where that was waiting for its next try.
    """


class ConditionError(OrchestratorError):
    """A condition of a `choose` cannot be judged on what this run has. A retry cannot help; another condition can."""


class WaitTimeError(OrchestratorError):
    """The parameter that a step waits for holds no day and time with its zone. A retry cannot help; start the run with one."""


class NotYetError(OrchestratorError):
    """The time that a step waits for has not come, and nobody waits for it here. A retry cannot help; run again when it is over."""


class MapLimitError(OrchestratorError):
    """What a `map` goes over is no list, or has more items than `at_most`. A retry cannot help."""


class DefinitionChangedError(OrchestratorError):
    """A step cannot go on under the definition that is there now. A retry cannot help; a new run can."""


class CalledWorkflowError(OrchestratorError):
    """A called workflow failed, or was not through in time. A retry cannot help.

    `workflow` and `run_id` name the called run, `cause` is its error as data, if it left one.
    """


class CalledWorkflowOutageError(CalledWorkflowError):
    """A called workflow failed with an error that passes. A retry starts a new run of it."""

    retryable: ClassVar[bool] = True


class NotificationError(OrchestratorError):
    """A channel did not take a message. A retry can help."""

    retryable: ClassVar[bool] = True


class PackageError(OrchestratorError):
    """A package cannot be made, read or deployed: it is wrong, was changed, is not signed, or does not fit the platform."""


class MetricsError(OrchestratorError):
    """CloudWatch refuses numbers or their sender. A retry cannot help."""


class MetricsOutageError(MetricsError):
    """CloudWatch does not answer. A retry can help; the numbers wait in the storage."""

    retryable: ClassVar[bool] = True


class HistoryError(OrchestratorError):
    """A file of the execution history cannot be read as what it should be."""


class RetentionError(OrchestratorError):
    """A run that was released would be erased before its record may be. A retry cannot help; a person can decide otherwise."""


class StorageError(OrchestratorError):
    """The storage did not answer as expected. A retry can help."""

    retryable: ClassVar[bool] = True
