"""What the demo comes to: the last decision, what happened when, and the account with and without Maestro."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from examples.demo_days import Day, rule_happenings
from examples.demo_tables import comparison_table, figure, month_table, performance_table, strategy_table
from examples.demo_walk import Demo, DemoTenant
from examples.replay import INDEX_SYMBOL, Prices
from functions.domain.kernel.agent_mode import AgentMode

_BEST_MODE = str(AgentMode.ACTIVE)


def report(console: Console, demo: Demo, *, shows_months: bool) -> None:
    """Print it, tenant by tenant."""
    for tenant in demo.tenants:
        first, last = tenant.days[0].date, tenant.days[-1].date
        console.print(f"\n{tenant.tenant_id}: strategies on {last}")
        console.print(strategy_table(tenant.days))
        console.print("Days: active ones of the last 30. Proposed, allowed: the last BUY, as a share of buying power;")
        console.print("0.0% allowed means that it was traded on paper, or stopped.\n")
        console.print("What happened")
        for line in what_happened(tenant.days):
            console.print(f"  {line}", soft_wrap=True)
        console.print(f"\nWith and without Maestro, {first} to {last}")
        console.print(comparison_table(equities_of(demo, tenant)))
        console.print("Without Maestro: the same strategies and cash, every proposal traded. Both pay trading costs.")
        console.print(f"{len(tenant.days)} trading days prove nothing, whichever account is ahead.")
        months = demo.months(tenant)
        console.print("\nPerformance by strategy, from the ledger")
        console.print(performance_table(months))
        if shows_months:
            console.print("Performance by month")
            console.print(month_table(months))


def what_happened(days: Sequence[Day]) -> list[str]:
    """Return what the rules across strategies did, day by day, and how modes went up and down."""
    befores = [None, *days[:-1]]
    told = [
        f"{day.date}  {line}"
        for day, before in zip(days, befores, strict=True)
        for line in rule_happenings(day, before)
    ]
    moves = [move for day in days for move in day.moves]
    ladder = [str(mode) for mode in AgentMode]
    down = sum(ladder.index(move["mode"]) > ladder.index(move["previous_mode"]) for move in moves)
    told.append(f"modes       {down} down, {len(moves) - down} up{way_back(days)}")
    return told


def way_back(days: Sequence[Day]) -> str:
    """Return the longest way from ACTIVE down and all the way back up; empty if no strategy came back."""
    ways = []
    for start, first in enumerate(days):
        for fall in first.moves:
            back = next((end for end in range(start, len(days)) if _rises(days[end], fall["strategy_name"])), None)
            if fall["previous_mode"] == _BEST_MODE and back is not None:
                ways.append((back - start, first.date, days[back].date, fall))
    if not ways:
        return ""
    _, fell, back_on, fall = max(ways, key=lambda way: way[0])
    sharpe = figure(fall["sharpe_ratio"], "{:.2f}")
    return f"; {fall['strategy_name']} was demoted on {fell} (Sharpe {sharpe}) and ACTIVE again on {back_on}"


def _rises(day: Day, name: str) -> bool:
    return any((move["strategy_name"], move["mode"]) == (name, _BEST_MODE) for move in day.moves)


def equities_of(demo: Demo, tenant: DemoTenant) -> dict[str, Sequence[float]]:
    """Return equity at the start and after every day, USD, by what was done with the same cash."""
    without = demo.without_maestro.equities
    found: dict[str, Sequence[float]] = {
        "with Maestro": [without[0], *(day.equity for day in tenant.days)],
        "without Maestro": without,
    }
    if INDEX_SYMBOL in demo.prices.symbols:
        found["S&P 500, bought and held"] = held_index(demo.prices, demo.day_indexes, without[0])
    return found


def held_index(prices: Prices, day_indexes: Sequence[int], cash: float) -> list[float]:
    """Return what the cash is worth that is in the index from the first close on, without costs or dividends; USD."""
    closes = [prices.close(day_index, INDEX_SYMBOL) for day_index in day_indexes]
    return [cash * close / closes[0] for close in closes]
