"""Installing a peer: what is said when no registry answers, and that nothing half-made is taken for ready."""

from __future__ import annotations

from pathlib import Path

import model_peers
import pytest

pytestmark = pytest.mark.peers


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder, and no registry."""
    nowhere = "http://127.0.0.1:9/simple"
    monkeypatch.setattr(model_peers, "STATE", tmp_path)
    for name, value in {"UV_DEFAULT_INDEX": nowhere, "UV_INDEX_URL": nowhere, "UV_HTTP_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    for name, value in {"PIP_INDEX_URL": nowhere, "PIP_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_registry_that_does_not_answer_is_named(state: Path) -> None:
    """The reason names the peer and the registry; the next run tries again instead of using half an environment."""
    for _ in range(2):
        with pytest.raises(model_peers.PeerUnavailable, match=r"peer llama could not be installed.*registry"):
            model_peers.python_peer("llama")
    assert not (state / "llama" / ".installed").exists()


def test_a_peer_is_installed_once(state: Path) -> None:
    """What is there is used; another lock file, or a run that was cut off, makes it anew."""
    made: list[Path] = []
    lock = state / "one.lock"
    lock.write_text("first", encoding="utf-8")
    for _ in range(2):
        model_peers._installed("one", [lock], made.append)
    assert len(made) == 1
    lock.write_text("second", encoding="utf-8")
    folder = model_peers._installed("one", [lock], made.append)
    assert len(made) == 2
    (folder / ".installed").unlink()
    (folder / "half").touch()
    model_peers._installed("one", [lock], made.append)
    assert len(made) == 3 and not (folder / "half").exists()
