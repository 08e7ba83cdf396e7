"""Budgets: the worst case of a request is held back before it is sent, what it really took is booked when it ended.

```text
reserve ── answer ──────────────────────────────► usage booked
        ── failed, surely no bill ──────────────► nothing booked
        ── failed, perhaps a bill ──────────────► its usage, or the worst case when nobody counted
        ── process killed ── answer in journal ─► usage booked by whoever finds it
                          └─ no answer ─────────► the worst case stays reserved for as long as the scope is kept
```

Reservations count against the limit, so requests at the same time cannot exceed it together. Each is filed under the
id of its request, `<key>.<attempt>`, and booked once. What a request costs is unknown without a price: then only tokens are held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from llm_orchestration import errors
from llm_orchestration.traffic._blocks import number
from llm_orchestration.traffic._shared import decoded
from llm_orchestration.traffic.contract import Spending, StateStore, Ticket

_KEEP_DAY = timedelta(days=2)
_KEEP_RUN = timedelta(days=30)
_ZERO = Decimal(0)
_KEY_CHARACTERS = 32


@dataclass(frozen=True)
class Held:
    """What is held back for one request.

    Args:
        tokens: Its worst case in tokens.
        usd: Its worst case in money, `None` without a price.
        until: When its process counts as dead; it is held on after that, but nobody waits for it.
    """

    tokens: int
    usd: Decimal | None
    until: float

    def to_json(self) -> Sequence[Any]:
        """The parts in order."""
        return [self.tokens, None if self.usd is None else format(self.usd, "f"), self.until]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> Held:
        """Inverse of `to_json`."""
        tokens, usd, until = value
        return cls(tokens, None if usd is None else _money(usd), until)


@dataclass(frozen=True)
class Account:
    """What a scope has spent and what is held back for requests whose end is not known.

    Args:
        tokens: Tokens spent.
        usd: Money spent, where the price was known.
        calls: Requests that were booked.
        held_tokens: Tokens held back.
        held_usd: Money held back.
        held: Reservations by request id, as they are stored: a thousand of them are read and written at once.
    """

    tokens: int = 0
    usd: Decimal = _ZERO
    calls: int = 0
    held_tokens: int = 0
    held_usd: Decimal = _ZERO
    held: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; money is text so that no digit is lost."""
        return {
            "tokens": self.tokens,
            "usd": format(self.usd, "f"),
            "calls": self.calls,
            "held_tokens": self.held_tokens,
            "held_usd": format(self.held_usd, "f"),
            "held": self.held,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Account:
        """Inverse of `to_json`.

        Raises:
            ValueError: The value is damaged; a missing part is a `KeyError`, one of another shape a `TypeError`.
        """
        held = value["held"]
        if not isinstance(held, dict):
            raise ValueError("reservations are not an object")
        for tokens, usd, until in held.values():
            if not isinstance(tokens, int) or not isinstance(usd, str | None) or not isinstance(until, int | float):
                raise ValueError("a reservation is damaged")
        return cls(
            tokens=int(number(value["tokens"])),
            usd=_money(value["usd"]),
            calls=int(number(value["calls"])),
            held_tokens=int(number(value["held_tokens"])),
            held_usd=_money(value["held_usd"]),
            held=held,
        )


@dataclass(frozen=True)
class Shortage:
    """A budget that has no room for a request.

    Args:
        scope: Whose budget.
        unit: What it is short of.
        limit: The budget.
        spent: What was spent.
        reserved: What is held back for other requests.
        worst: Worst case of the request.
        may_ease: Whether requests in flight could leave room when they end.
    """

    scope: str
    unit: Literal["USD", "tokens"]
    limit: Decimal | int
    spent: Decimal | int
    reserved: Decimal | int
    worst: Decimal | int
    may_ease: bool

    def error(self, ticket: Ticket) -> errors.BudgetExceededError:
        """The error that says so."""
        told = [
            f"{value:.6f} USD" if self.unit == "USD" else f"{value:,} tokens"
            for value in (self.worst, self.limit, self.spent, self.reserved)
        ]
        return errors.BudgetExceededError(
            f"{ticket.purpose} could take {told[0]}, and the budget {self.scope!r} of {told[1]} has {told[2]} spent and "
            f"{told[3]} reserved for requests in flight; raise the budget, lower max_output_tokens or send less",
            provider=ticket.provider,
            model=ticket.model,
        )


@dataclass(frozen=True)
class Bill:
    """What a request took.

    Args:
        tokens: Its tokens, `None` when nobody counted: then the worst case is booked.
        usd: Its price, `None` when it is unknown.
    """

    tokens: int | None
    usd: Decimal | None


NO_BILL = Bill(0, _ZERO)


def reservation_id(request: str, attempt: str) -> str:
    """Id of one attempt at a request. Half of a SHA-256 key tells requests apart and keeps the account small."""
    return f"{request[:_KEY_CHARACTERS]}.{attempt}"


def shortage(account: Account, spending: Spending, request: str, held: Held, now: float) -> Shortage | None:
    """What the budget is short of for a request, `None` when there is room."""
    if request in account.held:
        account = booked(account, request, NO_BILL)
    checks: tuple[tuple[Literal["USD", "tokens"], Any, Any, Any, Any], ...] = (
        ("USD", spending.usd, held.usd, account.usd, account.held_usd),
        ("tokens", spending.tokens, held.tokens, account.tokens, account.held_tokens),
    )
    for unit, limit, worst, spent, reserved in checks:
        if limit is not None and worst is not None and spent + reserved + worst > limit:
            lost = [one for one in map(Held.from_json, account.held.values()) if one.until <= now]
            gone = sum(one.tokens if unit == "tokens" else one.usd or _ZERO for one in lost)
            return Shortage(spending.scope, unit, limit, spent, reserved, worst, spent + gone + worst <= limit)
    return None


def hold(account: Account, request: str, held: Held) -> Account:
    """The account with the worst case of a request held back."""
    if request in account.held:
        account = booked(account, request, NO_BILL)
    return replace(
        account,
        held_tokens=account.held_tokens + held.tokens,
        held_usd=account.held_usd + (held.usd or _ZERO),
        held={**account.held, request: held.to_json()},
    )


def booked(account: Account, request: str, bill: Bill) -> Account:
    """The account after a request ended; unchanged when nothing is held for it any more."""
    if request not in account.held:
        return account
    held = Held.from_json(account.held[request])
    rest = {name: one for name, one in account.held.items() if name != request}
    free = replace(
        account,
        held_tokens=max(account.held_tokens - held.tokens, 0) if rest else 0,
        held_usd=max(account.held_usd - (held.usd or _ZERO), _ZERO) if rest else _ZERO,
        held=rest,
    )
    if bill == NO_BILL:
        return free
    usd = held.usd if bill.usd is None or bill.tokens is None else bill.usd
    return replace(
        free,
        tokens=account.tokens + (held.tokens if bill.tokens is None else bill.tokens),
        usd=account.usd + (usd or _ZERO),
        calls=account.calls + 1,
    )


def found(account: Account, key: str, bill: Bill) -> Account:
    """The account after an answer of the request key was found in the journal: its oldest reservation is booked."""
    key = key[:_KEY_CHARACTERS]
    waiting = [(until, name) for name, (_, _, until) in account.held.items() if name.rpartition(".")[0] == key]
    return booked(account, min(waiting)[1], bill) if waiting else account


async def spent(store: StateStore, scope: str) -> Account:
    """What a scope has spent and reserved, for reports. A scope without requests is empty.

    Raises:
        StateError: The store cannot be used.
    """
    key = account_key(scope)
    return decoded(Account, key, await store.read(key))


def account_key(scope: str) -> str:
    """Where the account of a scope lies in the store."""
    return f"budget:{scope}"


def keep_for(scope: str) -> timedelta:
    """How long the account of a scope is kept after its last change."""
    return _KEEP_DAY if scope.startswith("day:") else _KEEP_RUN


def _money(value: Any) -> Decimal:
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise ValueError("no amount of money where one was expected")
    return amount
