"""Archives: the same bytes each time, and nothing that is unpacked lies outside its folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from workflow_orchestrator.errors import PackageError
from workflow_orchestrator.packaging.archive import listing, pack, unpack, write_below

FILES = {"b/two.txt": b"2", "a.txt": b"1", "run.sh": b"#!"}


def archive(*entries: tuple[str, bytes], link: bool = False, compressed: bool = False) -> bytes:
    """An archive that nobody checked."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as made:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = made.compression
            entry.external_attr = (0o120777 if link else 0o100644) << 16
            made.writestr(entry, content)
    return buffer.getvalue()


def test_the_same_files_are_the_same_bytes() -> None:
    """Whatever order they come in; a script can be run after it is unpacked."""
    assert pack(FILES) == pack(dict(reversed(FILES.items())))
    assert unpack(pack(FILES)) == FILES
    assert [one["path"] for one in listing(FILES)] == ["a.txt", "b/two.txt", "run.sh"]
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as found:
        assert found.getinfo("run.sh").external_attr >> 16 == 0o755


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/passwd", "a\\b", "C:/x", "./a", "a//b", "", "a\0b"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    """When packing, unpacking and writing."""
    with pytest.raises(PackageError):
        pack({name: b""})
    with pytest.raises(PackageError):
        write_below(tmp_path / "in", {name: b""})
    if "\0" not in name and name:
        with pytest.raises(PackageError):
            unpack(archive((name, b"")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (archive(("a", b"1"), ("a", b"2")), "twice"),
        (archive(("a", b"/etc/passwd"), link=True), "link"),
        (archive(("a", b"0" * 2_000_000), compressed=True), "more than 1 MB"),
        (archive(*((f"{n}", b"") for n in range(5_001))), "5,001 files"),
        (b"no zip", "cannot be read"),
        (archive(("a", b"1"))[:-10], "cannot be read"),
    ],
)
def test_what_no_packager_made_is_refused(data: bytes, says: str) -> None:
    """Doubled names, links, bombs, crowds and rubbish."""
    with pytest.raises(PackageError, match=says):
        unpack(data, most_bytes=1_000_000)
