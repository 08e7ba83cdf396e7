"""Voices: the engine that speaks for a voice's name in a language, chosen by `include/rendering.yaml`.

default ─ any ─► offline    pico2wave · flite · espeak: what this machine has
        ─ de ──► polly      Amazon Polly
        ─ fr ──► openai     any endpoint with OpenAI's speech API
                 piper      a voice file of the customer's own
"""

from __future__ import annotations

from workflow_orchestrator.rendering.voices.choice import Voice, get_voice
from workflow_orchestrator.rendering.voices.kept import Files, FolderFiles

__all__ = ["Files", "FolderFiles", "Voice", "get_voice"]
