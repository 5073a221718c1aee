"""What every TenantDirectory must do: the in-memory one and Firestore's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.tenant_directory import FirestoreTenantDirectory
from functions.domain.kernel.spans import Span
from functions.services.kernel.ports import TenantDirectory, TenantPage
from tests.fakes import FakeTenants

Policies = Mapping[str, Mapping[str, Any] | None]
SETTINGS = {"market": "XASX", "report_hour": 9, "disabled_strategies": ["Trend"], "version": 3}


@pytest.fixture(params=["fake", "emulator"])
def directory_of(request: pytest.FixtureRequest, own_db: Client) -> Callable[[Policies], TenantDirectory]:
    def stored(policies: Policies) -> TenantDirectory:
        for tenant_id, policy in policies.items():
            paths.tenant(own_db, tenant_id).set({"maestro_enabled": True})
            if policy is not None:
                paths.policy(own_db, tenant_id).set(dict(policy))
        return FirestoreTenantDirectory(own_db)

    return FakeTenants if request.param == "fake" else stored


def test_only_the_settings_that_are_asked_for_are_read_of_those_who_have_any(
    directory_of: Callable[[Policies], TenantDirectory],
) -> None:
    directory = directory_of({"acme": SETTINGS, "blue": {"report_hour": 8}, "cyan": None, "dora": {"market": ["XASX"]}})
    assert sorted(directory.enabled_tenants()) == ["acme", "blue", "cyan", "dora"]
    found = directory.settings(["acme", "blue", "cyan", "dora"], ["market"])
    assert found == {"acme": {"market": "XASX"}, "blue": {}, "dora": {"market": ["XASX"]}}
    assert directory.settings(["blue", "acme"], ["market", "report_hour"]) == {
        "acme": {"market": "XASX", "report_hour": 9},
        "blue": {"report_hour": 8},
    }


def test_a_whole_batch_is_read_at_once(directory_of: Callable[[Policies], TenantDirectory]) -> None:
    names = [f"t{number:03d}" for number in range(500)]
    directory = directory_of({names[0]: SETTINGS, names[-1]: SETTINGS, **dict.fromkeys(names[1:-1])})
    assert sorted(directory.settings(names, ["market"])) == [names[0], names[-1]]


def test_pages_go_through_all_tenants_in_the_order_of_their_ids(
    directory_of: Callable[[Policies], TenantDirectory],
) -> None:
    names = ["Zoe", "a", "a1", "b", "é", "ｚ", "😀"]  # by code points, as Firestore orders them by bytes
    directory = directory_of(dict.fromkeys(reversed(names)))
    assert directory.page(Span(), 10) == TenantPage(names, "😀", is_more=False)
    assert directory.page(Span(), 3) == TenantPage(["Zoe", "a", "a1"], "a1", is_more=True)
    assert directory.page(Span("a1"), 2) == TenantPage(["b", "é"], "é", is_more=True)
    assert directory.page(Span("a", "é"), 10) == TenantPage(["a1", "b", "é"], "é", is_more=False)
    assert directory.page(Span("aa", "az"), 10) == TenantPage([], "", is_more=False)
    assert directory.page(Span("😀"), 10) == TenantPage([], "", is_more=False)


def test_a_page_goes_past_tenants_that_are_switched_off(own_db: Client) -> None:
    for tenant_id, status in {"a": "active", "b": "suspended", "c": "suspended", "d": None}.items():
        paths.tenant(own_db, tenant_id).set({"maestro_enabled": True, "status": status})
    paths.tenant(own_db, "aa").set({"maestro_enabled": False})
    directory = FirestoreTenantDirectory(own_db)
    assert directory.page(Span(), 3) == TenantPage(["a"], "c", is_more=True)
    assert directory.page(Span("c"), 3) == TenantPage(["d"], "d", is_more=False)
