"""Puts `scripts` on the import path: the generator of the samples is a tool, not a part of the installed package."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))
