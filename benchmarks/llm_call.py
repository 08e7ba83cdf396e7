"""What one model call costs this process: our hook beside the plain SDK and common-ai's hook, in one run.

    benchmarks/run llm_call

The model answers at once and is a process of its own, so that its work is on no clock here. What is measured is processor
time; the contenders take turns in short rounds, so that whatever else the machine does hits all alike, and the best
round of each counts. Every call asks something new, so that no journal answers. Then imports: each in a fresh interpreter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

from llm_waiting import slow_model

HERE = Path(__file__).resolve().parent
PLUGINS = str(HERE.parent / "plugins")
PLAIN = "openai create, schema sent"
OURS = "LLMHook structured"
PEER = "common-ai PydanticAIHook"
GOAL_PLAIN = 1.5
GOAL_PEER = 0.5
PAGE = "Fund data of one page: net asset value 104.20 EUR, ongoing charges 0.85 %, one year 7.31 %. " * 80
_numbers = count()

Sync = Callable[[], object]
Async = Callable[[], Awaitable[object]]


def _question() -> str:
    return f"Page {next(_numbers)}.\n{PAGE}\nWhich values are printed?"


def _messages() -> list[Any]:
    return [{"role": "system", "content": "Read the page."}, {"role": "user", "content": _question()}]


def _value_model() -> Any:
    from pydantic import BaseModel, Field

    class Value(BaseModel):
        """One printed value."""

        field: str
        key: str
        quote: str
        page: int = Field(ge=1)

    class Sheet(BaseModel):
        """What the page says."""

        fund_name: str
        currency: str
        values: list[Value] = Field(min_length=6)

    return Sheet


def contenders(address: str, state: Path) -> tuple[dict[str, Sync], dict[str, Async]]:
    """Every way of asking, for a thread and for an event loop."""
    sync: dict[str, Sync] = {}
    on_loop: dict[str, Async] = {}
    _add_plain(address, sync, on_loop)
    _add_ours(state, sync, on_loop)
    _add_peer(sync, on_loop)
    return sync, on_loop


def _add_plain(address: str, sync: dict[str, Sync], on_loop: dict[str, Async]) -> None:
    import openai

    sheet = _value_model()
    client = openai.OpenAI(api_key="none", base_url=f"{address}/v1", max_retries=0)
    aclient = openai.AsyncOpenAI(api_key="none", base_url=f"{address}/v1", max_retries=0)
    chat, achat = client.chat.completions, aclient.chat.completions
    schema = sheet.model_json_schema()
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "sheet", "strict": True, "schema": schema}}
    sync["openai create, text"] = lambda: chat.create(model="slow", messages=_messages())
    sync[PLAIN] = lambda: chat.create(model="slow", messages=_messages(), response_format=wanted)
    sync["openai parse"] = lambda: chat.parse(model="slow", messages=_messages(), response_format=sheet)
    on_loop["openai create, text"] = lambda: achat.create(model="slow", messages=_messages())
    on_loop[PLAIN] = lambda: achat.create(model="slow", messages=_messages(), response_format=wanted)
    on_loop["openai parse"] = lambda: achat.parse(model="slow", messages=_messages(), response_format=sheet)


def _add_ours(state: Path, sync: dict[str, Sync], on_loop: dict[str, Async]) -> None:
    from llm_orchestration.hook import LLMHook
    from llm_orchestration.journal import DirectoryJournal
    from llm_orchestration.model import LLMRequest, Message

    schema = _value_model().model_json_schema()
    hook = LLMHook("extraction", journal=DirectoryJournal(state / "journal"), run="benchmark")

    def request() -> LLMRequest:
        turns = (Message("system", "Read the page."), Message("user", _question()))
        return LLMRequest(turns, schema=schema, purpose="benchmark")

    sync[OURS] = lambda: hook.structured(request())
    on_loop[OURS] = lambda: hook.astructured(request())


def _add_peer(sync: dict[str, Sync], on_loop: dict[str, Async]) -> None:
    from airflow.providers.common.ai.hooks.pydantic_ai import PydanticAIHook

    def agent() -> Any:
        return PydanticAIHook().create_agent(output_type=_value_model(), instructions="Read the page.")

    in_thread, on_a_loop = agent(), agent()
    sync[PEER] = lambda: in_thread.run_sync(_question())
    on_loop[PEER] = lambda: on_a_loop.run(_question())


def measure(sync: dict[str, Sync], on_loop: dict[str, Async], calls: int, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of processor time per call: the best round of each contender."""
    found: dict[str, dict[str, float]] = {"thread": {}, "event loop": {}}

    def note(kind: str, name: str, spent: float) -> None:
        found[kind][name] = min(spent, found[kind].get(name, spent))

    for _ in range(rounds):
        for name, ask in sync.items():
            note("thread", name, _timed(ask, calls))

    async def rest() -> None:
        for _ in range(rounds):
            for name, ask in on_loop.items():
                note("event loop", name, await _atimed(ask, calls))

    asyncio.run(rest())
    return found


def _timed(ask: Sync, calls: int) -> float:
    ask()
    began = time.process_time()
    for _ in range(calls):
        ask()
    return (time.process_time() - began) * 1000 / calls


async def _atimed(ask: Async, calls: int) -> float:
    await ask()
    began = time.process_time()
    for _ in range(calls):
        await ask()
    return (time.process_time() - began) * 1000 / calls


_PROBE = """
import json, sys, time
import airflow.sdk, psutil
sys.path.insert(0, {plugins!r})
before = time.process_time(), psutil.Process().memory_info().rss, len(sys.modules)
__import__({module!r})
after = time.process_time(), psutil.Process().memory_info().rss, len(sys.modules)
print(json.dumps([b - a for a, b in zip(before, after)]))
"""
IMPORTS = {
    "openai": "openai",
    "LLMHook": "llm_orchestration.hook",
    PEER: "airflow.providers.common.ai.hooks.pydantic_ai",
}


def imports(repeats: int) -> dict[str, tuple[float, float, int]]:
    """Seconds of processor time, MiB and modules that each import adds to an interpreter that has `airflow.sdk`."""
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in IMPORTS}
    # With the plugins on the path Airflow itself would import a part of ours before the clock starts.
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for _ in range(repeats):
        for name, module in IMPORTS.items():
            code = _PROBE.format(plugins=PLUGINS, module=module)
            done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
            seconds, size, modules = json.loads(done.stdout.splitlines()[-1])
            found[name].append((seconds, size / 1024**2, modules))
    return {name: min(samples) for name, samples in found.items()}


def _say_calls(found: dict[str, dict[str, float]]) -> bool:
    met = True
    print("Processor time per call, milliseconds; goals hold for the hook with schema, journal, cost, gate and span.")
    for kind, times in found.items():
        plain, peer, ours = (times[name] for name in (PLAIN, PEER, OURS))
        print(f"\n  on {'an' if kind[0] in 'aeiou' else 'a'} {kind}")
        for name, spent in times.items():
            print(f"    {name:30} {spent:7.2f}   {spent / plain:5.2f} x create   {spent / peer:5.2f} x common-ai")
        for goal, against, value in ((GOAL_PLAIN, "create", ours / plain), (GOAL_PEER, "common-ai", ours / peer)):
            met &= value <= goal
            print(f"    goal at most {goal} x {against}: {value:.2f} {'met' if value <= goal else 'MISSED'}")
    return met


def _say_imports(found: dict[str, tuple[float, float, int]]) -> None:
    print("\nImport on top of airflow.sdk: processor seconds, MiB, modules")
    for name, (seconds, size, modules) in found.items():
        print(f"    {name:30} {seconds:7.3f} {size:7.1f} {modules:6}")


def _configure(address: str, state: Path) -> None:
    """Settings for the hooks of this process, before Airflow is imported."""
    connection = {"conn_type": "llm", "host": f"{address}/v1", "password": "none"}
    prices = {"model": "slow", "price_input": "1", "price_output": "2"}
    peer = {**connection, "conn_type": "pydanticai", "extra": {"model": "openai-chat:slow"}}
    os.environ |= {
        "AIRFLOW_HOME": str(state),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW_CONN_LLM_DEFAULT": json.dumps({**connection, "extra": prices}),
        "AIRFLOW_CONN_PYDANTICAI_DEFAULT": json.dumps(peer),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    sys.path.insert(0, PLUGINS)


def main(arguments: list[str]) -> int:
    """Prints both tables; returns 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=50, help="calls of each contender in a round")
    parser.add_argument("--rounds", type=int, default=12, help="rounds; the best one counts")
    parser.add_argument("--imports", type=int, default=5, help="fresh interpreters for each import")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, slow_model(0) as address:
        _configure(address, Path(folder))
        sync, on_loop = contenders(address, Path(folder))
        met = _say_calls(measure(sync, on_loop, options.calls, options.rounds))
        _say_imports(imports(options.imports))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
