#!/usr/bin/env python3
"""Makes the sample factsheets of `include/samples`, or checks that the committed ones are what it makes.

python scripts/make_samples.py            write the files
python scripts/make_samples.py --check    write them elsewhere, compare, exit 1 and list what differs
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from samples import SampleError, build_all

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "include" / "samples"
FONTS = ROOT / "include" / "themes" / "house" / "fonts"


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write `files` under `folder`. Files that are no longer made stay, and `--check` names them."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def differences(made: Path, kept: Path) -> list[str]:
    """What is different, missing or left over in `kept`, one line a file, by name."""
    names = {path.relative_to(root) for root in (made, kept) for path in root.rglob("*") if path.is_file()}
    lines = []
    for name in sorted(names):
        if not (kept / name).is_file():
            lines.append(f"missing    {name}")
        elif not (made / name).is_file():
            lines.append(f"left over  {name}")
        elif (kept / name).read_bytes() != (made / name).read_bytes():
            lines.append(f"differs    {name}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write none of them")
    parser.add_argument("--out", type=Path, default=SAMPLES, help="folder to write, or to check")
    parser.add_argument("--fonts", type=Path, default=FONTS, help="folder of the .ttf files to set the type in")
    options = parser.parse_args(arguments)
    try:
        files = build_all(options.fonts)
    except SampleError as error:
        print(error, file=sys.stderr)
        return 2
    if not options.check:
        write(files, options.out)
        print(f"{len(files)} files written to {options.out}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(files, Path(folder))
        lines = differences(Path(folder), options.out)
    if lines:
        print("\n".join(lines))
        print(f"{len(lines)} files differ; run python scripts/make_samples.py and look at what changed")
        return 1
    print(f"{len(files)} files are as made")
    return 0


if __name__ == "__main__":
    sys.exit(main())
