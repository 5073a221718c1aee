"""Security rules: every role, every collection, every operation, over REST with real ID tokens."""

from __future__ import annotations

import contextlib
import inspect
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import firebase_admin
import pytest
import requests
from firebase_admin import auth
from google.cloud.firestore import Client

from functions.adapters.firestore import paths as firestore_paths
from functions.adapters.firestore.client import EmulatorCredential
from functions.domain.access.roles import Claimed, Role, authorise
from functions.domain.kernel.errors import RefusedError
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

pytestmark = pytest.mark.timeout(600)  # the first test asks all 6 000 questions
LOGS = "systemStatus/orchestration_logs/logs"
ROLES = ("viewer", "trader", "admin")


@dataclass(frozen=True)
class Who:
    """Somebody who asks: what the token says and what is on record."""

    claims: Mapping[str, Any] | None
    """None: nobody is signed in."""
    member: Mapping[str, Any] | None = None
    member_of: str = "acme"


def acme(role: Any) -> dict[str, Any]:
    return {"tenant_id": "acme", "role": role}


ADMIN = {"role": "admin"}
WHO = {
    "nobody": Who(None),
    "signed_in": Who({}),
    "stranger": Who({"tenant_id": "other", "role": "admin"}, ADMIN, member_of="other"),
    "claimant": Who(acme("admin")),
    "viewer": Who(acme("viewer"), {"role": "viewer"}),
    "trader": Who(acme("trader"), {"role": "trader", "disabled": False}),
    "admin": Who(acme("admin"), ADMIN),
    "viewer_claiming_admin": Who(acme("admin"), {"role": "viewer"}),
    "admin_claiming_viewer": Who(acme("viewer"), ADMIN),
    "admin_of_switched_off": Who({"tenant_id": "off", "role": "admin"}, ADMIN, member_of="off"),
    "admin_of_missing_tenant": Who({"tenant_id": "gone", "role": "admin"}, ADMIN, member_of="gone"),
    "disabled_member": Who(acme("admin"), ADMIN | {"disabled": True}),
    "unknown_role_on_record": Who(acme("admin"), {"role": "owner"}),
    # Forged claims of people on record as admins:
    "claims_nothing": Who({}, ADMIN),
    "claims_other_tenant": Who({"tenant_id": "other", "role": "admin"}, ADMIN),
    "claims_list": Who({"tenant_id": ["acme"], "role": "admin"}, ADMIN),
    "claims_map": Who({"tenant_id": {"acme": True}, "role": "admin"}, ADMIN),
    "claims_number": Who({"tenant_id": 7, "role": "admin"}, ADMIN, member_of="7"),
    "claims_path": Who({"tenant_id": "acme/users", "role": "admin"}, ADMIN),
    "claims_role_map": Who(acme({"admin": True}), ADMIN),
    "claims_role_list": Who(acme(["admin"]), ADMIN),
    "claims_no_role": Who({"tenant_id": "acme"}, ADMIN),
    "claims_unknown_role": Who(acme("owner"), ADMIN),
}

NONE = frozenset[str]()
ADMINS = frozenset({"admin"})
MEMBERS = ADMINS | {"viewer", "trader", "viewer_claiming_admin", "admin_claiming_viewer"}
STRANGER = frozenset({"stranger"})

# document: who may get it, who may list its collection. Nobody may create, update or delete anything.
READERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "tenants/acme": (MEMBERS, NONE),
    "tenants/acme/users/viewer": (ADMINS | {"trader", "viewer"}, ADMINS),
    "tenants/acme/users/admin": (ADMINS | {"trader"}, ADMINS),
    "tenants/acme/users/{own}": (MEMBERS, ADMINS),
    "tenants/acme/config/maestro": (MEMBERS, NONE),
    "tenants/acme/config/unknown": (NONE, NONE),
    "tenants/acme/config/notifications": (NONE, NONE),
    "tenants/acme/deliveries/d": (NONE, NONE),
    "tenants/acme/config/maestro/history/1": (ADMINS, ADMINS),
    "tenants/acme/accounts/primary": (MEMBERS, MEMBERS),
    "tenants/acme/market_data/latest": (MEMBERS, MEMBERS),
    "tenants/acme/market_data/latest-2": (MEMBERS, MEMBERS),
    "tenants/acme/ledger_trades/f": (MEMBERS, MEMBERS),
    "tenants/acme/shadow_pnl/r": (MEMBERS, MEMBERS),
    "tenants/acme/strategy_performance/ann__Trend__2020-03": (MEMBERS, MEMBERS),
    "tenants/acme/state/windows": (MEMBERS, NONE),
    "tenants/acme/state/windows__ann": (NONE, NONE),
    "tenants/acme/state/windows-2": (NONE, NONE),
    "tenants/acme/state/windows-2__ann": (NONE, NONE),
    "tenants/acme/state/cockpit": (MEMBERS, NONE),
    "tenants/acme/state/results": (MEMBERS, NONE),
    "tenants/acme/state/modes": (MEMBERS, NONE),
    "tenants/acme/state/modes__ann": (NONE, NONE),
    "tenants/acme/state/session": (NONE, NONE),
    "tenants/acme/state/drift": (MEMBERS, NONE),
    "tenants/acme/state/positions": (NONE, NONE),
    "tenants/acme/state/broker": (NONE, NONE),
    "tenants/acme/state/connection": (MEMBERS, NONE),
    "systemStatus/strategies": (NONE, NONE),
    "systemStatus/brokers/accounts/alpaca_a": (NONE, NONE),
    "tenants/acme/state/positions/history/1": (NONE, NONE),
    "tenants/acme/state/ledger": (NONE, NONE),
    "tenants/acme/state/alerts": (NONE, NONE),
    "tenants/acme/state/changes": (NONE, NONE),
    "tenants/acme/state/ledger/checkpoints/2020-03-16": (NONE, NONE),
    "tenants/acme/state/ledger/marks/2020-03-16": (NONE, NONE),
    "tenants/acme/state/ledger/staged/ann__Trend__2020-03-16": (NONE, NONE),
    "tenants/acme/sessions/s": (NONE, NONE),
    "tenants/acme/redemptions/n": (NONE, NONE),
    "tenants/acme/idempotency/k": (NONE, NONE),
    "tenants/acme/jobs/day-2020-03-16": (MEMBERS, MEMBERS),
    "tenants/acme/cycles/20200316T140000Z": (MEMBERS, MEMBERS),
    "tenants/acme/alerts/a": (MEMBERS, MEMBERS),
    "tenants/acme/reports/2020-03-16": (MEMBERS, MEMBERS),
    "tenants/acme/unknown/u": (NONE, NONE),
    "tenants/acme/accounts/primary/unknown/u": (NONE, NONE),
    "tenants/other": (STRANGER, NONE),
    "tenants/other/users/stranger": (STRANGER, STRANGER),
    "tenants/other/accounts/primary": (STRANGER, STRANGER),
    "tenants/off": (NONE, NONE),
    "tenants/off/users/admin_of_switched_off": (NONE, NONE),
    "tenants/off/accounts/primary": (NONE, NONE),
    "tenants/gone/users/admin_of_missing_tenant": (NONE, NONE),
    "tenants/gone/accounts/primary": (NONE, NONE),
    "systemStatus/market_regime": (MEMBERS | STRANGER, NONE),
    "systemStatus/schedules/runs/orchestrate_tick": (NONE, NONE),
    "systemStatus/orchestration_logs": (NONE, NONE),
    f"{LOGS}/mine": (MEMBERS, NONE),
    f"{LOGS}/theirs": (STRANGER, NONE),
    f"{LOGS}/of_switched_off": (NONE, NONE),
    f"{LOGS}/of_a_list": (NONE, NONE),
    f"{LOGS}/of_a_number": (NONE, NONE),
    f"{LOGS}/of_a_path": (NONE, NONE),
    f"{LOGS}/of_nobody": (NONE, NONE),
    "elsewhere/anything": (NONE, NONE),
}
TENANT_OF_LOG = {
    "mine": "acme",
    "theirs": "other",
    "of_switched_off": "off",
    "of_a_list": ["acme"],
    "of_a_number": 7,
    "of_a_path": "acme/users",
}
STATUS_OF = {"tenants/acme": {"status": "active"}, "tenants/off": {"status": "disabled"}}
OPERATIONS = ("get", "list", "create", "update", "delete")
Allowed = Mapping[tuple[str, str, str], bool]
"""Whether it was allowed, by name of who asked, document and operation."""


@dataclass(frozen=True)
class Rest:
    """Firestore's REST interface, as clients without an SDK use it."""

    documents: str
    tokens: Mapping[str, str | None]
    http: requests.Session

    def is_allowed(self, who: str, method: str, path: str, body: Any = None) -> bool:
        token = self.tokens[who]
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = self.http.request(method, f"{self.documents}{path}", json=body, headers=headers, timeout=60)
        # Rules come first: whoever learns that a document is missing or exists already passed them.
        assert answer.status_code in {200, 403, 404, 409}, f"{who} {method} {path}: {answer.text}"
        return answer.status_code != 403

    def attempt(self, who: str, document: str, operation: str) -> bool:
        path = "/" + document.format(own=who)
        parent, collection = path.rsplit("/", 2)[:2]
        body = {"fields": {"forged": {"booleanValue": True}}}
        match operation:
            case "get":
                return self.is_allowed(who, "GET", path)
            case "list":
                return self.query(who, parent, collection)
            case "create":
                return self.is_allowed(who, "PATCH", f"{path}-forged?currentDocument.exists=false", body)
            case "update":
                return self.is_allowed(who, "PATCH", f"{path}?currentDocument.exists=true", body)
            case _:
                return self.is_allowed(who, "DELETE", path)

    def query(self, who: str, parent: str, collection: str, **more: Any) -> bool:
        selector = {"collectionId": collection, "allDescendants": more.pop("allDescendants", False)}
        query = {"structuredQuery": {"from": [selector], **more}}
        return self.is_allowed(who, "POST", f"{parent}:runQuery", query)


@pytest.fixture(scope="module")
def rest(accounts: EmulatorSuite) -> Iterator[Rest]:
    """Everybody of `WHO` signed in, and every document of `READERS` stored."""
    accounts.clear()
    fill(accounts.client())
    app = firebase_admin.initialize_app(EmulatorCredential(), {"projectId": accounts.project}, uuid.uuid4().hex)
    url = f"http://{accounts.host('firestore')}/v1/projects/{accounts.project}/databases/(default)/documents"
    with requests.Session() as http:
        http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=8))
        tokens = {name: signed_in(accounts, app, name, who.claims) for name, who in WHO.items()}
        yield Rest(url, tokens, http)
    firebase_admin.delete_app(app)


def fill(db: Client) -> None:
    batch = db.batch()
    for document in READERS:
        owner = TENANT_OF_LOG.get(document.removeprefix(f"{LOGS}/"))
        fields = {} if owner is None else {"tenant_id": owner}
        batch.set(db.document(document.format(own="somebody")), fields | STATUS_OF.get(document, {}))
    for uid, who in WHO.items():
        if who.member is not None:
            batch.set(db.document("tenants", who.member_of, "users", uid), dict(who.member))
    batch.commit()


def signed_in(accounts: EmulatorSuite, app: Any, uid: str, claims: Mapping[str, Any] | None) -> str | None:
    """Create a user with claims, sign in as a client does, and return the ID token."""
    if claims is None:
        return None
    email, password = f"{uuid.uuid4().hex}@example.com", "correct horse"
    with contextlib.suppress(auth.UserNotFoundError):
        auth.delete_user(uid, app)
    auth.create_user(uid=uid, email=email, password=password, app=app)
    auth.set_custom_user_claims(uid, dict(claims), app)
    url = f"http://{accounts.host('auth')}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=fake"
    body = {"email": email, "password": password, "returnSecureToken": True}
    answer = requests.post(url, json=body, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["idToken"])


@pytest.fixture(scope="module")
def allowed(rest: Rest) -> Allowed:
    """The whole matrix, tried once, the reads first: a write that slips through spoils no other cell."""
    cells = [(who, document, operation) for operation in OPERATIONS for document in READERS for who in WHO]
    with ThreadPoolExecutor(8) as threads:
        return dict(zip(cells, threads.map(lambda cell: rest.attempt(*cell), cells), strict=True))


@pytest.mark.parametrize("who", WHO)
def test_who_may_get_what(who: str, allowed: Allowed) -> None:
    readable = {document for document in READERS if allowed[who, document, "get"]}
    assert readable == {document for document, (getters, _) in READERS.items() if who in getters}


@pytest.mark.parametrize("who", WHO)
def test_who_may_list_what(who: str, allowed: Allowed) -> None:
    listable = {document for document in READERS if allowed[who, document, "list"]}
    assert listable == {document for document, (_, listers) in READERS.items() if who in listers}


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_nobody_writes_anything(operation: str, allowed: Allowed) -> None:
    assert {(who, document) for who in WHO for document in READERS if allowed[who, document, operation]} == set()


def test_nobody_makes_themselves_a_member(rest: Rest) -> None:
    membership = {"fields": {"role": {"stringValue": "admin"}}}
    assert not rest.is_allowed("claimant", "PATCH", "/tenants/acme/users/claimant", membership)


@pytest.mark.parametrize(
    "status",
    [
        "active",
        None,
        ...,
        "disabled",
        "suspended",
        "closed",
        "Active",
        "",
        0,
        True,
        False,
        ["active"],
        {"active": True},
    ],
)
def test_rules_read_a_tenants_status_as_the_api_does(rest: Rest, accounts: EmulatorSuite, status: Any) -> None:
    tenant = {} if status is ... else {"status": status}
    stored = accounts.client().document("tenants/other")
    stored.set(tenant)
    try:
        is_readable = rest.is_allowed("stranger", "GET", "/tenants/other/accounts/primary")
    finally:
        stored.set({})
    assert is_readable == is_authorised(tenant)


def is_authorised(tenant: Mapping[str, Any]) -> bool:
    try:
        authorise(Claimed("stranger", "other", Role.ADMIN), tenant, ADMIN, Role.VIEWER)
    except RefusedError:
        return False
    return True


def test_a_connection_from_before_members_could_read_it_is_never_taken_for_none(
    rest: Rest, accounts: EmulatorSuite
) -> None:
    broker, copy = (accounts.client().document(f"tenants/acme/state/{one}") for one in ("broker", "connection"))
    copy.delete()
    try:
        for who in ROLES:
            assert not rest.is_allowed(who, "GET", "/tenants/acme/state/connection")
            assert not rest.is_allowed(who, "GET", "/tenants/acme/state/broker")
        broker.set({"status": "CONNECTED"})
        assert not rest.is_allowed("viewer", "GET", "/tenants/acme/state/connection")
        broker.set({"status": "DISCONNECTED"})  # before there were copies: no feed writes one
        assert rest.is_allowed("viewer", "GET", "/tenants/acme/state/connection")
        broker.delete()
        assert rest.is_allowed("viewer", "GET", "/tenants/acme/state/connection")
        assert not rest.is_allowed("stranger", "GET", "/tenants/acme/state/connection")
    finally:
        broker.set({})
        copy.set({})


def test_switching_a_tenant_off_ends_reading_at_once(rest: Rest, accounts: EmulatorSuite) -> None:
    tenant = accounts.client().document("tenants/acme")
    assert rest.is_allowed("viewer", "GET", "/tenants/acme/accounts/primary")
    tenant.update({"status": "disabled"})
    try:
        assert not rest.is_allowed("viewer", "GET", "/tenants/acme/accounts/primary")
        assert not rest.query("admin", "/systemStatus/orchestration_logs", "logs", **NEWEST_OF_ACME)
    finally:
        tenant.update({"status": "active"})


def test_taking_a_membership_away_ends_reading_at_once(rest: Rest, accounts: EmulatorSuite) -> None:
    membership = accounts.client().document("tenants/acme/users/trader")
    assert rest.is_allowed("trader", "GET", "/tenants/acme/accounts/primary")
    try:
        membership.update({"disabled": True})
        assert not rest.is_allowed("trader", "GET", "/tenants/acme/accounts/primary")
        membership.delete()
        assert not rest.is_allowed("trader", "GET", "/tenants/acme/accounts/primary")
    finally:
        membership.set(dict(WHO["trader"].member or {}))


def where_tenant(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"where": {"fieldFilter": {"field": {"fieldPath": "tenant_id"}, "op": "EQUAL", "value": value}}}


NEWEST_OF_ACME = where_tenant({"stringValue": "acme"}) | {
    "orderBy": [{"field": {"fieldPath": "timestamp"}, "direction": "DESCENDING"}],
    "limit": 20,
}
EITHER = {"arrayValue": {"values": [{"stringValue": "acme"}, {"stringValue": "other"}]}}
LOG_QUERIES: dict[str, tuple[Mapping[str, Any], frozenset[str]]] = {
    "all": ({}, NONE),
    "of acme": (where_tenant({"stringValue": "acme"}), MEMBERS),
    "of acme, newest first": (NEWEST_OF_ACME, MEMBERS),
    "of other": (where_tenant({"stringValue": "other"}), STRANGER),
    "of either": (
        {"where": {"fieldFilter": {"field": {"fieldPath": "tenant_id"}, "op": "IN", "value": EITHER}}},
        NONE,
    ),
    "of a list": (where_tenant({"arrayValue": {"values": [{"stringValue": "acme"}]}}), NONE),
    "of a number": (where_tenant({"integerValue": "7"}), NONE),
    "of a path": (where_tenant({"stringValue": "acme/users"}), NONE),
}


@pytest.mark.parametrize("query", LOG_QUERIES)
def test_the_log_is_listed_only_by_ones_own_tenant(query: str, rest: Rest) -> None:
    words, listers = LOG_QUERIES[query]
    assert {who for who in WHO if rest.query(who, "/systemStatus/orchestration_logs", "logs", **words)} == listers


@pytest.mark.parametrize("collection", ["logs", "users", "accounts", "ledger_trades", "history", "redemptions"])
def test_collection_groups_are_closed(collection: str, rest: Rest) -> None:
    words = NEWEST_OF_ACME if collection == "logs" else {}
    assert {who for who in WHO if rest.query(who, "", collection, allDescendants=True, **words)} == set()


def test_every_collection_of_the_code_has_its_rows() -> None:
    known = {collection_of(document) for document in READERS}
    missing = {name for name, path in code_paths().items() if collection_of(path) not in known}
    assert missing == set(), "add a row to READERS for each, and a rule if clients may read it"


def test_every_document_of_the_data_model_has_its_rows_and_they_say_the_same() -> None:
    documented = documented_readers()
    assert len(documented) > 25
    for pattern, words in documented.items():
        rows = {document: getters for document, (getters, _) in READERS.items() if re.fullmatch(pattern, document)}
        assert rows, f"{pattern} has no row"
        for document, getters in rows.items():
            if document.startswith(f"{LOGS}/of_"):  # a damaged log is nobody's
                continue
            assert getters in READERS_BY_WORDS[words], f"{document}: {words}"


READERS_BY_WORDS: dict[str, tuple[frozenset[str], ...]] = {
    "Server only": (NONE,),
    "Read by admins": (ADMINS,),
    "Read by the user, by traders and by admins": (ADMINS | {"trader"}, ADMINS | {"trader", "viewer"}, MEMBERS),
    "Read by members": (MEMBERS, MEMBERS | STRANGER, STRANGER),
}


def documented_readers() -> dict[str, str]:
    """Return by whom docs/data-model.md says each document is read, by a pattern of its path in the tenant acme."""
    found = {}
    sections = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8").split("\n### ")[1:]
    for section in sections:
        heading, _, text = section.partition("\n")
        if re.fullmatch(r"`[^`]+`", heading) is None:  # a part of the document above
            continue
        path = heading.strip("`").replace("{t}", "acme")
        pattern = "".join(
            r"[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path)
        )
        found[pattern] = next(words for words in READERS_BY_WORDS if words in " ".join(text.split()))
    return found


def code_paths() -> dict[str, str]:
    """Return an example of every path that `firestore_paths` spells, by the function's name."""
    db = Client(project="demo-paths", credentials=EmulatorCredential().get_credential())
    found = {}
    for name, function in inspect.getmembers(firestore_paths, inspect.isfunction):
        if function.__module__ == firestore_paths.__name__ and not name.startswith("_"):
            words = {word: "acme" if word == "tenant_id" else "x" for word in inspect.signature(function).parameters}
            reference = function(**words | {"db": db})
            found[name] = "/".join(reference._path) + ("/x" if len(reference._path) % 2 else "")
    return found


def collection_of(document: str) -> str:
    return document.rsplit("/", 1)[0]


def test_every_condition_of_the_rules_held_once_and_failed_once(allowed: Allowed, accounts: EmulatorSuite) -> None:
    url = f"http://{accounts.host('firestore')}/emulator/v1/projects/{accounts.project}:ruleCoverage"
    coverage = requests.get(url, timeout=60).json()
    source = coverage["rules"]["files"][0]["content"]
    untested = set()
    for expression in expressions(coverage["report"]):
        values = {reached["value"].get("boolValue") for reached in expression.get("values", ())} - {None}
        if len(values) == 1 or not expression.get("values"):
            place = expression["sourcePosition"]
            untested.add(
                f"{place['line']}: {source[place['currentOffset'] : place['endOffset'] + 1]} was only {values}"
            )
    assert untested == set()


def expressions(nodes: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield expressions and the parts they are made of."""
    for node in nodes:
        yield node
        yield from expressions(node.get("children", ()))
