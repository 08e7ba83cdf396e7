"""The compose file's topology, once for all tests of this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_here import may_install
from postgres_here import find_programs
from topology_here import Topology
from topology_programs import TopologyNotUp, ensure_programs
from topology_project import BULLETIN, RELEASES, ROLLING, SAMPLES, bundles, write_package, write_project
from topology_words import Office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Office]:
    """Starts everything, with release 1.0.0 of `bulletin` deployed before Airflow is there; ends it with the session."""
    if find_programs() is None and not may_install():
        pytest.skip("PostgreSQL is not installed, and only root may install it (Debian: apt-get install postgresql)")
    try:
        ensure_programs()
    except TopologyNotUp as reason:
        pytest.skip(str(reason))
    # A path of a Unix socket is short; pytest's are not.
    place = Path(tempfile.mkdtemp(prefix="topo-"))
    project = write_project(root, place / "project")
    packages = place / "packages"

    def deploy(topology: Topology) -> None:
        path = write_package(root, packages, "1.0.0")
        Office(topology, root, place).command("release", "deploy", str(path), "--to", RELEASES, "--by", "dora")

    settings = {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": bundles()}
    try:
        with Topology(place / "state", project=project, settings=settings, before_airflow=deploy) as topology:
            there = Office(topology, root, place)
            for name in (ROLLING, BULLETIN):
                there.put(name, "document.pdf", root / "include" / "samples" / "hostile" / "blank.pdf")
                topology.client.wait_for_dag(name)
            # They work while the first tests look at other things.
            for name, sample in SAMPLES.items():
                there.put(name, "document.pdf", root / "include" / "samples" / f"{sample}.pdf")
                topology.client.wait_for_dag(name)
                topology.client.trigger(name, {"document": "document.pdf"}, "released")
            yield there
    finally:
        shutil.rmtree(place, ignore_errors=True)
