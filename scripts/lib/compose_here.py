"""Docker Compose's own parser, without an engine: of this machine, or of Debian 13's package, which is unpacked and not installed.

`config` needs no daemon. Debian 12 has only the first Compose, so the package comes from the next release of the same mirror that this
machine's own packages come from, by the keys that this machine trusts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RELEASE = "trixie"
_PROGRAM = "usr/libexec/docker/cli-plugins/docker-compose"


def find_compose(cache: Path) -> list[str] | str:
    """The words that start Compose 2 or later, or the reason why there is none.

    Args:
        cache: a folder that keeps the program that was fetched.
    """
    kept = cache / "docker-compose"
    for words in (["docker", "compose"], ["docker-compose"], [str(kept)]):
        if shutil.which(words[0]) and _is_new_enough(words):
            return words
    apt = shutil.which("apt-get")
    if apt is None or not _KEYS.is_file():
        return "no docker compose, and no Debian mirror to fetch it from"
    found = _fetch(apt, kept)
    return found or [str(kept)]


def _is_new_enough(words: list[str]) -> bool:
    done = subprocess.run([*words, "version"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and re.search(r"\bv?([2-9]|\d\d)\.\d", done.stdout) is not None


def _fetch(apt: str, kept: Path) -> str:
    """Puts the program there; returns what went wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="compose-") as name:
        place = Path(name)
        mirror = _mirror(apt)
        if not mirror:
            return "no docker compose, and apt-get knows no Debian mirror to fetch it from"
        for folder in ("lists/partial", "cache/archives/partial"):
            (place / folder).mkdir(parents=True)
        (place / "sources.list").write_text(f"deb [signed-by={_KEYS}] {mirror} {_RELEASE} main\n")
        # Lists and cache of its own: what this machine installs from stays as it is.
        own = [
            f"-oDir::Etc::SourceList={place / 'sources.list'}", "-oDir::Etc::SourceParts=/dev/null",
            f"-oDir::State::Lists={place / 'lists'}", f"-oDir::Cache={place / 'cache'}", "-oAPT::Sandbox::User=root",
        ]  # fmt: skip
        for arguments in (["update", "-q"], ["download", "-q", "docker-compose"]):
            done = subprocess.run([apt, *own, *arguments], cwd=place, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"docker compose could not be fetched: {done.stderr.strip().splitlines()[-1:] or done.returncode}"
        (package,) = place.glob("docker-compose_*.deb")
        subprocess.run(["dpkg", "-x", str(package), str(place / "out")], check=True, capture_output=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        shutil.copy(place / "out" / _PROGRAM, new)
        new.replace(kept)
    return ""


def _mirror(apt: str) -> str:
    """The address from which this machine takes Debian's packages."""
    command = [apt, "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = [line.split()[2] for line in said.splitlines() if line.startswith("Debian Debian ")]
    return found[0] if found else ""
