"""Webhooks and push messages against real servers: what fails how, where nothing may go, and what is kept quiet."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import firebase_admin
import httpcore
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from firebase_admin import messaging

from functions.adapters.firestore.client import EmulatorCredential
from functions.adapters.notifications import guarded_network, push, webhooks
from functions.adapters.notifications.guarded_network import is_public
from functions.adapters.notifications.push import PushSender
from functions.adapters.notifications.signatures import SIGNATURE_HEADER, channel_secret, is_signed, signature
from functions.adapters.notifications.webhooks import Limits, WebhookSender
from functions.domain.monitoring.channels import Channel, ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification, Severity
from functions.services.monitoring.delivery_errors import (
    DeliveryError,
    DeliveryReason,
    PermanentFailure,
    TemporaryFailure,
)
from tests.fakes import MARCH_16, FakeClock

SECRET = "T000B000sEcReT"
KEY = "the deployment's own secret"
ROOMY = Limits(connect=10, read=10, total=20)
"""A busy machine does not fail a test …"""
TIGHT = Limits(connect=1.0, read=0.4, total=1.0)
"""… unless it is about time."""
NAME = "hooks.example.com"
TLS = httpcore.default_ssl_context()  # made once: it takes longer than all else here
TOLD = Notification(
    notification_id="a1",
    tenant_id="acme",
    kind="SYSTEMIC_RISK",
    severity=Severity.CRITICAL,
    title="Systemic risk",
    text="4 strategies sell",
    at=MARCH_16,
)


class Target(ThreadingHTTPServer):
    """A server that behaves as the first part of the path says."""

    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, 0), Handler)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.over = threading.Event()
        self.sent_bytes = 0
        self.answer: Callable[[bytes], tuple[int, Any]] = lambda _: (200, {"name": "projects/p/messages/1"})
        """What messaging's server says."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self.port}/{behaviour}/{SECRET}?key={SECRET}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Target

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, dict(self.headers), body))
        behaviour = self.path.split("/")[1]
        if behaviour == "v1":
            status, answer = self.server.answer(body)
            self.reply(status, json.dumps(answer).encode())
        elif behaviour == "redirect":
            self.reply(307, b"", Location="http://169.254.169.254/latest/meta-data")
        elif behaviour == "inside":
            self.reply(302, b"", Location="/ok/inside")
        elif behaviour == "recover":
            self.reply(503 if len(self.server.requests) < 3 else 204)
        elif behaviour.isdigit():
            self.reply(int(behaviour), b"why")
        else:
            getattr(self, f"do_{behaviour}")()

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_hang(self) -> None:
        self.server.over.wait(20)

    def do_close(self) -> None:
        self.close_connection = True

    def do_garbage(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")

    def do_drip(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000:
            self.wfile.write(bytes([byte]))
            if self.server.over.wait(0.05):
                return

    def do_dripbody(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not self.server.over.wait(0.05):
            self.wfile.write(b"x")

    def do_huge(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with contextlib.suppress(OSError):
            while self.server.sent_bytes < 1_000_000_000:
                self.server.sent_bytes += self.connection.send(b"x" * 65_536)
        self.server.over.set()

    def do_hugeheaders(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):
            while self.server.sent_bytes < 100_000_000:
                self.server.sent_bytes += self.connection.send(b"X-Long: " + b"x" * 1_000 + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextlib.contextmanager
def running(server: Target) -> Iterator[Target]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def target() -> Iterator[Target]:
    with running(Target()) as server:
        yield server


def channel(url: str, channel_type: ChannelType = ChannelType.SLACK) -> Channel:
    return Channel(channel_id="ops", type=channel_type, target_name="url", target=url)


def sender(**options: Any) -> WebhookSender:
    defaults: dict[str, Any] = {"allow_local": True, "limits": ROOMY, "tls": TLS}
    return WebhookSender(KEY, FakeClock(), **defaults | options)


def send(url: str, channel_type: ChannelType = ChannelType.SLACK, **options: Any) -> None:
    sender(**options).send(channel(url, channel_type), TOLD, DeliveryMode.ON)


@pytest.mark.parametrize("behaviour", ["200", "201", "204", "dripbody"])
def test_an_answer_of_success_is_a_delivery(behaviour: str, target: Target) -> None:
    send(target.url(behaviour))  # and the body is not waited for: one of them never ends
    ((path, headers, body),) = target.requests
    assert path == f"/{behaviour}/{SECRET}?key={SECRET}"
    assert json.loads(body) == {"text": "[CRITICAL] acme: Systemic risk\n4 strategies sell"}
    assert headers["Host"] == f"127.0.0.1:{target.port}"
    assert headers["Content-Type"] == "application/json"
    assert SIGNATURE_HEADER not in headers


FAILURES: list[tuple[str, type[DeliveryError], DeliveryReason]] = [
    ("500", TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    ("503", TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    ("429", TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    ("408", TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    ("400", PermanentFailure, DeliveryReason.TARGET_REFUSED),
    ("401", PermanentFailure, DeliveryReason.TARGET_REFUSED),
    ("404", PermanentFailure, DeliveryReason.TARGET_REFUSED),
    ("410", PermanentFailure, DeliveryReason.TARGET_REFUSED),
    ("redirect", PermanentFailure, DeliveryReason.TARGET_REFUSED),
    ("inside", PermanentFailure, DeliveryReason.TARGET_REFUSED),
    ("hang", TemporaryFailure, DeliveryReason.TARGET_TIMEOUT),
    ("drip", TemporaryFailure, DeliveryReason.TARGET_TIMEOUT),
    ("close", TemporaryFailure, DeliveryReason.TARGET_UNREACHABLE),
    ("garbage", TemporaryFailure, DeliveryReason.TARGET_UNREACHABLE),
    ("hugeheaders", TemporaryFailure, DeliveryReason.TARGET_UNREACHABLE),
]


@pytest.mark.parametrize(("behaviour", "kind", "reason"), FAILURES)
def test_what_fails_how_and_says_only_the_host(
    behaviour: str, kind: type[DeliveryError], reason: DeliveryReason, target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()
    with pytest.raises(kind) as failure:
        send(target.url(behaviour), limits=TIGHT if reason is DeliveryReason.TARGET_TIMEOUT else ROOMY)
    assert failure.value.reason_code is reason
    assert time.monotonic() - started < 10
    assert len(target.requests) == 1  # neither followed nor repeated
    assert "127.0.0.1" in failure.value.detail
    told = "".join(traceback.format_exception(failure.value))
    assert SECRET not in caplog.text + told


def test_a_huge_body_is_left_where_it_is(target: Target) -> None:
    send(target.url("huge"))
    assert target.over.wait(60)  # the server noticed that nobody listens
    assert target.sent_bytes < 20_000_000  # what the two kernels took in


def test_a_server_that_recovers_gets_it_in_the_end(target: Target) -> None:
    failures = 0
    for _ in range(3):
        try:
            send(target.url("recover"))
        except TemporaryFailure:
            failures += 1
    assert (failures, len(target.requests)) == (2, 3)


def test_nobody_there_is_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TemporaryFailure, match="TARGET_UNREACHABLE"):
        send(f"http://127.0.0.1:{port}/{SECRET}")


def test_a_handshake_that_never_ends_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TemporaryFailure, match="TARGET_TIMEOUT"):
        send(f"https://127.0.0.1:{silent.getsockname()[1]}/{SECRET}", limits=TIGHT)


def test_the_environments_proxy_is_not_asked(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    send(target.url("200"))


def test_an_address_of_version_6_is_the_host_in_brackets() -> None:
    try:
        server = Target("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with running(server):
        send(f"http://[::1]:{server.port}/200/{SECRET}")
    assert server.requests[0][1]["Host"] == f"[::1]:{server.port}"


# Signatures


def test_a_generic_webhook_is_signed_with_its_channels_secret(target: Target) -> None:
    send(target.url("200"), ChannelType.WEBHOOK)
    ((_, headers, body),) = target.requests
    secret = channel_secret(KEY, "acme", "ops")
    now = MARCH_16.timestamp()
    assert is_signed(secret, headers[SIGNATURE_HEADER], body, now)
    assert json.loads(body) == TOLD.to_payload() | {"silent": False}
    assert secret not in {channel_secret(KEY, "acme", "dev"), channel_secret(KEY, "other", "ops")}
    assert KEY not in str(headers)


def test_without_a_secret_nothing_is_sent_unsigned(target: Target) -> None:
    unsigned = WebhookSender("", FakeClock(), allow_local=True)
    with pytest.raises(PermanentFailure, match="NO_SENDER"):
        unsigned.send(channel(target.url("200"), ChannelType.WEBHOOK), TOLD, DeliveryMode.ON)
    assert target.requests == []


HEADER = signature("secret", b"body", 1_000)
FORGED: list[tuple[str, str, bytes, float]] = [
    ("other", HEADER, b"body", 1_000),
    ("secret", HEADER, b"body ", 1_000),
    ("secret", HEADER.replace("t=1000", "t=1001"), b"body", 1_000),
    ("secret", HEADER, b"body", 1_301),
    ("secret", HEADER, b"body", 699),
    ("secret", HEADER.upper(), b"body", 1_000),
    ("secret", HEADER + " ", b"body", 1_000),
    ("secret", "", b"body", 1_000),
    ("secret", "t=,v1=", b"body", 1_000),
    ("secret", "t=é,v1=é", b"body", 1_000),
    ("secret", "t=" + "9" * 5_000 + ",v1=" + "0" * 64, b"body", 1_000),
]


def test_a_signature_holds_within_the_tolerance() -> None:
    assert all(is_signed("secret", HEADER, b"body", now) for now in (700, 1_000, 1_300))


@pytest.mark.parametrize(("secret", "header", "body", "now"), FORGED)
def test_a_forged_changed_or_old_signature_does_not_hold(secret: str, header: str, body: bytes, now: float) -> None:
    assert not is_signed(secret, header, body, now)


# Where nothing may be sent

PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:800::200e"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a00:1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1"),
    *("fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1", "4000::1"),
]


def test_the_public_internet_is_told_from_the_rest() -> None:
    assert [one for one in PUBLIC if not is_public(one)] == []
    assert [one for one in NOT_PUBLIC if is_public(one)] == []


class Resolver:
    """Stands in for the system's: every name has the addresses of the first answer, then of the next …"""

    def __init__(self, patch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        patch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if webhooks._is_address(host):
            return self._real(host, port, *args, **options)
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        found = [self._real(address, port, type=socket.SOCK_STREAM) for address in addresses]
        return [one for some in found for one in some]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; nobody answers there."""
    addresses: list[str] = []

    def connect_tcp(_: Any, host: str, *args: Any, **options: Any) -> httpcore.NetworkStream:
        addresses.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
    return addresses


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_of_a_private_address_is_not_connected_to(
    address: str, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ([address], ["8.8.8.8", address]):
        Resolver(monkeypatch, answer)
        with pytest.raises(PermanentFailure, match="FORBIDDEN_TARGET"):
            send(f"https://{NAME}/{SECRET}", allow_local=False)
    assert connected == []


HOSTS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "localhost"),
    *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    *("10.0.0.1", "169.254.169.254", "2852039166", "[fe80::1]", "[fd00:ec2::254]", "[::]", "255.255.255.255"),
    *("%31%32%37.0.0.1", "127.0.0.1%00.example.com", "[::1%25lo]", "a\\b", "exa mple.com", "", "１２７.0.0.1", "[::1"),
    *("user@8.8.8.8", "user:pass@8.8.8.8", "8.8.8.8:22", "8.8.8.8:80", "8.8.8.8:0", "8.8.8.8:99999"),
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_inside_or_odd_is_refused(host: str, connected: list[str]) -> None:
    with pytest.raises(PermanentFailure, match="FORBIDDEN_TARGET") as failure:
        send(f"https://{host}/{SECRET}", allow_local=False)
    assert SECRET not in str(failure.value)
    assert connected == []


@pytest.mark.parametrize("host", ["xn--", "xn--a", "xn--a.example", "a.xn--zz.example"])
def test_a_host_that_no_script_decodes_is_a_failure_like_others(host: str, connected: list[str]) -> None:
    with pytest.raises(TemporaryFailure, match=f"TARGET_UNREACHABLE: {host} could not be reached") as failure:
        send(f"https://{host}/{SECRET}", allow_local=False)
    assert SECRET not in str(failure.value)
    assert connected == []


@pytest.mark.parametrize("status", [404, 503])
def test_an_answer_of_a_host_that_no_script_decodes_is_judged_like_others(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebhookSender, "_post", lambda *_: status)
    with pytest.raises(DeliveryError, match=f"xn-- answered {status}"):
        send("https://xn--/", allow_local=False)


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "gopher", ""])
def test_deployed_only_https_will_do(scheme: str, connected: list[str]) -> None:
    with pytest.raises(PermanentFailure, match="FORBIDDEN_TARGET"):
        send(f"{scheme}://8.8.8.8/{SECRET}", allow_local=False)
    assert connected == []


def test_a_name_that_rebinds_is_connected_to_at_the_address_that_was_checked(
    connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = Resolver(monkeypatch, ["93.184.216.34", "2606:4700:4700::1111"], ["127.0.0.1"])
    with pytest.raises(TemporaryFailure, match="TARGET_UNREACHABLE"):
        send(f"https://{NAME}/{SECRET}", allow_local=False)
    assert connected == ["93.184.216.34", "2606:4700:4700::1111"]
    assert resolver.asked == [NAME]


@pytest.mark.parametrize("failure", [socket.gaierror("no such name"), UnicodeError("label too long")])
def test_a_name_that_does_not_resolve_is_temporary(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def unresolved(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    with pytest.raises(TemporaryFailure, match="TARGET_UNREACHABLE"):
        send(f"https://{NAME}/{SECRET}", allow_local=False)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `NAME`, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Target, list[str | None]]]:
    """A server with TLS, on an address and a port that count as public, and the names that clients asked it for."""
    server = Target()
    names: list[str | None] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setattr(guarded_network, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(webhooks, "_PORTS", {server.port})
    with running(server):
        yield server, names


def test_tls_and_host_keep_the_name_of_the_address_connected_to(
    secure: tuple[Target, list[str | None]], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, names = secure
    resolver = Resolver(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    tls = ssl.create_default_context(cafile=str(certificate))
    send(f"https://{NAME}:{server.port}/200/{SECRET}", allow_local=False, tls=tls)
    assert (names, resolver.asked) == ([NAME], [NAME])
    assert server.requests[0][1]["Host"] == f"{NAME}:{server.port}"
    with pytest.raises(PermanentFailure, match="FORBIDDEN_TARGET"):  # the name means another address by now
        send(f"https://{NAME}:{server.port}/200/{SECRET}", allow_local=False, tls=tls)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("name", "is_trusted"), [("evil.example.com", True), (NAME, False)])
def test_a_certificate_of_another_name_or_authority_gets_nothing(
    name: str,
    is_trusted: bool,
    secure: tuple[Target, list[str | None]],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, _ = secure
    Resolver(monkeypatch, ["127.0.0.1"])
    tls = ssl.create_default_context(cafile=str(certificate)) if is_trusted else TLS
    with pytest.raises(TemporaryFailure, match="TARGET_UNREACHABLE"):
        send(f"https://{name}:{server.port}/200/{SECRET}", allow_local=False, tls=tls)
    assert server.requests == []


# Push messages


def app_of_its_own(patch: pytest.MonkeyPatch) -> Any:
    """Have pushes go through a new app, and the SDK repeat nothing."""
    patch.setattr(push, "_APP", uuid.uuid4().hex)
    app = push._app()
    session = messaging._get_messaging_service(app)._client.session
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=0))
    return app


@pytest.fixture
def phones(target: Target, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A server in place of Firebase Cloud Messaging, which has no emulator."""
    made = None
    if "[DEFAULT]" not in firebase_admin._apps:  # another test's will do
        made = firebase_admin.initialize_app(EmulatorCredential(), {"projectId": "demo-push"})
    url = f"http://127.0.0.1:{target.port}/v1/projects/{{0}}/messages:send"
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", url)
    ours = app_of_its_own(monkeypatch)
    yield target
    for app in (ours, made):
        if app is not None:
            firebase_admin.delete_app(app)


pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated")


def phone(target_name: str = "token", value: str = SECRET) -> Channel:
    return Channel(channel_id="phones", type=ChannelType.FCM, target_name=target_name, target=value)


def test_a_push_message_reaches_a_topic_or_a_device(phones: Target) -> None:
    sends = PushSender()
    sends.send(phone("topic", "acme-alerts"), TOLD, DeliveryMode.ON)
    sends.send(phone("token"), TOLD, DeliveryMode.SILENT)
    loud, silent = (json.loads(body)["message"] for _, _, body in phones.requests)
    assert loud["topic"] == "acme-alerts"
    assert loud["notification"] == {"title": "[CRITICAL] Systemic risk", "body": "4 strategies sell"}
    assert silent["token"] == SECRET
    assert "notification" not in silent
    assert loud["data"] == silent["data"]
    assert (silent["data"]["id"], silent["data"]["severity"]) == ("a1", "CRITICAL")


def refusal(status: int, word: str, code: str | None = None) -> tuple[int, Any]:
    details = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if code else []
    return status, {"error": {"code": status, "status": word, "message": f"not to {SECRET}", "details": details}}


PUSH_FAILURES: list[tuple[tuple[int, Any], type[DeliveryError], DeliveryReason]] = [
    (refusal(503, "UNAVAILABLE"), TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    (refusal(500, "INTERNAL"), TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    (refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), TemporaryFailure, DeliveryReason.TARGET_UNAVAILABLE),
    (refusal(404, "NOT_FOUND", "UNREGISTERED"), PermanentFailure, DeliveryReason.TARGET_REFUSED),
    (refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), PermanentFailure, DeliveryReason.TARGET_REFUSED),
    (refusal(400, "INVALID_ARGUMENT"), PermanentFailure, DeliveryReason.TARGET_REFUSED),
    (refusal(401, "UNAUTHENTICATED"), PermanentFailure, DeliveryReason.NO_SENDER),  # as with the emulator
]


@pytest.mark.parametrize(("answer", "kind", "reason"), PUSH_FAILURES)
def test_what_messaging_answers_is_told_without_the_token(
    answer: tuple[int, Any],
    kind: type[DeliveryError],
    reason: DeliveryReason,
    phones: Target,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    phones.answer = lambda _: answer
    with pytest.raises(kind) as failure:
        PushSender().send(phone(), TOLD, DeliveryMode.ON)
    assert failure.value.reason_code is reason
    assert SECRET not in caplog.text + "".join(traceback.format_exception(failure.value))


def test_messaging_that_hangs_is_a_timeout(phones: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(_: bytes) -> tuple[int, Any]:
        phones.over.wait(20)
        return 200, {}

    phones.answer = hang
    monkeypatch.setattr(push, "TIMEOUT_SECONDS", 0.3)
    app = app_of_its_own(monkeypatch)
    with pytest.raises(TemporaryFailure, match="TARGET_TIMEOUT"):
        PushSender().send(phone(), TOLD, DeliveryMode.ON)
    firebase_admin.delete_app(app)


def test_a_topic_that_is_none_is_a_malformed_channel(phones: Target) -> None:
    with pytest.raises(PermanentFailure, match="MALFORMED_CHANNEL"):
        PushSender().send(phone("topic", "a b"), TOLD, DeliveryMode.ON)
    assert phones.requests == []
