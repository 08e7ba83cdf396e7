"""Shared by all tests: where the checkout and the development documents are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from moto_here import moto_server

# A busy machine is no defect of what is tested.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

# A shell's own keys and settings must not steer a test.
for name in [key for key in os.environ if key.startswith(("AIRFLOW_", "OPENAI_", "GENAI_PLATFORM_"))]:
    if name not in ("GENAI_PLATFORM_SHARED", "GENAI_PLATFORM_VENV"):
        del os.environ[name]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development documents; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the development documents are not beside this checkout")
    return folder


@pytest.fixture(scope="module")
def aws_address() -> Iterator[str]:
    """Moto's server, for the tests of one file; see moto_here.py for what is behind it."""
    with moto_server() as address:
        yield address
