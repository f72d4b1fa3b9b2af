import gzip
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.edition import Entry
from feeds.model.feed import Format, Window
from feeds.render import assemble, compress, decompress, digest, render_fragment
from tests.support.rendering import SITE, head_of, sample_entries, sample_newsrooms


def document(feed_format: Format, entries: Sequence[Entry]) -> bytes:
    """A document as large as a feed's window lets it grow."""
    fragments: list[bytes] = []
    size = 0
    for entry in entries:
        fragment = render_fragment(entry, feed_format, SITE)
        size += len(fragment)
        if fragments and size > Window().bytes:
            break
        fragments.append(fragment)
    return assemble(head_of(feed_format), feed_format, SITE, fragments)


@given(st.binary())
def test_what_goes_in_comes_out(data: bytes) -> None:
    assert decompress(compress(data)) == data
    assert gzip.decompress(compress(data)) == data


def test_it_is_one_member_without_name_and_time() -> None:
    """RFC 1952 2.3.1: magic, deflate, no flags, no time; then nothing after the one member."""
    compressed = compress(b"<feed/>" * 100)
    assert compressed[:8] == b"\x1f\x8b\x08\x00" + bytes(4)
    reader = zlib.decompressobj(wbits=31)
    reader.decompress(compressed)
    assert reader.eof
    assert reader.unused_data == b""


def test_damage_is_seen() -> None:
    compressed = bytearray(compress(b"<feed/>" * 100))
    compressed[-6] ^= 1  # in the check sum
    with pytest.raises(zlib.error):
        decompress(bytes(compressed))


@pytest.mark.parametrize("feed_format", Format)
def test_the_faster_library_costs_at_most_12_percent_in_size(feed_format: Format) -> None:
    for entries in sample_newsrooms(20).values():
        whole = document(feed_format, entries)
        assert len(compress(whole)) <= 1.12 * len(gzip.compress(whole, 6))


def test_threads_compress_side_by_side_and_alike() -> None:
    documents = [document(feed_format, sample_entries(5)) for feed_format in Format] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(compress, documents)) == [compress(each) for each in documents]


def test_a_digest_names_the_bytes() -> None:
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb924"
    assert digest(b"a") != digest(b"b")
