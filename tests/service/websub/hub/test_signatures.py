"""``X-Hub-Signature`` (WebSub 7.1), held to the vectors of RFC 2202 and RFC 4231."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.websub.hub.distributor import signature

METHODS = ("sha1", "sha256", "sha384", "sha512")


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        pytest.param("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", id="RFC 2202, case 2"),
        pytest.param(
            "sha256",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            id="RFC 4231, case 2",
        ),
    ],
)
def test_known_answers(method: str, expected: str) -> None:
    assert signature(method, "Jefe", b"what do ya want for nothing?") == f"{method}={expected}"


@given(
    secret=st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=199),
    body=st.binary(max_size=5000),
    method=st.sampled_from(METHODS),
)
def test_a_subscriber_comes_to_the_same(secret: str, body: bytes, method: str) -> None:
    theirs = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    assert signature(method, secret, body) == f"{method}={theirs}"


def test_other_bytes_have_another_signature() -> None:
    assert signature("sha256", "s", b"a") != signature("sha256", "s", b"b")
    assert signature("sha256", "s", b"a") != signature("sha256", "t", b"a")
