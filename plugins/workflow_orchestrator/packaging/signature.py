"""Signatures of packages: Ed25519 over the SHA-256 of a package, in a file beside it.

    openssl genpkey -algorithm ed25519 -out release.key && openssl pkey -in release.key -pubout -out release.pub
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.errors import PackageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ABOUT = b"genai-platform package\n"


def sign(package: bytes, key: Path) -> str:
    """The signature of a package, in Base64.

    Raises:
        PackageError: the file holds no private Ed25519 key.
    """
    return base64.b64encode(_private(key).sign(_message(package))).decode()


def verify_signature(package: bytes, signature: str | None, key: Path) -> None:
    """Refuses a package that the holder of the key did not sign.

    Raises:
        PackageError: there is no signature, it is another package's or another key's, or the key cannot be read.
    """
    from cryptography.exceptions import InvalidSignature

    if not signature:
        raise PackageError(f"the package is not signed, and {key.name} says that it must be; package it with --sign")
    try:
        _public(key).verify(base64.b64decode(signature, validate=True), _message(package))
    except (InvalidSignature, ValueError):
        raise PackageError(f"the package is not what the holder of {key.name} signed") from None


def _message(package: bytes) -> bytes:
    return _ABOUT + sha256(package).encode()


def _private(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise PackageError(f"{path.name} cannot be read as a private key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise PackageError(f"{path.name} is no Ed25519 key; make one with openssl genpkey -algorithm ed25519")
    return key


def _public(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PackageError(f"{path.name} cannot be read as a public key: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise PackageError(f"{path.name} is no Ed25519 key")
    return key
