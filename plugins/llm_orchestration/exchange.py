"""A call on its way between processes, as files in a store: what is asked and how, and later what came of it.

```text
<exchange>/calls/<name>.request.json   the whole request, its route, journal, budgets and deadline; removed by the answer
<exchange>/calls/<name>.result.json    the result, and whether the request may have been sent twice
```

Only the address of the exchange and the name travel through Airflow: its database, logs and events see no prompt, no
document and no answer. Each file states its format and its hash; a damaged one is a named error and never half a request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llm_orchestration.errors import ConfigurationError, StateError
from llm_orchestration.model import LLMRequest, LLMResult, sha256_of
from llm_orchestration.places import shared_store
from llm_orchestration.stores import Store
from llm_orchestration.traffic.contract import Spending

FORMAT = 1


@dataclass(frozen=True)
class DeferredCall:
    """A request and how it is to be asked, so that another process can do it.

    Args:
        request: The question. Its `offline` routine does not travel.
        route: Alias in the route file.
        llm_conn_id: One Airflow connection to use instead of the route's targets.
        routes_path: Another route file.
        output: Import path `package.module.Model` of a pydantic model that the answer must pass.
        journal: Address of the response journal; `None` keeps none.
        run: Name of the run that the call belongs to.
        deadline: Time for the call with all its targets, instead of the route's.
        budget_usd: The most that the call may cost.
        budgets: Shared budgets that the call counts against.
    """

    request: LLMRequest
    route: str
    llm_conn_id: str | None = None
    routes_path: str | None = None
    output: str | None = None
    journal: str | None = None
    run: str | None = None
    deadline: timedelta | None = None
    budget_usd: Decimal | None = None
    budgets: tuple[Spending, ...] = ()

    def __post_init__(self) -> None:
        if self.deadline is not None and self.deadline <= timedelta(0):
            raise ConfigurationError(f"deadline {self.deadline} of route {self.route!r} is not above 0")

    @property
    def key(self) -> str:
        """Hash of everything that can change the answer; two calls with one key need one answer."""
        asked = {name: value for name, value in self.request.to_json().items() if name != "attempt"}
        how = [self.route, self.llm_conn_id, self.routes_path, self.output]
        return sha256_of({"request": asked, "how": how})

    def to_json(self) -> dict[str, Any]:
        """Everything but the caller's routine, as JSON."""
        return {
            "request": self.request.to_json(),
            "route": self.route,
            "llm_conn_id": self.llm_conn_id,
            "routes_path": self.routes_path,
            "output": self.output,
            "journal": self.journal,
            "run": self.run,
            "deadline": None if self.deadline is None else self.deadline.total_seconds(),
            "budget_usd": _money(self.budget_usd),
            "budgets": [[one.scope, _money(one.usd), one.tokens] for one in self.budgets],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DeferredCall:
        """Inverse of `to_json`."""
        deadline, budget = value["deadline"], value["budget_usd"]
        return cls(
            **{
                **value,
                "request": LLMRequest.from_json(value["request"]),
                "deadline": None if deadline is None else timedelta(seconds=deadline),
                "budget_usd": None if budget is None else Decimal(budget),
                "budgets": tuple(
                    Spending(scope, None if usd is None else Decimal(usd), tokens)
                    for scope, usd, tokens in value["budgets"]
                ),
            }
        )


@dataclass(frozen=True)
class Outcome:
    """What came of a call.

    Args:
        result: The checked answer.
        resent_after_lost_claim: The request was sent while an earlier process that had claimed it was lost, so it may
            have been billed twice.
    """

    result: LLMResult
    resent_after_lost_claim: bool = False


class Exchange:
    """The files of calls in one store.

    Args:
        store: Where they lie.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, uri: str) -> Exchange:
        """The exchange at an address that `open_store` takes.

        Raises:
            ConfigurationError: The address is of another kind.
        """
        return cls(shared_store(uri))

    @property
    def uri(self) -> str:
        """Address, for another process."""
        return self.store.uri

    def put_request(self, name: str, call: DeferredCall) -> None:
        """Keeps a call.

        Raises:
            StateError: The store cannot be written.
        """
        self._put(f"calls/{name}.request.json", "request", call.to_json())

    def request(self, name: str) -> DeferredCall:
        """The call that was kept under `name`.

        Raises:
            StateError: There is none, it is damaged, or the store cannot be read.
        """
        file = f"calls/{name}.request.json"
        body = self._get(file, "request")
        if body is None:
            raise StateError(f"{file} is not in {self.uri}; the task's next try writes it anew")
        return DeferredCall.from_json(body)

    def drop_request(self, name: str) -> None:
        """Removes a call that has its result: its prompt may hold a whole document.

        Raises:
            StateError: The store cannot be written.
        """
        file = f"calls/{name}.request.json"
        with _named(f"{file} cannot be removed from {self.uri}"):
            self.store.delete(file)

    def put_result(self, name: str, outcome: Outcome) -> None:
        """Keeps what came of a call.

        Raises:
            StateError: The store cannot be written.
        """
        body = {"result": outcome.result.to_json(), "resent_after_lost_claim": outcome.resent_after_lost_claim}
        self._put(f"calls/{name}.result.json", "result", body)

    def find_outcome(self, name: str) -> Outcome | None:
        """What came of a call, `None` when nothing has yet.

        Raises:
            StateError: It is damaged, or the store cannot be read.
        """
        body = self._get(f"calls/{name}.result.json", "result")
        if body is None:
            return None
        return Outcome(LLMResult.from_json(body["result"]), body["resent_after_lost_claim"])

    def outcome(self, name: str) -> Outcome:
        """What came of a call that has ended.

        Raises:
            StateError: There is nothing, it is damaged, or the store cannot be read.
        """
        found = self.find_outcome(name)
        if found is None:
            raise StateError(
                f"calls/{name}.result.json is not in {self.uri}; is the store the same folder or bucket on every machine?"
            )
        return found

    def _put(self, file: str, kind: str, body: Mapping[str, Any]) -> None:
        text = json.dumps(body, allow_nan=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        entry = json.dumps({"format": FORMAT, "kind": kind, "sha256": digest, "body": text})
        with _named(f"{file} cannot be written to {self.uri}"):
            self.store.put(file, entry.encode())

    def _get(self, file: str, kind: str) -> dict[str, Any] | None:
        with _named(f"{file} cannot be read from {self.uri}"):
            value = self.store.get(file)
        return None if value is None else _opened(value, kind, f"{file} in {self.uri}")


def _opened(value: bytes, kind: str, place: str) -> dict[str, Any]:
    try:
        entry = json.loads(value)
        version, digest, text = entry["format"], entry["sha256"], entry["body"]
        whole = entry["kind"] == kind and hashlib.sha256(text.encode()).hexdigest() == digest
        body: dict[str, Any] = json.loads(text) if whole else {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StateError(f"{place} is damaged ({len(value)} bytes); delete it and clear the task") from None
    if version != FORMAT:
        raise StateError(f"{place} has format {version!r}, this release reads {FORMAT}; clear the task")
    if not whole:
        raise StateError(f"{place} is damaged ({len(value)} bytes); delete it and clear the task")
    return body


class _named:  # noqa: N801 - used as a function
    """Gives whatever a store raises one class of our tree."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ConfigurationError):
            raise StateError(f"{self._problem} ({type(error).__name__})") from None


def _money(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
