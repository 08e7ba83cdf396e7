"""Releases: deployed whole, never overwritten, gone back to by the pointer, refused where they do not fit; over a folder and over S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moto_here import s3_storage
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import PackageError, StorageError
from workflow_orchestrator.packaging.business import BusinessPackage, build_business_package
from workflow_orchestrator.packaging.releases import Releases
from workflow_orchestrator.packaging.signature import sign
from workflow_orchestrator.storage import LocalStorage, Storage

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture(scope="module")
def s3(aws_address: str) -> Iterator[Storage]:
    """A bucket on moto's server."""
    with s3_storage(aws_address, "aws_releases", "releases-of-tests", "team") as storage:
        yield storage


@pytest.fixture(params=["folder", "s3"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Where releases are deployed to."""
    if request.param == "folder":
        return LocalStorage(tmp_path / "target")
    found: Storage = request.getfixturevalue("s3")
    for key in list(found.list(NAME)):
        found.delete(key)
    return found


def package(workflow: Workflow, version: str, **changes: Any) -> BusinessPackage:
    """A release of the workflow; `platform` is the range that it wants."""
    return build_business_package(replace(workflow, **changes) if changes else workflow, version)


def test_a_release_is_deployed_and_gone_back_from(target: Storage, workflow: Workflow) -> None:
    """The pointer says which one is current; every move is on record; the packages stay."""
    releases = Releases(target, NAME)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        assert releases.deploy(package(workflow, version), by="dora").version == version
    assert releases.current().version == "1.2.0"
    assert releases.rollback(None, by="dora").version == "1.1.0"
    assert releases.rollback("1.0.0", by="otto").version == "1.0.0"
    assert {one.version for one in releases.all()} == {"1.0.0", "1.1.0", "1.2.0"}
    assert len(list(target.list(f"{NAME}/moves"))) == 5
    assert releases.package("1.2.0").version == "1.2.0"


def test_a_version_is_one_content(target: Storage, workflow: Workflow) -> None:
    """The same package again is no news, another one under its version is refused."""
    releases = Releases(target, NAME)
    first = releases.deploy(package(workflow, "1.0.0"), by="dora")
    assert releases.deploy(package(workflow, "1.0.0"), by="eve").deployed_by == first.deployed_by
    with pytest.raises(PackageError, match="another content"):
        releases.deploy(package(workflow, "1.0.0", title="Another"), by="eve")


def test_a_release_for_another_platform_is_refused_and_changes_nothing(target: Storage, workflow: Workflow) -> None:
    """By this platform's version, or by the one that the target names."""
    releases = Releases(target, NAME)
    releases.deploy(package(workflow, "1.0.0"), by="dora")
    with pytest.raises(PackageError, match="wants platform >=2,<3, and this one is 1"):
        releases.deploy(package(workflow, "2.0.0", platform=">=2,<3"), by="dora")
    with pytest.raises(PackageError, match="no range"):
        releases.deploy(package(workflow, "2.0.1", platform="newest"), by="dora")
    target.write("platform.json", b'{"version": "2.1.0"}')
    try:
        releases.deploy(package(workflow, "2.0.0", platform=">=2,<3"), by="dora")
        with pytest.raises(PackageError, match=r"this one is 2\.1\.0"):
            releases.rollback("1.0.0", by="dora")
    finally:
        target.delete("platform.json")
    assert releases.current().version == "2.0.0"


def test_a_release_that_was_changed_at_its_place_is_refused(target: Storage, workflow: Workflow) -> None:
    """Nobody goes back to it, nobody loads it."""
    releases = Releases(target, NAME)
    releases.deploy(package(workflow, "1.0.0"), by="dora")
    releases.deploy(package(workflow, "1.1.0"), by="dora")
    target.write(f"{NAME}/releases/1.0.0.zip", package(workflow, "1.0.0", title="Other").data)
    with pytest.raises(PackageError, match="was changed after it was deployed"):
        releases.rollback(None, by="dora")
    assert releases.current().version == "1.1.0"


def test_what_is_not_there_is_named(target: Storage, workflow: Workflow) -> None:
    """No release, no such release, nothing to go back to, another workflow's package."""
    releases = Releases(target, NAME)
    with pytest.raises(PackageError, match="no release of"):
        releases.current()
    releases.deploy(package(workflow, "1.0.0"), by="dora")
    with pytest.raises(PackageError, match=r"no release '9'.*releases: 1\.0\.0"):
        releases.rollback("9", by="dora")
    with pytest.raises(PackageError, match="nothing to go back to"):
        releases.rollback(None, by="dora")
    with pytest.raises(PackageError, match="not of earnings"):
        Releases(target, "earnings_report_video").deploy(package(workflow, "1.0.0"), by="dora")


def test_a_deployment_that_breaks_off_leaves_the_pointer(tmp_path: Path, workflow: Workflow) -> None:
    """The pointer moves last."""

    class Failing(LocalStorage):
        def write(self, key: str, data: bytes) -> str:
            if "/moves/" in key and self.full:
                raise StorageError("the disk is full")
            return super().write(key, data)

        full = False

    target = Failing(tmp_path)
    releases = Releases(target, NAME)
    releases.deploy(package(workflow, "1.0.0"), by="dora")
    target.full = True
    with pytest.raises(StorageError):
        releases.deploy(package(workflow, "1.1.0"), by="dora")
    assert releases.current().version == "1.0.0"
    target.full = False
    assert releases.deploy(package(workflow, "1.1.0"), by="dora").version == "1.1.0"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A private key, its public key, and another's public key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    place = tmp_path_factory.mktemp("keys")
    for name in ("own", "other"):
        key = Ed25519PrivateKey.generate()
        (place / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (place / f"{name}.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return place / "own.key", place / "own.pub", place / "other.pub"


def test_a_signature_is_of_one_package_and_one_key(tmp_path: Path, workflow: Workflow, keys: tuple[Path, Path, Path]) -> None:
    """Unsigned, wrongly signed and another's are refused where a key is asked for."""
    private, public, other = keys
    releases = Releases(LocalStorage(tmp_path), NAME)
    made = package(workflow, "1.0.0")
    good = sign(made.data, private)
    for signature, key, says in ((None, public, "not signed"), (good, other, "not what"), ("rubbish!", public, "not what")):
        with pytest.raises(PackageError, match=says):
            releases.deploy(made, by="dora", signature=signature, key=key)
    with pytest.raises(PackageError, match="not what"):
        releases.deploy(package(workflow, "1.0.1"), by="dora", signature=good, key=public)
    assert releases.deploy(made, by="dora", signature=good, key=public).signature == good
    assert releases.package("1.0.0", public).version == "1.0.0"
    with pytest.raises(PackageError, match="cannot be read as a private key"):
        sign(b"", public)
