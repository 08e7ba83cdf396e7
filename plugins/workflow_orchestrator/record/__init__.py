"""What a run leaves behind: its folder of artifacts, one report per step, and the manifest over all of it."""

from workflow_orchestrator.record.manifest import build_manifest, summary_of
from workflow_orchestrator.record.run_folder import Artifact, RunFolder, StepReport, run_key_of

__all__ = ["Artifact", "RunFolder", "StepReport", "build_manifest", "run_key_of", "summary_of"]
