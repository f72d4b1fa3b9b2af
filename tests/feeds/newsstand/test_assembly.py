"""What is remembered of earlier documents saves work and changes no byte."""

import gzip
import random

import pytest

from feeds import render
from feeds.newsstand.assembly import (
    OVERHEAD_BYTES,
    DocumentParts,
    GzipAssembler,
    unknown_bytes,
)
from feeds.store.documents import Fragment


def entry(number: int, size_bytes: int = 4000) -> Fragment:
    random_fraction = random.Random(number)
    words = [b"treaty", b"budget", b"minister", b"water", b"\xc2\xab", b"%d" % number]
    body = b" ".join(random_fraction.choice(words) for _ in range(size_bytes // 6))
    return Fragment(fingerprint=f"{number:032x}", body=body)


def parts(*numbers: int, size_bytes: int = 4000, date: bytes = b"") -> DocumentParts:
    entries = [entry(number, size_bytes) for number in numbers]
    frame = render.Frame(
        head=b"<head at='%s'>" % date + b"<title>" * 20, between=b",\n", tail=b"</tail>", date=date
    )
    bodies = [one.body or b"" for one in entries]
    return DocumentParts(frame=frame, entries=entries, bodies=bodies)


def bound(assembler: GzipAssembler, laid_out: DocumentParts) -> bytes:
    return assembler.assemble(laid_out, laid_out.document(), assembler.known(laid_out))


def unknown(assembler: GzipAssembler, laid_out: DocumentParts) -> int:
    return unknown_bytes(laid_out, assembler.known(laid_out))


SHEETS = [
    pytest.param([parts(*range(1, 15)), parts(*range(15))], id="one more at the top"),
    pytest.param([parts(*range(15)), parts(*range(1, 15))], id="the first one gone"),
    pytest.param([parts(*range(15)), parts(*range(14, -1, -1))], id="turned round"),
    pytest.param([parts(*range(15)), parts(7, *range(7), *range(8, 15))], id="one moved up"),
]


@pytest.mark.parametrize("editions", SHEETS)
def test_memory_changes_no_byte(editions: list[DocumentParts]) -> None:
    remembering = GzipAssembler()
    for laid_out in editions:
        compressed = bound(remembering, laid_out)
        assert compressed == bound(GzipAssembler(), laid_out)
        assert gzip.decompress(compressed) == laid_out.document()


def test_a_release_more_costs_its_own_entry_and_the_one_that_it_pushes_down() -> None:
    assembler, before, after = GzipAssembler(), parts(*range(1, 15)), parts(*range(15))
    assert unknown(assembler, before) == sum(map(len, before.bodies))
    bound(assembler, before)
    assert unknown(assembler, before) == 0
    assert unknown(assembler, after) == sum(map(len, after.bodies[:2]))


def test_a_short_document_is_compressed_as_a_whole() -> None:
    assembler, short = GzipAssembler(), parts(1, 2, 3, size_bytes=1000)
    assert bound(assembler, short) == render.compress(short.document())
    assert unknown(assembler, short) > 0


def test_memory_is_bounded_and_the_stretch_used_longest_ago_goes() -> None:
    one, other = parts(*range(15)), parts(*range(20, 35))
    assembler = GzipAssembler(max_bytes=len(bound(GzipAssembler(), one)) + 18 * OVERHEAD_BYTES)
    bound(assembler, one)
    assert unknown(assembler, one) == 0
    bound(assembler, other)
    assert unknown(assembler, other) == 0
    assert unknown(assembler, one) > 0


def test_a_head_with_another_date_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assembler, compressed = GzipAssembler(), list[bytes]()
    deflate = render.deflate_segment

    def deflated(piece: bytes, before: bytes = b"") -> bytes:
        compressed.append(piece)
        return deflate(piece, before)

    monkeypatch.setattr(render, "deflate_segment", deflated)
    for number, date in enumerate((b"2026-03-02T12:00:00Z", b"2026-03-02T12:00:01Z")):
        laid_out = parts(*range(15), date=date)
        assert gzip.decompress(bound(assembler, laid_out)) == laid_out.document()
        assert bool(compressed) is (number == 0)
        compressed.clear()
