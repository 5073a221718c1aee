"""The operator's commands for tenants and users, against the Auth and Firestore emulators."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from firebase_admin import auth, exceptions
from google.cloud.firestore import Client

from functions import bootstrap
from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from tests.emulator.tools import command_line
from tools import local_emulators
from tools.access import random_password
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import DEV_PYTHON, ROOT

TENANTS, USERS = 'make maestro ARGS="tenant list"', 'make maestro ARGS="user list acme"'


class Operator:
    """Runs the command line, and keeps what it printed last."""

    def __init__(self) -> None:
        self.out = self.err = ""

    def run(self, *words: str, stdin: str = "") -> int:
        """Return the exit code."""
        done = command_line.run(*words, stdin=stdin)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode

    def done(self, *words: str, stdin: str = "") -> Any:
        """Return what a command that succeeds prints for machines."""
        assert self.run(*words, "--json", stdin=stdin) == 0, self.err
        return json.loads(self.out)

    def refused(self, *words: str, stdin: str = "") -> str:
        """Return the one line that a command which fails prints."""
        assert (self.run(*words, stdin=stdin), self.out) == (1, "")
        (line,) = self.err.splitlines()
        return line


@pytest.fixture
def operator(accounts: EmulatorSuite, db: Client) -> Operator:
    firestore_client()
    one = Operator()
    one.done("tenant", "create", "acme")
    return one


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.com"


SignIn = Callable[[str, str], Mapping[str, Any]]


@pytest.fixture
def sign_in(accounts: EmulatorSuite) -> SignIn:
    """Sign in with email and password as a client does, and return the answer: tokens, or an error."""
    url = f"http://{accounts.host('auth')}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=fake"

    def post(email: str, password: str) -> Mapping[str, Any]:
        body = {"email": email, "password": password, "returnSecureToken": True}
        answer: dict[str, Any] = requests.post(url, json=body, timeout=60).json()
        return answer

    return post


def rights(answer: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return tenant and role of the ID token that a sign-in gave."""
    claims = auth.verify_id_token(answer["idToken"])
    return claims.get("tenant_id"), claims.get("role")


def membership(db: Client, uid: str, tenant: str = "acme") -> dict[str, Any]:
    return paths.member(db, tenant, uid).get().to_dict() or {}


def test_a_tenant_is_created_listed_disabled_and_enabled(operator: Operator, db: Client) -> None:
    created = operator.done("tenant", "create", "zebra-1", "--name", "Zebra Ltd")
    stored = paths.tenant(db, "zebra-1").get().to_dict() or {}
    assert {name: stored[name] for name in ("name", "status", "maestro_enabled")} == {
        "name": "Zebra Ltd",
        "status": "active",
        "maestro_enabled": True,
    }
    assert created["created_at"] == stored["created_at"].isoformat()
    operator.done("tenant", "disable", "zebra-1")
    assert {one["tenant"]: one["status"] for one in operator.done("tenant", "list")} == {
        "acme": "active",
        "zebra-1": "disabled",
    }
    operator.done("tenant", "enable", "zebra-1")
    assert paths.tenant(db, "zebra-1").get().to_dict() == stored


def test_a_user_signs_in_with_the_password_that_was_printed(
    operator: Operator, db: Client, email: str, sign_in: SignIn
) -> None:
    assert operator.run("user", "create", "acme", email, "--role", "trader") == 0
    sentence, password = operator.out.splitlines()
    assert sentence == f"{email} is trader of tenant acme"
    answer = sign_in(email, password.removeprefix("password: "))
    assert rights(answer) == ("acme", "trader")
    stored = membership(db, answer["localId"])
    assert (stored["role"], stored["email"], set(stored)) == ("trader", email, {"role", "email", "created_at"})


def test_creating_a_user_twice_changes_nothing(operator: Operator, db: Client, email: str, sign_in: SignIn) -> None:
    first = operator.done("user", "create", "acme", email, "--role", "viewer")
    before = paths.member(db, "acme", first["uid"]).get()
    account = auth.get_user(first["uid"])
    second = operator.done("user", "create", "acme", email, "--role", "viewer")
    assert f'make maestro ARGS="user rotate acme {email}"' in operator.err
    assert (first["is_new"], second["is_new"], "password" in second) == (True, False, False)
    assert paths.member(db, "acme", first["uid"]).get().update_time == before.update_time
    assert auth.get_user(first["uid"])._data == account._data
    assert rights(sign_in(email, first["password"])) == ("acme", "viewer")


def test_somebody_who_can_sign_in_already_gets_rights_and_keeps_the_password(
    operator: Operator, db: Client, email: str, sign_in: SignIn
) -> None:
    user = auth.create_user(email=email, password="my own password")
    auth.set_custom_user_claims(user.uid, {"beta_tester": True})
    assert operator.done("user", "create", "acme", email, "--role", "admin")["is_new"] is False
    answer = sign_in(email, "my own password")
    assert rights(answer) == ("acme", "admin")
    assert auth.verify_id_token(answer["idToken"])["beta_tester"] is True
    assert membership(db, user.uid)["role"] == "admin"


@pytest.mark.parametrize("tenant", ["other", ["acme"]])
def test_a_user_of_another_tenant_stays_there(operator: Operator, db: Client, email: str, tenant: Any) -> None:
    user = auth.create_user(email=email, password="my own password")
    auth.set_custom_user_claims(user.uid, {"tenant_id": tenant, "role": "viewer"})
    line = operator.refused("user", "create", "acme", email, "--role", "admin")
    assert "a user belongs to one tenant: use another address" in line
    for words in (("role", "acme", email, "admin"), ("rotate", "acme", email), ("disable", "acme", email)):
        assert "must be the address of a user of tenant acme" in operator.refused("user", *words)
    assert membership(db, user.uid) == {}
    account = auth.get_user(user.uid)
    assert (account.custom_claims, account.disabled) == ({"tenant_id": tenant, "role": "viewer"}, False)


@pytest.mark.parametrize(("before", "after"), [("viewer", "admin"), ("admin", "viewer"), ("trader", "trader")])
def test_a_role_changes_in_claims_and_membership(
    before: str, after: str, operator: Operator, db: Client, email: str, sign_in: SignIn
) -> None:
    user = operator.done("user", "create", "acme", email, "--role", before)
    created_at = membership(db, user["uid"])["created_at"]
    operator.done("user", "role", "acme", email, after)
    assert rights(sign_in(email, user["password"])) == ("acme", after)
    assert membership(db, user["uid"]) == {"role": after, "email": email, "created_at": created_at}


def test_a_change_cut_short_leaves_the_lower_role_and_is_completed_by_a_repeat(
    operator: Operator, db: Client, email: str, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = operator.done("user", "create", "acme", email, "--role", "admin")

    def out_of_order(*_: Any) -> None:
        raise exceptions.UnavailableError("unplugged")

    with monkeypatch.context() as patch:
        patch.setattr(auth, "set_custom_user_claims", out_of_order)
        assert "unplugged" in operator.refused("user", "role", "acme", email, "viewer")
    assert membership(db, user["uid"])["role"] == "viewer"
    assert rights(sign_in(email, user["password"])) == ("acme", "admin")
    (listed,) = operator.done("user", "list", "acme")
    assert listed["problem"] == (
        "the token claims tenant acme, role admin "
        f'(make maestro ARGS="user create acme {email} --role viewer" sets both)'
    )
    operator.done("user", "role", "acme", email, "viewer")
    assert rights(sign_in(email, user["password"])) == ("acme", "viewer")
    assert operator.done("user", "list", "acme")[0]["problem"] is None


def test_a_rotated_password_ends_the_old_one_and_its_sessions(operator: Operator, email: str, sign_in: SignIn) -> None:
    user = operator.done("user", "create", "acme", email, "--role", "trader")
    session = sign_in(email, user["password"])
    time.sleep(1.1)  # revocation counts in seconds
    rotated = operator.done("user", "rotate", "acme", email)
    assert sign_in(email, user["password"])["error"]["message"] == "INVALID_PASSWORD"
    assert rights(sign_in(email, rotated["password"])) == ("acme", "trader")
    with pytest.raises(auth.RevokedIdTokenError):
        auth.verify_id_token(session["idToken"], check_revoked=True)


def test_a_disabled_user_can_neither_sign_in_nor_read_and_may_be_enabled(
    operator: Operator, db: Client, email: str, sign_in: SignIn, accounts: EmulatorSuite
) -> None:
    user = operator.done("user", "create", "acme", email, "--role", "trader")
    before = membership(db, user["uid"])
    token = sign_in(email, user["password"])["idToken"]
    name = f"projects/{accounts.project}/databases/(default)/documents/tenants/acme"

    def may_read() -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"http://{accounts.host('firestore')}/v1/{name}", headers=headers, timeout=60).ok

    assert may_read()
    time.sleep(1.1)  # revocation counts in seconds
    for _ in range(2):
        operator.done("user", "disable", "acme", email)
        assert sign_in(email, user["password"])["error"]["message"] == "USER_DISABLED"
        assert membership(db, user["uid"]) == before | {"disabled": True}
        assert not may_read()
    operator.done("user", "create", "acme", email, "--role", "trader")
    assert membership(db, user["uid"])["disabled"] is True, "a role does not bring a disabled user back"
    operator.done("user", "enable", "acme", email)
    assert membership(db, user["uid"]) == before
    with pytest.raises(auth.RevokedIdTokenError):
        auth.verify_id_token(token, check_revoked=True)
    assert rights(sign_in(email, user["password"])) == ("acme", "trader")


def test_a_removed_user_reads_nothing_and_may_join_another_tenant(
    operator: Operator, db: Client, email: str, sign_in: SignIn
) -> None:
    user = operator.done("user", "create", "acme", email, "--role", "trader")
    session = sign_in(email, user["password"])
    time.sleep(1.1)  # revocation counts in seconds
    assert operator.done("user", "remove", "acme", email) == {
        "tenant": "acme",
        "uid": user["uid"],
        "email": email,
        "is_removed": True,
    }
    assert membership(db, user["uid"]) == {}
    with pytest.raises(auth.RevokedIdTokenError):
        auth.verify_id_token(session["idToken"], check_revoked=True)
    assert rights(sign_in(email, user["password"])) == (None, None)
    assert operator.refused("user", "remove", "acme", email).startswith(
        "maestro: email must be the address of a user of"
    )
    operator.done("tenant", "create", "zebra-1")
    operator.done("user", "create", "zebra-1", email, "--role", "viewer")
    assert rights(sign_in(email, user["password"])) == ("zebra-1", "viewer")


def test_the_sweep_closes_what_the_console_left_open_and_enabling_opens_it_again(
    operator: Operator, db: Client, email: str
) -> None:
    ann, bob = (operator.done("user", "create", "acme", one, "--role", "viewer") for one in (email, f"bob-{email}"))
    before = membership(db, ann["uid"])
    auth.update_user(ann["uid"], disabled=True)
    auth.delete_user(bob["uid"])
    paths.member(db, "acme", "u" * 200).set({"role": "viewer", "email": "longer than any user id"})
    closed = bootstrap.close_memberships().run("acme")
    assert {one.uid: one.because for one in closed} == {
        ann["uid"]: "DISABLED",
        bob["uid"]: "DELETED",
        "u" * 200: "DELETED",
    }
    assert all(membership(db, one.uid)["disabled"] is True for one in closed)
    assert [one["problem"] for one in operator.done("user", "list", "acme")] == [None, None, None]
    assert {one.uid for one in bootstrap.close_memberships().run("acme")} == {one.uid for one in closed}
    operator.done("user", "enable", "acme", email)
    assert membership(db, ann["uid"]) == before


def test_a_password_may_come_from_standard_input_and_is_never_shown(
    operator: Operator, email: str, sign_in: SignIn
) -> None:
    words = ("acme", email, "--role", "viewer", "--password-stdin")
    assert operator.refused("user", "create", *words, stdin="too short\n") == (
        "maestro: password length must be at least 12 characters, was 9"
    )
    assert operator.run("user", "create", *words, stdin="correct horse [b] \n") == 0
    assert "correct" not in operator.out + operator.err
    assert rights(sign_in(email, "correct horse [b] ")) == ("acme", "viewer")
    assert "password" not in operator.done("user", "rotate", "acme", email, "--password-stdin", stdin="battery staple")
    assert rights(sign_in(email, "battery staple")) == ("acme", "viewer")


def test_users_are_listed_with_what_does_not_agree(operator: Operator, db: Client) -> None:
    addresses = [f"{name}-{uuid.uuid4().hex[:8]}@example.com" for name in ("ann", "bob", "cyd")]
    ann, bob, cyd = (operator.done("user", "create", "acme", one, "--role", "viewer") for one in addresses)
    auth.delete_user(bob["uid"])
    auth.update_user(cyd["uid"], disabled=True)
    listed = {one["uid"]: one for one in operator.done("user", "list", "acme")}
    assert [one["email"] for one in listed.values()] == addresses
    assert listed[ann["uid"]]["problem"] is None
    assert "no such user in Firebase Authentication" in listed[bob["uid"]]["problem"]
    enable, disable = (f'make maestro ARGS="user {word} acme {addresses[2]}"' for word in ("enable", "disable"))
    assert f"({enable} or {disable} sets both)" in listed[cyd["uid"]]["problem"]
    assert operator.run("user", "list", "acme") == 0
    assert addresses[0] in operator.out


def test_more_users_are_listed_than_one_call_looks_up(operator: Operator, db: Client) -> None:
    batch = db.batch()
    for number in range(205):
        batch.set(paths.member(db, "acme", f"u{number:03}"), {"role": "viewer", "email": f"u{number:03}@example.com"})
    batch.commit()
    assert len(operator.done("user", "list", "acme")) == 205


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tenant", "create", "acme"), f"tenant must be new (it exists; {TENANTS} shows all, "),
        (("tenant", "create", "--", "-acme"), "tenant must be 1 to 63 of a-z, 0-9 and -, not beginning with -"),
        (("tenant", "create", "Acme"), "tenant must be 1 to 63 of a-z, 0-9 and -, not beginning with -, was 'Acme'"),
        (("tenant", "create", "a" * 64), "tenant must be 1 to 63 of a-z, 0-9 and -, not beginning with -, was 'aaa"),
        (
            ("tenant", "create", "acme\n"),
            "tenant must be 1 to 63 of a-z, 0-9 and -, not beginning with -, was 'acme\\n",
        ),
        (("tenant", "create", ".."), "tenant must be 1 to 63 of a-z, 0-9 and -, not beginning with -, was '..'"),
        (("tenant", "create", "__x__"), "tenant must be 1 to 63 of a-z, 0-9 and -, not beginning with -, was '__x__'"),
        (("tenant", "disable", ".."), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("tenant", "enable", "__x__"), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("user", "list", "a" * 1501), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("user", "list", "\udcff"), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("tenant", "disable", "nowhere"), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("tenant", "enable", "acme/users/ann"), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("user", "list", ""), f"tenant must be the id of an existing tenant ({TENANTS} shows all, "),
        (("user", "create", "nowhere", "a@b.co", "--role", "viewer"), "tenant must be the id of an existing tenant"),
        (("user", "create", "acme", "ann", "--role", "viewer"), "email must be an address such as ann@example.com"),
        (
            ("user", "role", "acme", "no@example.com", "admin"),
            f"email must be the address of a user of tenant acme ({USERS}",
        ),
        (
            ("user", "disable", "acme", "no@example.com"),
            f"email must be the address of a user of tenant acme ({USERS} shows",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], message: str, operator: Operator) -> None:
    assert operator.refused(*words).startswith(f"maestro: {message}")


def test_a_role_that_is_none_is_refused_with_those_there_are(operator: Operator) -> None:
    assert operator.run("user", "create", "acme", "ann@example.com", "--role", "owner") == 2
    assert all(role in operator.err for role in ("viewer", "trader", "admin"))


def test_one_emulator_without_the_other_is_refused(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIREBASE_AUTH_EMULATOR_HOST")
    line = operator.refused("tenant", "list")
    assert "FIREBASE_AUTH_EMULATOR_HOST must be both set (emulator) or both unset (cloud)" in line


def test_passwords_are_long_mixed_and_never_the_same() -> None:
    many = {random_password() for _ in range(1000)}
    assert len(many) == 1000
    for password in many:
        assert len(password) == 24
        assert all(any(kind(letter) for letter in password) for kind in (str.islower, str.isupper, str.isdigit))
        assert any(letter in "-_.+=" for letter in password)


@pytest.mark.parametrize(
    ("group", "commands"),
    [
        ("tenant", ("create", "disable", "enable", "list")),
        ("user", ("create", "role", "rotate", "disable", "enable", "remove", "list")),
    ],
)
def test_help_tells_what_there_is(group: str, commands: tuple[str, ...], operator: Operator) -> None:
    assert operator.run(group, "--help") == 0
    assert all(command in operator.out for command in commands)
    for command in commands:
        assert operator.run(group, command, "--help") == 0
        assert "--json" in operator.out


@pytest.mark.parametrize(
    "words",
    [
        ("why", "nowhere", "Trend"),
        ("list", "nowhere"),
        ("day", "nowhere", "2020-03-06"),
        ("month", "nowhere", "2020-03"),
        ("rebuild", "nowhere"),
        ("channel", "show", "nowhere"),
        ("channel", "put", "nowhere", "-"),
        ("month", "acme/users/ann", "2020-03"),
    ],
)
def test_a_tenant_that_is_not_there_is_one_line(words: tuple[str, ...], operator: Operator) -> None:
    line = operator.refused(*words, stdin='{"channels": []}')
    assert line == (
        f"maestro: tenant must be the id of an existing tenant ({TENANTS} shows all, "
        'make maestro ARGS="tenant create NAME" adds one), '
        f"was {words[2 if words[0] == 'channel' else 1]!r}"
    )


def test_commands_find_the_emulators_that_run(
    operator: Operator, emulators: EmulatorSuite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(local_emulators, "FOLDER", tmp_path / ".logs")
    for name in emulators.env:
        monkeypatch.delenv(name, raising=False)
    with local_emulators.announced(emulators.env):
        for words in (("tenant", "list"), ("user", "list", "acme"), ("channel", "show", "acme"), ("list", "acme")):
            for name in emulators.env:
                monkeypatch.delenv(name, raising=False)
            operator.done(*words)
            where = f"project {emulators.project}, Firestore at {emulators.host('firestore')}"
            assert operator.err == f"maestro: working on the local emulators ({where})\n"


def test_it_runs_as_an_operator_runs_it(operator: Operator) -> None:
    command = [str(DEV_PYTHON), "-m", "tools.maestro", "tenant", "list"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "acme" in done.stdout
