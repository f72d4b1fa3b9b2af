"""How a representation travels: RFC 9110 section 12.5.3."""

import pytest

from service.http_rules import MAX_ACCEPT_CHARS, Coding, choose_coding

IDENTITY, GZIP, BROTLI, ZSTD = Coding.IDENTITY, Coding.GZIP, Coding.BROTLI, Coding.ZSTD
ALL = (BROTLI, ZSTD, GZIP)


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        pytest.param(None, IDENTITY, id="no field"),
        pytest.param("", IDENTITY, id="empty: nothing but identity"),
        pytest.param("gzip", GZIP, id="gzip"),
        pytest.param("GZIP", GZIP, id="codings are case-insensitive"),
        pytest.param("x-gzip", GZIP, id="the old name"),
        pytest.param("deflate, gzip;q=0.8", GZIP, id="second choice"),
        pytest.param("gzip;q=0.1", GZIP, id="better than what is not named"),
        pytest.param("gzip; q = 0.5", GZIP, id="blanks"),
        pytest.param("gzip;q=0", IDENTITY, id="refused"),
        pytest.param("gzip;q=0.000", IDENTITY, id="refused with three digits"),
        pytest.param("deflate, compress", IDENTITY, id="only what we have not"),
        pytest.param("gzip;q=0.5, identity", IDENTITY, id="identity liked better"),
        pytest.param("gzip, identity", GZIP, id="a tie with identity"),
        pytest.param("*", BROTLI, id="anything: the smallest"),
        pytest.param("*;q=0.5, identity", IDENTITY, id="anything, but identity first"),
        pytest.param("br;q=0, *", ZSTD, id="anything but one"),
        pytest.param("gzip;q=0, br;q=0, zstd;q=0, *", IDENTITY, id="anything but all of ours"),
        pytest.param("identity;q=0", None, id="not as it is, and nothing else named"),
        pytest.param("identity;q=0, gzip", GZIP, id="not as it is"),
        pytest.param("identity;q=0, *", BROTLI, id="anything, but not as it is"),
        pytest.param("deflate, identity;q=0", None, id="only what we have not, not as it is"),
        pytest.param("*;q=0", None, id="nothing"),
        pytest.param("*;q=0, identity", IDENTITY, id="nothing but identity"),
        pytest.param("*;q=0, gzip", GZIP, id="nothing but gzip"),
        pytest.param("gzip;q=yes", IDENTITY, id="a weight that is none"),
        pytest.param("gzip;q=2", IDENTITY, id="a weight too large"),
        pytest.param("identity;q=no", IDENTITY, id="a refusal that is none"),
        pytest.param("gzip, deflate, br, zstd", BROTLI, id="a browser: the smallest"),
        pytest.param("gzip, deflate, zstd", ZSTD, id="without brotli"),
        pytest.param("br;q=0.8, gzip;q=0.9", GZIP, id="what the client likes best"),
        pytest.param("br;q=0.8, zstd;q=0.9, gzip;q=0.7", ZSTD, id="by weight, not by order"),
        pytest.param("gzip" + " " * MAX_ACCEPT_CHARS, IDENTITY, id="too long to be honest"),
    ],
)
def test_what_a_client_likes_best_travels(
    accept_encoding: str | None, expected: Coding | None
) -> None:
    assert choose_coding(accept_encoding, ALL) is expected


def test_only_what_there_is_travels() -> None:
    assert choose_coding("br, gzip;q=0.5", (GZIP,)) is GZIP
    assert choose_coding("*", ()) is IDENTITY
    assert choose_coding("br, identity;q=0", (GZIP,)) is None
