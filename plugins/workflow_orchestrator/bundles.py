"""A workflow's releases as an Airflow DAG bundle with versions: a run goes on with the release that it started with.

    [dag_processor] dag_bundle_config_list =
      [{"name": "fund_factsheet_video", "classpath": "workflow_orchestrator.bundles.ReleaseBundle",
        "kwargs": {"target": "s3://my-bucket/releases", "workflow": "fund_factsheet_video"}}]

Airflow's own S3 bundle has no versions, and a run in it changes its definition between two tasks (measured on 3.3.2). A release that
does not fit this platform, was changed, or is not signed although it must be, is refused: what was there before goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import structlog
from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion

from workflow_orchestrator.errors import OrchestratorError
from workflow_orchestrator.packaging.archive import write_below
from workflow_orchestrator.packaging.business import content_of
from workflow_orchestrator.packaging.compatible import refuse_other_platform
from workflow_orchestrator.packaging.releases import Releases
from workflow_orchestrator.storage import open_storage

_log = structlog.get_logger(__name__)


class ReleaseBundle(BaseDagBundle):
    """The current release of a workflow, or the one of a run.

    Args:
        target: folder or `s3://bucket/prefix` of `scripts/workflow deploy`.
        workflow: the workflow's name.
        key: path of the public key that must have signed each release; without it, none is asked for.
        aws_conn_id: the connection for S3.
    """

    supports_versioning = True

    def __init__(
        self, *, target: str, workflow: str, key: str | None = None, aws_conn_id: str = "aws_default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._releases = Releases(open_storage(target, base=Path.cwd(), aws_conn_id=aws_conn_id), workflow)
        self._key = Path(key) if key else None

    def initialize(self) -> None:
        """Unpacks the release that is asked for, if it is not there yet."""
        with self.lock():
            if self.version is not None:
                self._unpack(self.version)
            else:
                self.refresh()
        super().initialize()

    @property
    def path(self) -> Path:
        """The folder in which Airflow looks for DAG files."""
        return self.versions_dir / (self.version or self._known()) / "dags"

    def get_current_version(self) -> BundleVersion:
        """The release that is unpacked, with its hash."""
        version = self.version or self._known()
        return BundleVersion(version, {"sha256": self._releases.get(version).sha256})

    def refresh(self) -> None:
        """Takes the release that the pointer names. One that is refused leaves the one before it in force, and is said in the log.

        Raises:
            OrchestratorError: there is none before it.
        """
        if self.version is not None:
            return
        with self.lock():
            try:
                version = self._releases.current().version
                self._unpack(version)
            except OrchestratorError as error:
                if not self._pointer.is_file():
                    raise
                _log.error("bundle.refused", bundle=self.name, error=type(error).__name__, message=error.message)
                return
            self._note(version)

    @property
    def _pointer(self) -> Path:
        return self.base_dir / "current.json"

    def _known(self) -> str:
        return str(json.loads(self._pointer.read_text(encoding="utf-8"))["version"])

    def _note(self, version: str) -> None:
        self.base_dir.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.base_dir, prefix=".tmp-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"version": version}, stream)
        Path(name).replace(self._pointer)

    def _unpack(self, version: str) -> None:
        folder = self.versions_dir / version
        if folder.is_dir():
            return
        package = self._releases.package(version, self._key)
        refuse_other_platform(package.workflow, package.version, package.manifest["requires_platform"])
        self.versions_dir.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=self.versions_dir, prefix=".new-"))
        try:
            write_below(temporary, content_of(package))
            temporary.rename(folder)
        except OSError:
            # Another process was quicker; then the folder is there.
            if not folder.is_dir():
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
