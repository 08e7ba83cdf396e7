"""What a process keeps of slow work by the content that went in: documents that were read, slides and videos that were made.

Thirty scenarios about one factsheet read it once and make its video once. The same content gives the same files, so nothing that a
scenario sees depends on whether it came first.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Results by key. Files lie in a temporary folder that goes away with the process."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._folder: Path | None = None
        self._lock = threading.RLock()

    def value(self, key: str, make: Callable[[], T]) -> T:
        """The value of a key; made once. An error is not kept: it is raised again by the next who asks."""
        with self._lock:
            if key not in self._known:
                self._known[key] = make()
            found: T = self._known[key]
            return found

    def get(self, key: str) -> Any:
        """What is known under a key; `None`: nothing."""
        return self._known.get(key)

    def files(self, key: str, make: Callable[[Path], Sequence[Path]], folder: Path) -> tuple[Path, ...]:
        """Copies in `folder` of everything that `make` put into its folder; the paths that it returned, in their order."""

        def made() -> tuple[Path, tuple[Path, ...]]:
            place = Path(tempfile.mkdtemp(dir=self._place()))
            return place, tuple(path.relative_to(place) for path in make(place))

        place, names = self.value(key, made)
        shutil.copytree(place, folder, dirs_exist_ok=True)
        return tuple(folder / name for name in names)

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="scenarios-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


SHARED = Memo()
"""The memo of this process."""
