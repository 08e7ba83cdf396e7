"""A certificate chain of a house of its own, made on the spot: a root, and the signer of videos below it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOUSE = "Example House"


@dataclass(frozen=True)
class Chain:
    """Files with the chain and the key, both PEM."""

    certificate: Path
    key: Path

    def setting(self, algorithm: str, **more: str) -> dict[str, Any]:
        """What stands in rendering.yaml."""
        return {"certificate": str(self.certificate), "key": {"file": str(self.key)}, "algorithm": algorithm, **more}


def make_chain(folder: Path, algorithm: str = "es256", *, begins: datetime | None = None, days: int = 2) -> Chain:
    """Writes a chain that C2PA allows: the signer's certificate is for e-mail protection and signs nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = None if algorithm == "ed25519" else hashes.SHA256()
    root_key, key = _key(algorithm), _key(algorithm)
    begins = begins or datetime.now(UTC) - timedelta(days=1)
    root, name = _name("Root"), _name("Videos")
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )

    def begun(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins)
        builder = builder.not_valid_after(begins + timedelta(days=days))
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    authority = begun(root, root_key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    authority = authority.add_extension(x509.KeyUsage(False, key_cert_sign=True, crl_sign=True, **usage), critical=True)
    signer = begun(name, key.public_key()).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    signer = signer.add_extension(x509.KeyUsage(True, key_cert_sign=False, crl_sign=False, **usage), critical=True)
    signer = signer.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    signer = signer.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    pem = [one.sign(root_key, digest).public_bytes(forms.Encoding.PEM) for one in (signer, authority)]
    chain = Chain(folder / "chain.pem", folder / "key.pem")
    chain.certificate.write_bytes(b"".join(pem))
    chain.key.write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()))
    return chain


def _key(algorithm: str) -> Any:
    return ed25519.Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    pairs = ((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, HOUSE), (NameOID.COMMON_NAME, f"{HOUSE} {common}"))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in pairs])
