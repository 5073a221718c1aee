"""The client against a real HTTP server that fails in every way a network can."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from examples.trading_client.client import MaestroClient
from examples.trading_client.errors import (
    Invalid,
    MaestroApiError,
    MalformedFills,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
)
from examples.trading_client.models import Fill
from examples.trading_client.sign_in import SignIn
from tests.servers.trading_client.servers import Answers, Asked, Reply, Server, problem, serving

NONCE = "0f" * 16
AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
REDEMPTION = {
    "nonce": NONCE,
    "status": "RESERVED",
    "strategy_id": "Trend",
    "action": "BUY",
    "symbol": "SPY",
    "allocation": 0.4,
    "notional": 1000.0,
    "lapses_at": "2026-01-05T15:15:00Z",
    "a_field_of_tomorrow": {"x": 1},
}
SIGN_IN = "/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword"
REFRESH = "/securetoken.googleapis.com/v1/token"


class Token(httpx.Auth):
    """Somebody signed in."""

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = "Bearer token"
        yield request


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], Server]]:
    with ExitStack() as stack:
        yield lambda answers: stack.enter_context(serving(answers))


def client_of(server: Server, **options: Any) -> MaestroClient:
    return MaestroClient(server.url, Token(), **({"timeout_seconds": 10.0, "retry_seconds": 10.0} | options))


def in_turn(*replies: Reply) -> Answers:
    """Answer with one after the other, and with the last one for ever."""
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def fill(number: int, **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "strategy_id": "Trend",
        "symbol": "SPY",
        "side": "buy",
        "qty": 1.0,
        "price": 450.0,
        "ts": AT,
    }
    return Fill(**(values | {"broker_fill_id": f"f{number}"} | changes))


def ledger(asked: Asked) -> Reply:
    """Answer fills as the API does: 422 names the malformed ones, and takes none."""
    fills = asked.json["fills"]
    if len(fills) > 100:
        return problem(422, "MALFORMED_REQUEST", errors=[{"field": "fills", "detail": "at most 100"}])
    bad = [{"field": f"fills.{at}.qty", "detail": "must be > 0"} for at, one in enumerate(fills) if one["qty"] <= 0]
    if bad:
        return problem(422, "MALFORMED_REQUEST", errors=bad)
    if any(one["symbol"] == "??" for one in fills):
        return problem(400, "MALFORMED_REQUEST", "something is wrong somewhere")
    results = [{"fill_id": one["broker_fill_id"], "status": "RECORDED", "reason_code": None} for one in fills]
    return Reply(200, {"results": results})


# Errors


@pytest.mark.parametrize(
    ("status", "reason_code", "kind"),
    [
        (409, "ALREADY_REDEEMED", Refused),
        (410, "SIGNAL_EXPIRED", Refused),
        (412, "VERSION_CONFLICT", Refused),
        (423, "TRADING_HALTED", Refused),
        (401, "UNAUTHENTICATED", Unauthorized),
        (403, "ROLE_TOO_LOW", Unauthorized),
        (404, "SIGNAL_UNKNOWN", NotFound),
        (400, "MALFORMED_JSON", Invalid),
        (422, "MALFORMED_REQUEST", Invalid),
        (500, "STORE_UNAVAILABLE", Unavailable),
    ],
)
def test_every_refusal_is_its_leaf_and_is_not_asked_again(
    serve: Callable[[Answers], Server], status: int, reason_code: str, kind: type[MaestroApiError]
) -> None:
    server = serve(lambda asked: problem(status, reason_code, errors=[{"field": "a.b", "detail": "no"}]))
    with client_of(server) as client, pytest.raises(MaestroApiError) as caught:
        client.redeem(NONCE)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason_code, caught.value.detail) == (status, reason_code, "told why")
    if kind is Invalid:
        assert [(one.field, one.detail) for one in caught.value.errors] == [("a.b", "no")]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>sign in to the hotel's network</html>"),
        Reply(200, b"[1, 2]"),
        Reply(200, {"nonce": NONCE}),
        Reply(200, REDEMPTION | {"lapses_at": "soon"}),
        Reply(500, b"<html>"),
        Reply(302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
    ids=["html", "list", "fields-missing", "no-time", "html-error", "redirect"],
)
def test_what_is_not_the_apis_answer_is_no_redemption(serve: Callable[[Answers], Server], reply: Reply) -> None:
    with client_of(serve(lambda asked: reply)) as client, pytest.raises(Unavailable):
        client.redeem(NONCE)


def test_an_address_without_a_scheme_is_told_at_once() -> None:
    with MaestroClient("example.com", Token()) as client, pytest.raises(Unavailable, match="not an address of an API"):
        client.latest_signals()


# Trying again


@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_long_as_the_server_asks_and_sends_the_same_key_again(
    serve: Callable[[Answers], Server], status: int
) -> None:
    busy = problem(status, "CONTENTION", headers={"Retry-After": "1"})
    server = serve(in_turn(busy, Reply(200, REDEMPTION)))
    with client_of(server) as client:
        start = time.monotonic()
        redemption = client.redeem(NONCE)
    assert time.monotonic() - start >= 1.0
    assert redemption.notional == 1000.0
    assert redemption.lapses_at == datetime(2026, 1, 5, 15, 15, tzinfo=UTC)
    keys = [asked.headers["idempotency-key"] for asked in server.requests]
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert len(keys[0]) >= 32


def test_a_date_to_retry_after_is_kept(serve: Callable[[Answers], Server]) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    busy = problem(503, "STORE_UNAVAILABLE", headers={"Retry-After": format_datetime(until, usegmt=True)})
    with client_of(serve(in_turn(busy, Reply(200, REDEMPTION)))) as client:
        client.redeem(NONCE)
    assert datetime.now(UTC) >= until.replace(microsecond=0)


@pytest.mark.parametrize("retry_after", ["1", "3600", None])
def test_is_bounded_in_time(serve: Callable[[Answers], Server], retry_after: str | None) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    server = serve(lambda asked: problem(503, "STORE_UNAVAILABLE", headers=headers))
    start = time.monotonic()
    with client_of(server, retry_seconds=2.5) as client, pytest.raises(Unavailable) as caught:
        client.latest_signals()
    assert time.monotonic() - start < 10
    assert caught.value.reason_code == "STORE_UNAVAILABLE"
    expected = {"1": 2, "3600": 1, None: len(server.requests)}[retry_after]
    assert len(server.requests) == pytest.approx(expected, abs=1 if retry_after == "1" else 0)


def test_a_server_that_hangs_is_left_in_time(serve: Callable[[Answers], Server]) -> None:
    closing = threading.Event()

    def hang(asked: Asked) -> Reply:
        closing.wait(20)
        return Reply()

    server = serve(hang)
    start = time.monotonic()
    with client_of(server, timeout_seconds=0.5, retry_seconds=3.0) as client, pytest.raises(Unavailable) as caught:
        client.redeem(NONCE)
    closing.set()
    assert time.monotonic() - start < 10
    assert len(server.requests) >= 2
    assert len({asked.headers["idempotency-key"] for asked in server.requests}) == 1
    assert caught.value.reason_code == "NO_ANSWER"


def test_nobody_listening_is_unavailable() -> None:
    with serving(lambda asked: Reply()) as server:
        url = server.url
    with MaestroClient(url, Token(), retry_seconds=1.0) as client, pytest.raises(Unavailable, match="no answer from"):
        client.latest_signals()


ONCE: dict[str, Callable[[MaestroClient], object]] = {
    "redeem": lambda client: client.redeem(NONCE),
    "orchestrate": lambda client: client.run_orchestration(),
    "policy": lambda client: client.put_policy({"max_gross_allocation": 0.5}, 3),
    "trading-state": lambda client: client.set_trading_state("HALT", "the feed is wrong"),
}


@pytest.mark.parametrize("name", ONCE)
def test_a_lost_answer_is_asked_for_again_and_not_done_twice(serve: Callable[[Answers], Server], name: str) -> None:
    """The server does it and drops the connection; a second request without the first one's key would do it again."""
    done: dict[str, dict[str, Any]] = {}
    decision: dict[str, Any] = {"session_id": "s", "timestamp": AT.isoformat(), "slot": None, "ai_summary": ""}
    decision |= {"systemic_risk_detected": False, "systemic_risk_details": None, "signals_modified": {}}
    policy: dict[str, Any] = {"version": 4, "overrides": {}, "effective": {}}
    answers: dict[str, dict[str, Any]] = {"redeem": REDEMPTION, "orchestrate": {"decision": decision, "signals": {}}}
    answer = answers.get(name, policy)

    def once(asked: Asked) -> Reply:
        key = asked.headers["idempotency-key"]
        if key in done:
            return Reply(200, done[key])
        if done:
            return problem(409, "ALREADY_REDEEMED")
        done[key] = answer
        return Reply(is_dropped=True)

    server = serve(once)
    with client_of(server) as client:
        assert ONCE[name](client) is not None
    assert len(server.requests) == 2
    assert len(done) == 1


def test_two_calls_are_two_requests(serve: Callable[[Answers], Server]) -> None:
    server = serve(lambda asked: Reply(200, REDEMPTION))
    with client_of(server) as client:
        client.redeem(NONCE)
        client.redeem(NONCE)
        client.redeem(NONCE, "my-own-key")
    keys = [asked.headers["idempotency-key"] for asked in server.requests]
    assert len(set(keys)) == 3
    assert keys[2] == "my-own-key"


def test_a_policy_names_the_version_it_changes(serve: Callable[[Answers], Server]) -> None:
    server = serve(lambda asked: Reply(200, {"version": 4, "overrides": {}, "effective": {}}))
    with client_of(server) as client:
        assert client.put_policy({}, 3).version == 4
        assert client.policy().version == 4
    assert server.requests[0].headers["if-match"] == '"3"'
    assert server.requests[0].json == {}


# Answers


def test_signals_are_read_and_what_is_unknown_is_left_alone(serve: Callable[[Answers], Server]) -> None:
    signal = {"strategy_name": "Trend", "action": "HOLD", "ticker": "SPY", "mode": "ACTIVE", "allocation": 0.0}
    signal |= {"original_allocation": 0.4, "session_id": "s", "expires_at": "2026-01-05T15:05:00Z", "nonce": NONCE}
    signal |= {"override_reason": "risk", "original_action": "BUY", "weight_multiplier": 1.0, "new": [1]}
    answer = {"session_id": "s", "expires_at": "2026-01-05T15:05:00+00:00", "buying_power": None, "reserved": 0.0}
    server = serve(lambda asked: Reply(200, answer | {"signals": {"Trend": signal}, "tomorrow": 1}))
    with client_of(server) as client:
        latest = client.latest_signals()
    assert latest.buying_power is None
    assert latest.signals["Trend"].override_reason == "risk"
    assert latest.signals["Trend"].expires_at == datetime(2026, 1, 5, 15, 5, tzinfo=UTC)


def test_snapshots_go_as_the_api_takes_them(serve: Callable[[Answers], Server]) -> None:
    server = serve(lambda asked: Reply(200, {"as_of": AT.isoformat()}))
    with client_of(server) as client:
        client.put_account(AT, equity=None, buying_power=-2.0, positions=[{"symbol": "SPY", "qty": 1.0}])
        client.put_market_data(AT, {"SPY": {"price": 450.0}})
        with pytest.raises(Invalid):
            client.put_account(AT, equity=float("nan"), buying_power=2.0)
    account, market = server.requests
    assert (account.method, account.path, account.headers["content-type"]) == (
        "PUT",
        "/v1/account",
        "application/json",
    )
    assert account.json["positions"] == [{"symbol": "SPY", "qty": 1.0}]
    assert [account.json[name] for name in ("equity", "buying_power", "cash")] == [None, -2.0, None]
    assert market.json == {"as_of": "2026-01-05T15:00:00+00:00", "symbols": {"SPY": {"price": 450.0}}}


# Fills


def test_fills_go_in_batches_and_their_results_come_in_order(serve: Callable[[Answers], Server]) -> None:
    server = serve(ledger)
    with client_of(server) as client:
        results = client.record_fills([fill(number) for number in range(250)])
        assert client.record_fills([]) == []
    assert [len(asked.json["fills"]) for asked in server.requests] == [100, 100, 50]
    assert [result.fill_id for result in results] == [f"f{number}" for number in range(250)]


def test_a_bad_fill_keeps_no_other_out_of_the_ledger(serve: Callable[[Answers], Server]) -> None:
    server = serve(ledger)
    bad: dict[int, dict[str, Any]] = {
        5: {"qty": 0.0},
        130: {"qty": -1.0},
        131: {"price": float("nan")},
        140: {"symbol": "??"},
    }
    bad[7] = {"strategy_id": "\ud800"}  # half a surrogate pair: JSON, but no text
    fills = [fill(number, **bad.get(number, {})) for number in range(160)]
    with client_of(server) as client, pytest.raises(MalformedFills) as caught:
        client.record_fills(fills)
    assert [fills.index(one.fill) for one in caught.value.malformed] == sorted(bad)
    assert "must be > 0" in caught.value.malformed[0].detail
    assert "something is wrong" in caught.value.malformed[-1].detail
    recorded = [result.fill_id for result in caught.value.results]
    assert recorded == [f"f{number}" for number in range(160) if number not in bad]


def test_fills_that_are_not_known_to_be_recorded_are_not_lost(serve: Callable[[Answers], Server]) -> None:
    server = serve(in_turn(Reply(is_dropped=True), Reply(is_dropped=True), Reply(200, {"results": []})))
    with client_of(server) as client, pytest.raises(Unavailable):
        client.record_fills([fill(1)])
    assert len(server.requests) == 3


# Signing in


class Firebase:
    """Sign-in, refresh and an API that takes one token at a time."""

    def __init__(self) -> None:
        self.issued = 0
        self.valid = ""
        self.is_refresh_refused = False

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == SIGN_IN:
            if asked.json["password"] != "right-secret":
                return Reply(400, {"error": {"code": 400, "message": "INVALID_LOGIN_CREDENTIALS"}})
            return Reply(200, {"idToken": self._new(), "refreshToken": "refresh-secret", "expiresIn": "3600"})
        if asked.path == REFRESH:
            if self.is_refresh_refused:
                return Reply(400, {"error": {"code": 400, "message": "TOKEN_EXPIRED"}})
            assert asked.body == b"grant_type=refresh_token&refresh_token=refresh-secret"
            return Reply(200, {"id_token": self._new(), "refresh_token": "refresh-secret", "expires_in": "3600"})
        if asked.headers["authorization"] != f"Bearer {self.valid}":
            return problem(401, "UNAUTHENTICATED")
        return Reply(200, REDEMPTION)

    def _new(self) -> str:
        self.issued += 1
        self.valid = f"token-secret-{self.issued}"
        return self.valid


@pytest.fixture
def firebase() -> Firebase:
    return Firebase()


def sign_in_at(server: Server, **options: Any) -> SignIn:
    return SignIn("ann@example.com", options.pop("password", "right-secret"), "web-key", server.host, **options)


def test_a_refused_token_is_refreshed_once(serve: Callable[[Answers], Server], firebase: Firebase) -> None:
    server = serve(firebase)
    with MaestroClient(server.url, sign_in_at(server)) as client:
        client.redeem(NONCE)
        firebase.valid = "revoked"
        client.redeem(NONCE)
    paths = [asked.path for asked in server.requests]
    redeem = f"/v1/signals/{NONCE}/redeem"
    assert paths == [SIGN_IN, redeem, redeem, REFRESH, redeem]
    assert server.requests[2].headers["idempotency-key"] == server.requests[4].headers["idempotency-key"]
    assert {asked.headers["x-goog-api-key"] for asked in server.asked(SIGN_IN)} == {"web-key"}


def test_a_token_that_is_refused_again_is_not_refreshed_for_ever(serve: Callable[[Answers], Server]) -> None:
    tokens = Firebase()
    server = serve(lambda asked: problem(401, "UNAUTHENTICATED") if "/v1/signals" in asked.path else tokens(asked))
    with MaestroClient(server.url, sign_in_at(server)) as client, pytest.raises(Unauthorized):
        client.latest_signals()
    assert len(server.asked("/v1/signals/latest")) == 2


def test_a_token_is_refreshed_before_it_expires(serve: Callable[[Answers], Server], firebase: Firebase) -> None:
    server, clock = serve(firebase), [1000.0]
    auth = sign_in_at(server, clock=lambda: clock[0])
    first = auth.token()
    clock[0] += 3600 - 301
    assert auth.token() == first
    clock[0] += 2
    assert auth.token() != first
    assert [asked.path for asked in server.requests] == [SIGN_IN, REFRESH]


def test_signs_in_anew_when_the_refresh_token_is_over(serve: Callable[[Answers], Server], firebase: Firebase) -> None:
    server = serve(firebase)
    auth = sign_in_at(server)
    first, firebase.is_refresh_refused = auth.token(), True
    assert auth.token(refused=first) == "token-secret-2"
    assert [asked.path for asked in server.requests] == [SIGN_IN, REFRESH, SIGN_IN]


def test_threads_sign_in_once_and_refresh_once(serve: Callable[[Answers], Server], firebase: Firebase) -> None:
    server = serve(firebase)
    with MaestroClient(server.url, sign_in_at(server)) as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.redeem(NONCE), range(16)))
        firebase.valid = "revoked"
        list(pool.map(lambda _: client.redeem(NONCE), range(16)))
    assert len(server.asked(SIGN_IN)) == 1
    assert len(server.asked(REFRESH)) == 1


def test_a_wrong_password_is_told_without_it(
    serve: Callable[[Answers], Server], firebase: Firebase, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(firebase)
    wrong = sign_in_at(server, password="wrong-secret")
    with caplog.at_level(logging.DEBUG), MaestroClient(server.url, wrong) as client:
        with pytest.raises(Unauthorized) as caught:
            client.latest_signals()
        with MaestroClient(server.url, right := sign_in_at(server)) as other:
            other.redeem(NONCE)
            shown = f"{caught.value!r} {caught.value} {wrong!r} {right!r} {other!r} {vars(right)['_tokens']!r}"
    assert caught.value.reason_code == "INVALID_LOGIN_CREDENTIALS"
    assert "secret" not in shown + caplog.text
    assert len(server.asked(SIGN_IN)) == 2, "a wrong password is not tried again"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"idToken": 1}),
        Reply(200, b"<html>"),
        Reply(503, {"error": {"message": "UNAVAILABLE"}}),
        Reply(400, {"error": {"code": 400, "message": "TOO_MANY_ATTEMPTS_TRY_LATER : wait"}}),
    ],
    ids=["no-token", "html", "down", "too-many"],
)
def test_a_sign_in_without_an_answer_is_no_wrong_password(serve: Callable[[Answers], Server], reply: Reply) -> None:
    server = serve(lambda asked: reply)
    with MaestroClient(server.url, sign_in_at(server), retry_seconds=0.5) as client, pytest.raises(Unavailable):
        client.latest_signals()
