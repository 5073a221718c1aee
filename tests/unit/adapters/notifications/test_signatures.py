"""Keys that anybody could guess sign nothing and prove nothing."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from functions.adapters.notifications.signatures import TOLERANCE_SECONDS, is_signed, key_of, signature, signing_keys


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_blank_secret_of_the_deployment_is_no_key(text: str) -> None:
    assert signing_keys(text) == ()


@pytest.mark.parametrize("text", ["[]", " [ ] ", '["new", " "]', '[ "new", ""]', '["new"'])
def test_a_list_without_keys_or_with_a_blank_one_is_refused_and_is_no_key_itself(text: str) -> None:
    with pytest.raises(ValueError, match="not a list of keys"):
        signing_keys(text)


@pytest.mark.parametrize("text", ['[ "new", "old" ]', '[\n  "new",\n  "old"\n]\n'])
def test_a_list_is_one_however_it_is_laid_out(text: str) -> None:
    assert signing_keys(text) == ("new", "old")


@pytest.mark.parametrize("text", ["[key", "{key}", "a,b"])
def test_another_text_is_one_key(text: str) -> None:
    assert signing_keys(text) == (text,)


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_a_receiver_without_a_secret_takes_no_forgery(secret: str) -> None:
    forged = hmac.new(b"", b"1000.{}", hashlib.sha256).hexdigest()
    with pytest.raises(ValueError, match="the secret is empty"):
        is_signed(secret, f"t=1000,v1={forged}", b"{}", now=1_000)


@pytest.mark.parametrize("secret", ["whsec_?", "whsec_a", "whsec_YQ=\n"])
def test_a_malformed_secret_is_told(secret: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - base64's own words
        key_of(secret)


def test_an_old_or_early_signature_and_a_header_with_more_than_one_are_refused() -> None:
    good = signature("s3cret", b"{}", 1_000)
    assert is_signed("s3cret", good, b"{}", now=1_000 + TOLERANCE_SECONDS)
    for header, now in ((good, 1_301), (good, 699), (f"{good},{good}", 1_000), (f"{good}\n", 1_000), ("", 1_000)):
        assert not is_signed("s3cret", header, b"{}", now)
