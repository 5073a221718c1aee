"""The client's command line: ``python -m examples.trading_client run --help``."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .brokers import Broker, PaperBroker
from .client import MaestroClient
from .errors import MaestroApiError, Unauthorized
from .journal import Journal
from .leave import leave_known
from .loop import TradingLoop
from .market_data import QuotesFile
from .orders import BrokerError
from .settlement import isolated
from .sign_in import SignIn
from .store import Store, StoreInUseError

logger = logging.getLogger("trading_client")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False)


class BrokerName(StrEnum):
    """Which broker fills the orders."""

    PAPER = "paper"
    ALPACA = "alpaca"


ApiUrl = Annotated[str, typer.Option(envvar="MAESTRO_API_URL", help="The address of Maestro's API, without /v1.")]
Email = Annotated[str, typer.Option(envvar="MAESTRO_EMAIL", help="E-mail address of a member with the role trader.")]
BrokerOption = Annotated[
    BrokerName, typer.Option(help="alpaca takes its keys from APCA_API_KEY_ID and APCA_API_SECRET_KEY.")
]
BrokerUrl = Annotated[
    str | None, typer.Option(help="Another server that speaks Alpaca's APIs, such as a simulated broker.")
]
IsLive = Annotated[bool, typer.Option("--live", help="Trade real money at Alpaca, not its paper account.")]
MarketData = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="JSON file of quotes: sent to Maestro every round; the paper broker fills at its prices.",
    ),
]
State = Annotated[
    Path | None, typer.Option(help="File that remembers trades; by default one for each API, e-mail and broker.")
]


@app.callback()
def main() -> None:
    """Trade what Maestro lets through."""


@app.command()
def run(
    api_url: ApiUrl,
    email: Email,
    api_key: Annotated[
        str, typer.Option(envvar="FIREBASE_API_KEY", help="The Firebase project's web API key; any for the emulator.")
    ] = "emulator",
    auth_emulator: Annotated[
        str | None, typer.Option(envvar="FIREBASE_AUTH_EMULATOR_HOST", help="host:port of the Auth emulator.")
    ] = None,
    broker: BrokerOption = BrokerName.PAPER,
    broker_url: BrokerUrl = None,
    is_live: IsLive = False,
    market_data: MarketData = None,
    is_orchestrating: Annotated[
        bool, typer.Option("--orchestrate", help="Ask for a cycle every round, rather than wait for the schedule.")
    ] = False,
    is_once: Annotated[bool, typer.Option("--once", help="Do one round.")] = False,
    interval: Annotated[float, typer.Option(min=1.0, help="Seconds between rounds.")] = 30.0,
    exits_without_maestro: Annotated[
        bool,
        typer.Option(
            envvar="MAESTRO_EXITS_WITHOUT_MAESTRO",
            help="While Maestro is out of reach, send exits that it issued before, of positions on record here.",
        ),
    ] = True,
    state: State = None,
) -> None:
    """
    Take the latest signals, trade them, report the fills; again every interval.

    The password comes from the environment variable MAESTRO_PASSWORD, or is asked for.

    Ctrl-C ends after the current round; a second one ends at once, and the next start continues from there.
    """
    _log_to_stderr()
    password = os.environ.get("MAESTRO_PASSWORD") or typer.prompt("Password", hide_input=True)
    quotes = QuotesFile(market_data) if market_data else None
    try:
        store = Store(state or _state_path(api_url, email, broker, broker_url, is_live=is_live))
        traded_at = _broker(broker, broker_url, quotes, store, is_live=is_live)
        with MaestroClient(api_url, SignIn(email, password, api_key, auth_emulator)) as client:
            loop = TradingLoop(client, traded_at, Journal(store), exits_without_maestro=exits_without_maestro)
            _rounds(client, loop, quotes, interval, is_orchestrating=is_orchestrating, is_once=is_once)
    except (MaestroApiError, BrokerError, StoreInUseError, ValueError) as error:
        _fail(str(error))


@app.command()
def leave(
    api_url: ApiUrl,
    email: Email,
    broker: BrokerOption = BrokerName.PAPER,
    broker_url: BrokerUrl = None,
    is_live: IsLive = False,
    market_data: MarketData = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="Only this strategy's positions; may be given more than once.")
    ] = None,
    is_sent: Annotated[bool, typer.Option("--send", help="Send the orders; without it they are only shown.")] = False,
    state: State = None,
) -> None:
    """
    Leave the positions on this client's record, without Maestro: for an operator, while it is out of reach.

    End the client that holds the same file first. The next one to run reports the fills.
    """
    _log_to_stderr()
    quotes = QuotesFile(market_data) if market_data else None
    try:
        store = Store(state or _state_path(api_url, email, broker, broker_url, is_live=is_live))
        traded_at = _broker(broker, broker_url, quotes, store, is_live=is_live)
        leave_known(traded_at, Journal(store), strategy or (), is_sent=is_sent)
    except (BrokerError, StoreInUseError, ValueError) as error:
        _fail(str(error))


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they log whole addresses, and those hold nonces


def _rounds(
    client: MaestroClient,
    loop: TradingLoop,
    quotes: QuotesFile | None,
    interval: float,
    *,
    is_orchestrating: bool,
    is_once: bool,
) -> None:
    stop = _stop_on_signals()
    while not stop.is_set():
        try:
            with loop.exits_if_out_of_reach():
                with isolated("market data"):
                    if quotes:
                        quotes.publish(client)
                loop.run_once((lambda: _cycle(client)) if is_orchestrating else None)
        except Unauthorized:
            raise
        except (MaestroApiError, BrokerError) as error:
            if is_once:
                raise
            logger.error("This round ended early: %s", error)
        if is_once:
            return
        stop.wait(interval)
    logger.info("Stopped after a whole round")


def _cycle(client: MaestroClient) -> None:
    decision, _ = client.run_orchestration()
    logger.info("🎭 Maestro: %s", decision.ai_summary)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask_to_stop(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    return stop


def _broker(name: BrokerName, url: str | None, quotes: QuotesFile | None, store: Store, *, is_live: bool) -> Broker:
    if name is BrokerName.PAPER:
        if quotes is None:
            raise ValueError("the paper broker takes its prices from --market-data FILE")
        return PaperBroker(quotes.price, store)
    try:
        keys = os.environ["APCA_API_KEY_ID"], os.environ["APCA_API_SECRET_KEY"]
    except KeyError as error:
        raise ValueError(f"--broker alpaca needs the environment variable {error.args[0]}") from error
    from .alpaca import AlpacaBroker  # noqa: PLC0415 (a second to import, and only this broker needs it)

    if url is not None and is_live:
        raise ValueError("--broker-url takes no --live: real money is traded at Alpaca alone")
    return AlpacaBroker(*keys, paper=not is_live, url_override=url, data_url_override=url)


def _state_path(api_url: str, email: str, broker: BrokerName, broker_url: str | None, *, is_live: bool) -> Path:
    account = f"{broker}-live" if is_live else str(broker)
    account += "" if broker_url is None else f"-{broker_url}"
    name = re.sub(r"[^A-Za-z0-9.@]+", "-", f"{api_url.removeprefix('https://')}-{email}-{account}")
    return Path(typer.get_app_dir("maestro-trading-client")) / f"{name}.sqlite"


def _fail(message: str) -> None:
    typer.secho(f"trading_client: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m examples.trading_client"))
