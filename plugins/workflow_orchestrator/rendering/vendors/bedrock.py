"""Video models of Amazon Bedrock: StartAsyncInvoke and GetAsyncInvoke; the clip comes into a bucket of the customer's own.

`clientRequestToken` makes a start idempotent: the same token is the same invocation. The input is that of Luma Ray 2
(`luma.ray-v2:0`: prompt, aspect_ratio, loop, duration "5s" or "9s", resolution "540p" or "720p"); `input:` in the settings replaces it
for another model. A model in its Legacy period is refused before anything is paid: such a model ends within months, and after its end
every request fails. Source: AWS's API reference and the page "Luma AI models", read November 2026.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import ConfigurationError, RenderError, VendorError, VendorOutageError
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.vendors.access import aws_client, aws_error
from workflow_orchestrator.rendering.vendors.clips import ClipOrder, status_of, whole_clip

_log = structlog.get_logger(__name__)
TIMEOUT = timedelta(seconds=60)
_WORDS = {"inprogress": JobState.RUNNING, "completed": JobState.SUCCEEDED, "failed": JobState.FAILED}
_CHUNK = 1024 * 1024


class BedrockClips:
    """Clips of a model of Bedrock. They have no voice and show what the prompt says.

    Args:
        spec: `model`, `prompt`, `output`, `duration`, `resolution`, `input`, `region`, `connection`.
        connection: the Airflow connection, None for the machine's own identity.
    """

    name = "bedrock_async"
    speaks = False

    def __init__(self, spec: Spec, connection: Any) -> None:
        self._spec, self._connection = spec, connection
        self._clients: dict[str, Any] = {}

    def start(self, order: ClipOrder, *, idempotency_key: str) -> JobRef:
        """Starts an invocation, or finds that of the same key.

        Raises:
            ConfigurationError: the model is at the end of its life.
            VendorError: it was refused; as `VendorOutageError` where a retry can help.
        """
        self._check_lifecycle()
        output = self._spec.settings["output"].rstrip("/")
        begun = self._call(
            "bedrock-runtime", "start_async_invoke", "start the clip",
            clientRequestToken=idempotency_key, modelId=self._spec.settings["model"], modelInput=self._input(order.aspect),
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": output}},
        )  # fmt: skip
        return JobRef(self.name, str(begun["invocationArn"]), output)

    def find(self, idempotency_key: str) -> JobRef | None:
        """Nothing: the same token gives the same invocation."""
        return None

    def status(self, ref: JobRef) -> JobStatus:
        """Where the invocation stands.

        Raises:
            VendorError: Bedrock cannot say; as `VendorOutageError` where a retry can help.
        """
        found = self._look(ref)
        return status_of(self.name, found.get("status"), _WORDS, str(found.get("failureMessage") or ""))

    def fetch(self, ref: JobRef, out: Path) -> Path:
        """Copies the clip from the bucket.

        Raises:
            RenderError: the invocation is not through.
            VendorError: it cannot be copied; as `VendorOutageError` where a retry can help.
        """
        found = self._look(ref)
        if _WORDS.get(str(found.get("status")).casefold()) is not JobState.SUCCEEDED:
            raise RenderError(f"the clip {ref.id} of {self.name} is not ready: {found.get('status')}")
        stated = found.get("outputDataConfig", {}).get("s3OutputDataConfig", {}).get("s3Uri") or ref.location
        bucket, prefix = urlsplit(stated).netloc, urlsplit(stated).path.strip("/")
        invocation = ref.id.rsplit("/", 1)[-1]
        if not prefix.endswith(invocation):
            prefix = f"{prefix}/{invocation}".strip("/")
        listed = self._call("s3", "list_objects_v2", "list the clip's files", Bucket=bucket, Prefix=f"{prefix}/")
        clips = [item["Key"] for item in listed.get("Contents", ()) if item["Key"].endswith(".mp4")]
        if not clips:
            raise VendorOutageError(
                f"{self.name} says that the clip is there, and s3://{bucket}/{prefix}/ has no .mp4", vendor=self.name
            )
        whole = next((key for key in clips if key.endswith("/output.mp4")), clips[0])
        self._copy(bucket, whole, out)
        return whole_clip(out, self.name)

    def _copy(self, bucket: str, key: str, out: Path) -> None:
        from botocore.exceptions import BotoCoreError

        part = out.with_name(f".{out.name}.part")
        try:
            answer = self._call("s3", "get_object", "send the clip", Bucket=bucket, Key=key)
            with part.open("wb") as file:
                for piece in answer["Body"].iter_chunks(_CHUNK):
                    file.write(piece)
            if part.stat().st_size != answer["ContentLength"]:
                raise VendorOutageError(f"s3://{bucket}/{key} broke off", vendor=self.name)
            part.replace(out)
        except BotoCoreError as error:
            raise aws_error(error, self.name, "send the clip") from error
        finally:
            part.unlink(missing_ok=True)

    def _look(self, ref: JobRef) -> dict[str, Any]:
        found: dict[str, Any] = self._call(
            "bedrock-runtime", "get_async_invoke", "tell how the clip is doing", invocationArn=ref.id
        )
        return found

    def _input(self, aspect: str) -> dict[str, Any]:
        settings = self._spec.settings
        if "input" in settings:
            return dict(settings["input"])
        return {
            "prompt": settings["prompt"],
            "aspect_ratio": aspect,
            "loop": False,
            "duration": settings.get("duration", "5s"),
            "resolution": settings.get("resolution", "720p"),
        }

    def _check_lifecycle(self) -> None:
        model = self._spec.settings["model"]
        if model.startswith("arn:"):
            return  # a model of one's own has no lifecycle
        try:
            found = self._call("bedrock", "get_foundation_model", "describe the model", modelIdentifier=model)
        except VendorError as error:
            code = error.details.get("code")
            if code in ("ResourceNotFoundException", "ValidationException"):
                raise ConfigurationError(
                    f"Bedrock has no model {model!r} in this region; it may have reached the end of its life. Name an active one as "
                    "model: in include/rendering.yaml"
                ) from error
            if code != "AccessDeniedException":
                raise
            _log.warning("rendering.clip.lifecycle_unknown", model=model, allow="bedrock:GetFoundationModel")
            return
        state = found.get("modelDetails", {}).get("modelLifecycle", {}).get("status", "ACTIVE")
        if state != "ACTIVE":
            raise ConfigurationError(
                f"the model {model!r} is {state.capitalize()} at Bedrock and will stop; name an active one as model: in "
                "include/rendering.yaml"
            )

    def _call(self, service: str, what: str, doing: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        if service not in self._clients:
            self._clients[service] = aws_client(service, self._spec, self._connection, timeout=TIMEOUT)
        try:
            return getattr(self._clients[service], what)(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise aws_error(error, self.name, doing) from error
