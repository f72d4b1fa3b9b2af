"""What is remembered of earlier documents saves work and changes no byte."""

import gzip
import random

import pytest

from feeds import render
from feeds.newsstand.bindery import FRAME_BYTES, Bindery, Sheet
from feeds.store.fragments import Fragment

BETWEEN = b",\n"


def entry(number: int, size_bytes: int = 4000) -> Fragment:
    chance = random.Random(number)
    words = [b"treaty", b"budget", b"minister", b"water", b"\xc2\xab", b"%d" % number]
    body = b" ".join(chance.choice(words) for _ in range(size_bytes // 6))
    return Fragment(fingerprint=f"{number:032x}", body=body)


def sheet(*numbers: int, size_bytes: int = 4000) -> Sheet:
    entries = [entry(number, size_bytes) for number in numbers]
    bodies = [one.body or b"" for one in entries]
    following = [BETWEEN + body for body in bodies[1:]]
    return Sheet(pieces=[b"<head>", *bodies[:1], *following, b"</tail>"], entries=entries)


def bound(bindery: Bindery, laid_out: Sheet) -> bytes:
    return bindery.bind(laid_out, laid_out.document())


SHEETS = [
    pytest.param([sheet(*range(1, 15)), sheet(*range(15))], id="one more at the top"),
    pytest.param([sheet(*range(15)), sheet(*range(1, 15))], id="the first one gone"),
    pytest.param([sheet(*range(15)), sheet(*range(14, -1, -1))], id="turned round"),
    pytest.param([sheet(*range(15)), sheet(7, *range(7), *range(8, 15))], id="one moved up"),
]


@pytest.mark.parametrize("editions", SHEETS)
def test_memory_changes_no_byte(editions: list[Sheet]) -> None:
    remembering = Bindery()
    for laid_out in editions:
        compressed = bound(remembering, laid_out)
        assert compressed == bound(Bindery(), laid_out)
        assert gzip.decompress(compressed) == laid_out.document()


def test_a_release_more_costs_its_own_entry_and_the_one_that_it_pushes_down() -> None:
    bindery, before, after = Bindery(), sheet(*range(1, 15)), sheet(*range(15))
    assert bindery.unknown_bytes(before) == sum(map(len, before.pieces[1:-1]))
    bound(bindery, before)
    assert bindery.unknown_bytes(before) == 0
    assert bindery.unknown_bytes(after) == sum(map(len, after.pieces[1:3]))


def test_a_short_document_is_compressed_as_a_whole() -> None:
    bindery, short = Bindery(), sheet(1, 2, 3, size_bytes=1000)
    assert bound(bindery, short) == render.compress(short.document())
    assert bindery.unknown_bytes(short) > 0


def test_memory_is_bounded_and_the_stretch_used_longest_ago_goes() -> None:
    one, other = sheet(*range(15)), sheet(*range(20, 35))
    bindery = Bindery(max_bytes=len(bound(Bindery(), one)) + 16 * FRAME_BYTES)
    bound(bindery, one)
    assert bindery.unknown_bytes(one) == 0
    bound(bindery, other)
    assert bindery.unknown_bytes(other) == 0
    assert bindery.unknown_bytes(one) > 0


def test_pieces_and_entries_must_fit() -> None:
    with pytest.raises(ValueError, match="1 entries do not make 2 pieces"):
        Sheet(pieces=[b"<head>", b"</tail>"], entries=[entry(1)])
