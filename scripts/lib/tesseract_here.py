"""Debian's tesseract with German and French for tests: as it is installed, or installed now when we may."""

from __future__ import annotations

import shutil
import subprocess
import sys

from debian_here import NotInstalledError, install, may_install

PACKAGES = ("tesseract-ocr", "tesseract-ocr-deu", "tesseract-ocr-fra")


class TesseractNotThere(RuntimeError):
    """Tesseract or one of its languages is not installed and cannot be; the message says what to do."""


def ensure_tesseract() -> str:
    """The path of the program, with data for English, German and French.

    Raises:
        TesseractNotThere: nobody may install here, or it failed.
    """
    if not _complete():
        _install()
    path = shutil.which("tesseract")
    if path is None or not _complete():
        raise TesseractNotThere(f"{', '.join(PACKAGES)} were installed but give no program with all languages")
    return path


def _complete() -> bool:
    path = shutil.which("tesseract")
    if path is None:
        return False
    listed = subprocess.run([path, "--list-langs"], capture_output=True, text=True, check=False)
    return {"eng", "deu", "fra"} <= set(listed.stdout.split())


def _install() -> None:
    if not may_install():
        raise TesseractNotThere(f"tesseract is not installed; install it with its languages (Debian: {' '.join(PACKAGES)})")
    print("tesseract is not installed; installing Debian's packages …", file=sys.stderr)
    try:
        install(*PACKAGES)
    except NotInstalledError as error:
        raise TesseractNotThere(str(error)) from None
