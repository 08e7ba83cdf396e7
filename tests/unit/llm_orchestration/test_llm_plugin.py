"""How Airflow sees the folder: one plugin file, one connection type, nothing imported by its stem."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import llm_orchestration
from llm_orchestration.hook import LLMHook
from llm_orchestration.provider_info import get_provider_info

PLUGINS = Path(llm_orchestration.__file__).parents[1]
STRANGER = """
from airflow.sdk.plugins_manager import AirflowPlugin
from workflow_orchestrator import queue

class Plugin(AirflowPlugin):
    name = "workflow_orchestrator"
"""
PROBE = """
import json, sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
forms = [form.model_dump() for form in HookMetaService.hook_meta_data() if form.connection_type.startswith("llm")]
by_stem = sorted(
    name for name, module in sys.modules.items()
    if "." not in name and str(getattr(module, "__file__", "") or "").startswith(sys.argv[1])
)
print(json.dumps({
    "plugins": sorted(plugin.name for plugin in plugins if str(plugin.source).startswith("$PLUGINS_FOLDER")),
    "errors": errors,
    "by_stem": by_stem,
    "forms": sorted((form["connection_type"], form["hook_name"], sorted(form["extra_fields"])) for form in forms),
    "sdk": [name for name in ("openai", "httpx2") if name in sys.modules],
}))
"""


def test_airflow_executes_the_two_plugin_files_and_nothing_else(tmp_path: Path) -> None:
    """With a real Airflow and a copy of the folder, no module is imported by its stem; the connection type is there."""
    home = tmp_path / "home"
    plugins = home / "plugins"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PLUGINS / "llm_orchestration", plugins / "llm_orchestration", ignore=ignore)
    for name in (".airflowignore", "llm_orchestration_plugin.py"):
        shutil.copy(PLUGINS / name, plugins)
    for info in PLUGINS.glob("llm_orchestration-*.dist-info"):
        shutil.copytree(info, plugins / info.name)
    other = plugins / "workflow_orchestrator"
    (other / "definition").mkdir(parents=True)
    (other / "__init__.py").touch()
    # Names of the standard library: executed by stem, each would break Airflow.
    for name in ("queue.py", "types.py", "definition/enum.py"):
        (other / name).write_text("LOADED = True\n", encoding="utf-8")
    (plugins / "workflow_orchestrator_plugin.py").write_text(STRANGER, encoding="utf-8")
    env = {
        "PATH": os.environ["PATH"],
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": str(plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    command = [sys.executable, "-c", PROBE, str(plugins)]
    done = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    assert seen["plugins"] == ["llm_orchestration", "workflow_orchestrator"]
    assert seen["errors"] == {}
    assert seen["by_stem"] == [
        "llm_orchestration",
        "llm_orchestration_plugin",
        "workflow_orchestrator",
        "workflow_orchestrator_plugin",
    ]
    kinds = get_provider_info()["connection-types"]
    assert seen["forms"] == sorted(
        [kind["connection-type"], kind["hook-name"], sorted(kind["conn-fields"])] for kind in kinds
    )
    assert seen["sdk"] == []


def test_each_type_leads_to_a_hook_of_its_name() -> None:
    """Airflow warns when type and name of a form and of its hook differ."""
    for kind in get_provider_info()["connection-types"]:
        module, _, name = kind["hook-class-name"].rpartition(".")
        hook = getattr(import_module(module), name)
        assert issubclass(hook, LLMHook)
        assert (kind["connection-type"], kind["hook-name"]) == (hook.conn_type, hook.hook_name)


def test_the_dist_info_names_the_same_package() -> None:
    """Airflow refuses a provider whose metadata and package name differ."""
    (info,) = PLUGINS.glob("llm_orchestration-*.dist-info")
    metadata = (info / "METADATA").read_text(encoding="utf-8")
    name = get_provider_info()["package-name"]
    version = info.name.removesuffix(".dist-info").split("-")[1]
    assert f"Name: {name}\n" in metadata
    assert f"Version: {version}\n" in metadata
    assert "llm_orchestration.provider_info:get_provider_info" in (info / "entry_points.txt").read_text(
        encoding="utf-8"
    )


def test_the_address_of_the_state_may_come_from_a_file(tmp_path: Path) -> None:
    """It may hold a password, so Airflow takes it from a command as it takes its own secrets, and masks it."""
    secret = tmp_path / "state_url"
    secret.write_text("redis://:word@host:6379/2")
    code = (
        "from llm_orchestration.hook import state_url; print(state_url()); from airflow.configuration import conf; "
        "print(('llm_orchestration', 'state_url') in conf.sensitive_config_values)"
    )
    command = {"AIRFLOW__LLM_ORCHESTRATION__STATE_URL_CMD": f"cat {secret}"}
    environment = {**os.environ, **command, "PYTHONPATH": str(PLUGINS), "AIRFLOW_HOME": str(tmp_path / "home")}
    environment.pop("AIRFLOW__LLM_ORCHESTRATION__STATE_URL", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["redis://:word@host:6379/2", "True"]
