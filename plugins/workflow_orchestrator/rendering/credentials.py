"""Content credentials: a finished video carries a signed statement (C2PA) of who made it, how, and from which document.

    settings of include/rendering.yaml ─► opened before anything is spoken ─► signed when the film is made ─► read back and compared

The statement stands in a box of the MP4 file behind its first one, with a hash over everything else: title, generator, IPTC's digital
source type and the hash of the source document are claimed by the holder of the certificate, and a changed byte shows. It is made by the
optional package c2pa-python; without the setting nothing is signed, and `video.json` says so.

A signature holds a random number, and the statement an id of its own: a signed video is never twice the same, byte for byte. All that is
not the statement is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.rendering_file import SIGNER, Spec
from workflow_orchestrator.errors import ConfigurationError, EncoderError, VideoCheckError
from workflow_orchestrator.rendering.mark import TERMS, Mark

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NONE = "none"
GENERATOR = "genai-platform"
SOURCE = "org.genai-platform.source"
"""The label of our own assertion: the document that the video was made from."""
_GOOD = ("Valid", "Trusted")
_LONGEST = 100_000
# Nothing is fetched while a statement is made or read, and no picture of the film is put into it.
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_CURVES = {"es256": "secp256r1", "es384": "secp384r1", "es512": "secp521r1"}


@dataclass(frozen=True, slots=True)
class Claims:
    """What is claimed of a video: its title, what a machine made of it, and the SHA-256 of the document that it was made from."""

    title: str
    mark: Mark
    source_sha256: str = ""

    def to_manifest(self) -> dict[str, Any]:
        """The manifest as c2pa-python takes it."""
        made = {
            "action": "c2pa.created",
            "digitalSourceType": f"{TERMS}{self.mark.source_type}",
            "softwareAgent": {"name": GENERATOR, "version": __version__},
            "description": self.mark.description,
        }
        assertions = [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}]
        if self.source_sha256:
            assertions.append({"label": SOURCE, "data": {"sha256": self.source_sha256}})
        return {
            "claim_generator_info": [{"name": GENERATOR, "version": __version__}],
            "title": self.title,
            "format": "video/mp4",
            "assertions": assertions,
        }


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate chain with its key, opened and checked.

    `chain` and `key` are PEM; `timestamp` is the address of a time stamp authority, or empty.
    """

    algorithm: str
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)
    timestamp: str = ""


def open_credentials(spec: Spec | None) -> Credentials | None:
    """The credentials of a setting; None where nothing shall be signed.

    Raises:
        ConfigurationError: the package is missing, certificate or key cannot be read, they do not belong together or to the algorithm,
            or the certificate is not valid today.
    """
    if spec is None:
        return None
    if find_spec(SIGNER) is None:
        raise ConfigurationError(
            "include/rendering.yaml asks for signed videos (credentials:), and the package c2pa-python is not installed on this worker; "
            "install it, or take credentials: out"
        )
    settings = spec.settings
    chain = _read(settings["certificate"], "the certificate chain")
    key = _key_of(settings["key"])
    _check_pair(chain, key, settings["algorithm"], settings["certificate"])
    stamp = settings.get("timestamp", NONE)
    return Credentials(settings["algorithm"], chain, key, "" if stamp == NONE else stamp)


def _read(name: str, what: str) -> bytes:
    path = Path(name)
    try:
        if path.stat().st_size > _LONGEST:
            raise ConfigurationError(f"{what} {name} is larger than {_LONGEST:,} bytes; name a PEM file (credentials: in rendering.yaml)")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{what} {name} cannot be read ({error.strerror}); put it on each worker, or correct credentials: in include/rendering.yaml"
        ) from error


def _key_of(where: Mapping[str, str]) -> bytes:
    """The private key in PEM. No message ever has a part of it."""
    if "file" in where:
        return _read(where["file"], "the private key")
    from workflow_orchestrator.rendering.vendors.access import connection_of

    connection = connection_of(Spec("credentials", {"connection": where["connection"]}))
    if not connection.password:
        raise ConfigurationError(
            f"the Airflow connection {where['connection']!r} of credentials has no password; put the private key there, in PEM"
        )
    # A form field of Airflow turns line ends into spaces; an environment variable may hold them as \n.
    text = connection.password.replace("\\n", "\n").strip()
    if "\n" not in text:
        head, _, rest = text.partition("KEY-----")
        body, _, foot = rest.partition("-----END")
        text = f"{head}KEY-----\n" + "\n".join(body.split()) + f"\n-----END{foot}"
    return f"{text}\n".encode()


def _check_pair(chain: bytes, key: bytes, algorithm: str, name: str) -> None:
    """Raises unless the key is that of the first certificate, which is valid today, and can sign with the algorithm."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as forms

    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
    except (ValueError, IndexError):
        raise ConfigurationError(f"{name} is no certificate chain in PEM (credentials: in include/rendering.yaml)") from None
    try:
        private = forms.load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the reason: a parser may quote what it read.
        raise ConfigurationError(
            "the private key of credentials: in include/rendering.yaml is no key in PEM without a pass phrase"
        ) from None
    as_der = (forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*as_der) != certificate.public_key().public_bytes(*as_der):
        raise ConfigurationError(f"the private key of credentials: does not belong to the first certificate of {name}")
    if not _fits(private, algorithm):
        raise ConfigurationError(f"the key of credentials: cannot sign with {algorithm}; correct algorithm: in include/rendering.yaml")
    _check_today(certificate, name)


def _fits(private: Any, algorithm: str) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm in _CURVES:
        return isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _CURVES[algorithm]
    return isinstance(private, ed25519.Ed25519PrivateKey if algorithm == "ed25519" else rsa.RSAPrivateKey)


def _check_today(certificate: Certificate, name: str) -> None:
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ConfigurationError(
            f"the certificate of {name} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d} and not today; renew it"
        )


def sign(path: Path, credentials: Credentials, claims: Claims) -> None:
    """Puts a signed statement into an MP4 file; it appears under its name only when it is whole.

    Raises:
        EncoderError: it could not be signed this time, for example because the time stamp authority did not answer.
    """
    import c2pa

    part = path.with_name(f".{path.name}.signed")
    try:
        info = c2pa.C2paSignerInfo(credentials.algorithm, credentials.chain, credentials.key, credentials.timestamp or None)
        with (
            c2pa.Context.from_dict(_OFFLINE) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(claims.to_manifest(), context=context) as builder,
            path.open("rb") as source,
            part.open("w+b") as target,
        ):
            builder.sign(signer, "video/mp4", source, target)
        part.replace(path)
    except (c2pa.C2paError, OSError) as error:
        raise EncoderError(f"{path.name} could not be signed with content credentials: {_short(error)}") from error
    finally:
        part.unlink(missing_ok=True)


def read_back(path: Path, claims: Claims) -> dict[str, Any]:
    """Reads the statement of a finished file and holds it against what was to be claimed.

    Whether the certificate's issuer is on a trust list is for whoever watches to judge: a house may sign with its own.

    Returns:
        What `video.json` says of it: `manifest`, `issuer`, `signed_by`, `algorithm`, and the `time` of a time stamp or nothing.

    Raises:
        VideoCheckError: there is none, it does not fit the file, or it claims something else.
    """
    import c2pa

    try:
        with (
            c2pa.Context.from_dict(_OFFLINE) as context,
            path.open("rb") as file,
            c2pa.Reader("video/mp4", file, context=context) as reader,
        ):
            store = json.loads(reader.json())
    except (c2pa.C2paError, ValueError, OSError) as error:
        raise VideoCheckError(f"{path.name} has no content credentials that can be read: {_short(error)}") from error
    active = store.get("manifests", {}).get(store.get("active_manifest"), {})
    problems = [*_invalid(store), *_differences(active, claims)]
    if problems:
        raise VideoCheckError(f"the content credentials of {path.name} are not what was claimed: {'; '.join(problems)}", problems=problems)
    signature = active.get("signature_info", {})
    return {
        "manifest": store["active_manifest"],
        "issuer": signature.get("issuer", ""),
        "signed_by": signature.get("common_name", ""),
        "algorithm": str(signature.get("alg", "")).lower(),
        "time": signature.get("time"),
    }


def _invalid(store: Mapping[str, Any]) -> Iterator[str]:
    state = store.get("validation_state")
    if state in _GOOD:
        return
    failed = store.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    codes = ", ".join(sorted({str(item.get("code")) for item in failed} - {"signingCredential.untrusted"}))
    yield f"they are {state or 'not judged'}{f' ({codes})' if codes else ''}"


def _differences(active: Mapping[str, Any], claims: Claims) -> Iterator[str]:
    """What the statement says otherwise than it was told to."""
    if active.get("title") != claims.title:
        yield f"the title is {active.get('title')!r}"
    found = {item.get("label"): item.get("data", {}) for item in active.get("assertions", ())}
    actions = found.get("c2pa.actions.v2", {}).get("actions", [])
    kinds = [(item.get("action"), item.get("digitalSourceType")) for item in actions if item.get("action") == "c2pa.created"]
    if kinds != [("c2pa.created", f"{TERMS}{claims.mark.source_type}")]:
        yield f"it was made as {kinds or 'nobody says what'}"
    if claims.source_sha256 and found.get(SOURCE, {}).get("sha256") != claims.source_sha256:
        yield "the source document is another one"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
