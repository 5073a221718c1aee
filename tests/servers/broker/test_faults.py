"""Each fault of a broker, with what is said of it: nothing is lost, and nothing takes for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from functions.adapters.alpaca.keys import Keys
from functions.adapters.alpaca.trading import TradingAlpaca
from functions.domain.broker.errors import (
    BrokerError,
    BrokerUnavailable,
    Forbidden,
    KeysRefused,
    MalformedAnswer,
    RateLimited,
    RequestRefused,
)
from tests.servers.broker.desks import Desk, connected, running
from tests.servers.trading_client.servers import Asked, Reply
from tests.servers.trading_client.servers import serving as serving_anything
from tools.simulated_broker.faults import Fault, FaultKind
from tools.simulated_broker.server import KEY_ID, SECRET, SimulatedBroker

ASK: dict[str, Callable[[TradingAlpaca], object]] = {
    "account": lambda alpaca: alpaca.account(),
    "positions": lambda alpaca: alpaca.positions(),
    "quotes": lambda alpaca: alpaca.quotes(["SPY"]),
    "activities": lambda alpaca: alpaca.activities(alpaca.first_cursor(datetime(2026, 1, 1, tzinfo=UTC))),
}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running() as one:
        yield one


@pytest.mark.parametrize("asked", list(ASK))
@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        (
            FaultKind.WRONG_KEYS,
            KeysRefused,
            "Alpaca answers 401: request is not authorized. The keys are wrong, revoked",
        ),
        (FaultKind.FORBIDDEN, Forbidden, "Alpaca answers 403: forbidden.. The account may not do that"),
        (FaultKind.ERROR, BrokerUnavailable, "Alpaca answers 500: internal server error occurred"),
        (FaultKind.BAD_GATEWAY, BrokerUnavailable, "Alpaca answers 502"),
        (FaultKind.HTML, MalformedAnswer, "with a web page that is not JSON"),
        (FaultKind.CUT, MalformedAnswer, "with something that is not JSON"),
        (FaultKind.HALF, MalformedAnswer, "broke off half-way"),
        (FaultKind.REDIRECT, MalformedAnswer, "Alpaca answers 302, a redirect, which is not followed"),
        (FaultKind.DROP, BrokerUnavailable, "Alpaca could not be reached"),
        (FaultKind.HANG, BrokerUnavailable, "Alpaca did not answer"),
        (FaultKind.DRIP, BrokerUnavailable, "Alpaca did not answer"),
    ],
)
def test_a_fault_is_told_in_bounded_time(
    desk: Desk, asked: str, kind: FaultKind, error: type[BrokerError], said: str
) -> None:
    desk.buy("10")
    desk.broker.faults.add(Fault(kind))
    start = time.monotonic()
    with pytest.raises(error) as told:
        ASK[asked](desk.alpaca)
    assert said in str(told.value)
    assert type(told.value) is error
    assert time.monotonic() - start < 5
    assert told.value.__suppress_context__ or told.value.__cause__ is None
    desk.broker.faults.clear()
    ASK[asked](desk.alpaca)


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.BAD_GATEWAY, FaultKind.HALF, FaultKind.DROP])
def test_what_passes_within_the_time_is_not_noticed(desk: Desk, kind: FaultKind) -> None:
    desk.broker.faults.add(Fault(kind, times=2))
    assert desk.alpaca.account().equity == 100_000.0
    assert len(desk.broker.asked("/v2/account")) == 3
    assert len(desk.pauses) == 2


@pytest.mark.parametrize("kind", [FaultKind.WRONG_KEYS, FaultKind.FORBIDDEN, FaultKind.HTML, FaultKind.REDIRECT])
def test_what_does_not_pass_is_asked_once(desk: Desk, kind: FaultKind) -> None:
    desk.broker.faults.add(Fault(kind))
    with pytest.raises(BrokerError):
        desk.alpaca.account()
    assert len(desk.broker.asked("/v2/account")) == 1


def test_a_server_that_is_down_is_not_hammered(desk: Desk) -> None:
    desk.broker.faults.add(Fault(FaultKind.ERROR))
    with pytest.raises(BrokerUnavailable):
        desk.alpaca.account()
    assert len(desk.broker.asked("/v2/account")) == 4
    assert desk.pauses == sorted(desk.pauses)
    assert desk.pauses[0] > 0


def test_keys_that_were_revoked_end_it(desk: Desk) -> None:
    desk.alpaca.account()
    desk.broker.keys.clear()
    with pytest.raises(KeysRefused, match="revoked"):
        desk.alpaca.positions()


def test_nothing_listens_there(desk: Desk) -> None:
    nobody = SimulatedBroker(desk.exchange, desk.broker.faults, url="http://127.0.0.1:9")
    with pytest.raises(BrokerUnavailable, match="could not be reached"):
        connected(nobody).account()


# Rate limits


def test_429_for_ten_minutes_is_told_at_once_with_the_time_to_come_back(desk: Desk) -> None:
    desk.broker.faults.add(Fault(FaultKind.TOO_MANY, until=desk.clock() + timedelta(minutes=10)))
    for _ in range(3):
        with pytest.raises(RateLimited, match="ask again at") as told:
            desk.alpaca.account()
        assert told.value.retry_at is not None
        left = told.value.retry_at - datetime.now(UTC)
        assert timedelta(minutes=9, seconds=50) < left <= timedelta(minutes=10), (
            "by our own clock, whatever theirs says"
        )
    assert len(desk.broker.asked("/v2/account")) == 1, "it does not ask while it was told not to"
    assert desk.pauses == []


def test_the_last_request_of_a_minute_is_followed_by_none(desk: Desk) -> None:
    desk.broker.requests_left = 1
    desk.alpaca.account()
    with pytest.raises(RateLimited) as told:
        desk.alpaca.positions()
    assert told.value.retry_at is not None
    assert len(desk.broker.requests) == 1


def test_a_wait_that_fits_into_the_time_is_waited(desk: Desk) -> None:
    desk.broker.requests_left = 0
    desk.clock.advance(seconds=59.5)

    def minute_passes(seconds: float) -> None:
        desk.pauses.append(seconds)
        time.sleep(seconds)
        desk.broker.requests_left = 200

    alpaca = connected(desk.broker)
    alpaca._trading._pause = minute_passes
    assert alpaca.account().cash == 100_000.0
    assert len(desk.pauses) == 1
    assert 0 < desk.pauses[0] <= 1


def test_the_data_host_has_a_limit_of_its_own(desk: Desk) -> None:
    desk.broker.faults.add(Fault(FaultKind.TOO_MANY, "/v2/stocks", until=desk.clock() + timedelta(minutes=10)))
    with pytest.raises(RateLimited):
        desk.alpaca.quotes(["SPY"])
    assert desk.alpaca.account().cash == 100_000.0


@pytest.mark.parametrize("reset", ["soon", "", "-5", "99999999999", "9" * 40, "1e9"])
def test_a_limit_that_does_not_say_when_is_believed_but_not_its_time(reset: str) -> None:
    limited = Reply(429, {"message": "slow down"}, {"X-RateLimit-Reset": reset})
    with serving_anything(lambda _: limited) as server, pytest.raises(RateLimited, match="slow down") as told:
        at(server.url).account()
    assert told.value.retry_at is None


def test_retry_after_will_do_where_there_is_no_reset() -> None:
    limited = Reply(429, {}, {"Retry-After": "600"})
    with serving_anything(lambda _: limited) as server, pytest.raises(RateLimited) as told:
        at(server.url).account()
    assert told.value.retry_at is not None


# Answers that are none


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(200, b"null"),
        Reply(200, b"[]"),
        Reply(200, b'"text"'),
        Reply(200, b"\xff\xfe"),
        Reply(200, b"[" * 100_000),
        Reply(200, b"{}"),
        Reply(204, b""),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
        Reply(200, {"id": "1", "equity": "a lot"}),
    ],
)
def test_an_answer_that_is_no_account_is_malformed(reply: Reply) -> None:
    with serving_anything(lambda _: reply) as server, pytest.raises(MalformedAnswer, match="Alpaca"):
        at(server.url).account()


def test_a_refusal_is_told_in_one_short_line_without_the_keys() -> None:
    message = f"no\n{KEY_ID}   {SECRET} {'x' * 1000}"
    with (
        serving_anything(lambda _: Reply(422, {"message": message})) as server,
        pytest.raises(RequestRefused) as told,
    ):
        at(server.url).account()
    text = str(told.value)
    assert text.startswith("Alpaca answers 422: no … … xxx")
    assert len(text) < 300
    assert "\n" not in text


def test_a_redirect_takes_the_keys_nowhere() -> None:
    elsewhere: list[Asked] = []

    def note(asked: Asked) -> Reply:
        elsewhere.append(asked)
        return Reply(200, {})

    with serving_anything(note) as other:
        redirect = Reply(307, b"", {"Location": f"{other.url}/v2/account"})
        with serving_anything(lambda _: redirect) as server, pytest.raises(MalformedAnswer, match="307"):
            at(server.url).account()
    assert elsewhere == []


def at(url: str) -> TradingAlpaca:
    from functions.adapters.alpaca.broker import Hosts  # noqa: PLC0415
    from tests.servers.broker.desks import QUICK  # noqa: PLC0415

    return TradingAlpaca(Keys(KEY_ID, SECRET), hosts=Hosts(url, url), limits=QUICK, pause=lambda _: None)
