"""Sample fund factsheets whose every figure is known, because this package invented the funds and set the type."""

from __future__ import annotations

from samples.build import build_all
from samples.press import SampleError

__all__ = ["SampleError", "build_all"]
