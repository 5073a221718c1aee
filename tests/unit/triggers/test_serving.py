"""What each function is served with, and who has to wait."""

from __future__ import annotations

import threading

import pytest

from functions import main
from functions.domain.kernel.errors import RefusedError
from functions.settings import API_MIN_INSTANCES
from functions.triggers.api.admission import AT_ONCE, RATIONED_AT_ONCE, Admission, leave
from functions.triggers.api.app import build_app
from functions.triggers.serving import SERVING, set_threads


def test_every_function_says_how_much_it_serves_at_once_and_how_many_instances_there_may_be() -> None:
    assert set(SERVING) == set(main.__all__)
    for name, serving in SERVING.items():
        endpoint = getattr(main, name).__firebase_endpoint__
        assert (endpoint.concurrency, endpoint.maxInstances) == (serving.at_once, serving.instances)


def test_the_api_is_kept_warm_by_a_parameter_that_is_off() -> None:
    minimum = vars(main)["api"].__firebase_endpoint__.minInstances
    assert (str(minimum), API_MIN_INSTANCES.value) == ("{{ params.API_MIN_INSTANCES }}", 0)


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"FUNCTION_TARGET": "api"}, "40"),
        ({"FUNCTION_TARGET": "snapshottenant"}, "1"),
        ({"FUNCTION_TARGET": "api", "THREADS": "3"}, "3"),
        ({"FUNCTION_TARGET": "somebody_elses"}, None),
        ({}, None),
    ],
)
def test_there_is_a_thread_for_every_request_an_instance_is_sent(
    environment: dict[str, str], threads: str | None
) -> None:
    set_threads(environment)
    assert environment.get("THREADS") == threads


def test_requests_that_may_be_slow_leave_threads_for_those_that_must_not_wait() -> None:
    assert SERVING["api"].at_once - AT_ONCE >= 16
    admission = Admission(at_once=3, cycles=1)
    cycle = admission.enter("ann", is_cycle=True)
    with pytest.raises(RefusedError, match="TOO_MANY_REQUESTS: too many requests at once"):
        admission.enter("bob", is_cycle=True)
    others = [admission.enter("bob", is_cycle=False) for _ in range(2)]
    with pytest.raises(RefusedError, match="TOO_MANY_REQUESTS"):
        admission.enter("cy", is_cycle=False)
    leave(cycle)
    assert admission.enter("bob", is_cycle=True), "and what was refused took no place"
    for places in others:
        leave(places)


def test_who_comes_too_often_waits_and_nobody_else_does() -> None:
    admission = Admission(per_minute=5)
    for _ in range(5):
        leave(admission.enter("ann", is_cycle=False))
    with pytest.raises(RefusedError, match="more than 5 requests a minute"):
        admission.enter("ann", is_cycle=False)
    leave(admission.enter("bob", is_cycle=False))


def test_previews_and_tests_of_channels_are_rationed_and_keep_nothing_else_waiting() -> None:
    admission = Admission(rationed_per_minute=5)
    taken = [admission.enter("ann", is_cycle=False, is_rationed=True) for _ in range(RATIONED_AT_ONCE)]
    with pytest.raises(RefusedError, match="too many requests at once"):
        admission.enter("bob", is_cycle=False, is_rationed=True)
    leave(admission.enter("bob", is_cycle=True))
    for places in taken:
        leave(places)
    leave(admission.enter("ann", is_cycle=False, is_rationed=True))
    with pytest.raises(RefusedError, match="more than 5 previews and tests a minute"):
        admission.enter("ann", is_cycle=False, is_rationed=True)
    leave(admission.enter("ann", is_cycle=False))
    leave(admission.enter("bob", is_cycle=False, is_rationed=True))


def test_what_costs_thousands_of_reads_or_a_senders_time_is_rationed() -> None:
    views = build_app().view_functions
    rationed = {name.rpartition(".")[2] for name, view in views.items() if getattr(view, "is_rationed", False)}
    assert rationed == {"preview_policy", "test_channel"}


def test_places_are_never_given_twice_to_racing_requests() -> None:
    admission, inside, most = Admission(at_once=4, per_minute=10_000), [0], [0]
    lock = threading.Lock()

    def come() -> None:
        for _ in range(100):
            try:
                places = admission.enter("ann", is_cycle=False)
            except RefusedError:
                continue
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with lock:
                inside[0] -= 1
            leave(places)

    threads = [threading.Thread(target=come) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < most[0] <= 4
