"""One way to write JSON and one way to hash, so that the same content is the same bytes everywhere."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def to_bytes(data: Any) -> bytes:
    """JSON with two-space indent, unescaped Unicode and a final newline; keys keep the order of the object."""
    return (json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def sha256(data: bytes) -> str:
    """The hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()
