"""Pieces compressed one by one make one gzip member, whose bytes depend on nothing else."""

import gzip
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.feed import Format
from feeds.render import deflate_segment, frame, join_segments, render_fragment
from tests.support.rendering import SITE, head_of, sample_entries

PIECES = st.lists(st.binary(max_size=300), max_size=8)


def member(pieces: Sequence[bytes]) -> bytes:
    before = [b"", *pieces]
    parts = [deflate_segment(piece, before[number]) for number, piece in enumerate(pieces)]
    return join_segments(parts, b"".join(pieces))


@given(PIECES)
def test_what_goes_in_comes_out(pieces: list[bytes]) -> None:
    assert gzip.decompress(member(pieces)) == b"".join(pieces)


@given(PIECES)
def test_it_is_one_member_without_name_and_time(pieces: list[bytes]) -> None:
    """RFC 1952 2.3.1: magic, deflate, no flags, no time; then nothing after the one member."""
    compressed = member(pieces)
    assert compressed[:8] == b"\x1f\x8b\x08\x00" + bytes(4)
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(compressed) == b"".join(pieces)
    assert (reader.eof, reader.unused_data) == (True, b"")


def test_a_piece_longer_than_the_window_is_remembered_by_its_end() -> None:
    long = bytes(range(256)) * 200
    assert gzip.decompress(member([long, long[-1000:], long])) == long + long[-1000:] + long


@pytest.mark.parametrize("feed_format", Format)
def test_a_release_more_leaves_all_stretches_but_two_as_they_were(feed_format: Format) -> None:
    entries = [render_fragment(one, feed_format, SITE) for one in sample_entries(8)]
    pieces = frame(head_of(feed_format), feed_format, SITE).pieces(entries)[1:-1]
    fewer = frame(head_of(feed_format), feed_format, SITE).pieces(entries[1:])[1:-1]
    stretches = [deflate_segment(p, b) for p, b in zip(pieces, [b"", *entries], strict=False)]
    before = [deflate_segment(p, b) for p, b in zip(fewer, [b"", *entries[1:]], strict=False)]
    assert stretches[2:] == before[1:]
