"""The place where a film was taken, which is taken out of it, and nothing else."""

import struct
from io import BytesIO

import pytest

from feeds.media.films import take_out_place_of_film
from tests.feeds.media.test_pictures import XMP

PLACE = b"+46.9480+007.4474+540.000/"
XMP_TYPE = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def box(kind: bytes, *content: bytes) -> bytes:
    """A box (ISO 14496-12 section 4.2)."""
    whole = b"".join(content)
    return struct.pack(">I", 8 + len(whole)) + kind + whole


def large(kind: bytes, *content: bytes) -> bytes:
    """A box whose size has 64 bits."""
    whole = b"".join(content)
    return b"\0\0\0\1" + kind + struct.pack(">Q", 16 + len(whole)) + whole


def keyed(*, is_plain: bool, **values: bytes) -> bytes:
    """QuickTime's metadata: keys by name, and their values."""
    names = [f"com.apple.quicktime.{name.replace('__', '.')}".encode() for name in values]
    keys = b"".join(box(b"mdta", name) for name in names)
    items = b"".join(
        box(struct.pack(">I", number), box(b"data", b"\0\0\0\1\0\0\0\0", value))
        for number, value in enumerate(values.values(), 1)
    )
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(12))
    return box(
        b"meta",
        b"" if is_plain else bytes(4),
        handler,
        box(b"keys", bytes(4), struct.pack(">I", len(names)), keys),
        box(b"ilst", items),
    )


def track(sample: bytes, *content: bytes) -> bytes:
    formats = box(b"stsd", bytes(4), struct.pack(">I", 1), box(sample, bytes(8), *content))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", formats))))


def film(*boxes: bytes) -> bytes:
    return box(b"ftyp", b"qt  ", bytes(4)) + box(b"moov", *boxes) + box(b"mdat", b"the picture")


USER_DATA = box(b"\xa9xyz", struct.pack(">HH", len(PLACE), 0x15C7), PLACE)
LOCI = box(b"loci", bytes(6), b"Bern\0\0", struct.pack(">iii", 487808, 3075440, 0), b"Earth\0\0")
TITLE = box(b"\xa9nam", struct.pack(">HH", 4, 0), b"Film")
ITUNES = box(
    b"meta",
    bytes(4),
    box(b"hdlr", bytes(8), b"mdir", bytes(12)),
    box(
        b"ilst",
        box(b"\xa9nam", box(b"data", b"\0\0\0\1\0\0\0\0", b"Film")),
        box(b"\xa9xyz", box(b"data", b"\0\0\0\1\0\0\0\0", PLACE)),
    ),
)
MAKE = {"make": b"A maker", "location__ISO6709": PLACE, "location__accuracy__horizontal": b"4.7"}


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([box(b"udta", USER_DATA, TITLE, bytes(4))], id="user data"),
        pytest.param([box(b"trak", box(b"udta", USER_DATA)), TITLE], id="of a track"),
        pytest.param([box(b"udta", LOCI, TITLE)], id="3gpp"),
        pytest.param([box(b"udta", ITUNES)], id="itunes"),
        pytest.param([keyed(is_plain=True, **MAKE)], id="quicktime"),
        pytest.param([keyed(is_plain=False, **MAKE)], id="iso"),
        pytest.param([box(b"uuid", XMP_TYPE, XMP)], id="xmp"),
        pytest.param([large(b"udta", USER_DATA, TITLE)], id="64 bits"),
    ],
)
def test_the_place_of_a_film_is_taken_out_and_no_byte_moves(boxes: list[bytes]) -> None:
    content = film(track(b"avc1"), *boxes)
    file = BytesIO(content)
    places = take_out_place_of_film(file)
    assert (places.is_taken_out, places.has_track) == (True, False)
    after = file.getvalue()
    assert len(after) == len(content)
    for said in (PLACE, b"Bern", struct.pack(">ii", 487808, 3075440), b"4.7", b"52,31.2N"):
        assert said not in after
    for said in (b"Film", b"A maker", b'dc:rights="Ours"', box(b"mdat", b"the picture")):
        assert (said in after) is (said in content)
    # Where something is in the file stays true, and nothing is left to take out.
    assert after.index(b"mdat") == content.index(b"mdat")
    assert not take_out_place_of_film(file).is_taken_out
    assert file.getvalue() == after


def test_a_film_without_a_place_stays_as_it_is() -> None:
    others = [box(b"udta", TITLE), keyed(is_plain=True, make=b"A maker"), track(b"avc1")]
    for content in (film(*others), film(track(b"mebx", b"mdtacom.apple.quicktime.faces"))):
        file = BytesIO(content)
        places = take_out_place_of_film(file)
        assert (places.is_taken_out, places.has_track) == (False, False)
        assert file.getvalue() == content


def test_a_track_of_places_is_told_and_stays() -> None:
    key = b"mdtacom.apple.quicktime.location.ISO6709"
    for tracks in (track(b"gpmd"), track(b"camm"), track(b"mebx", key)):
        file = BytesIO(film(track(b"avc1"), tracks, box(b"udta", USER_DATA)))
        places = take_out_place_of_film(file)
        assert (places.is_taken_out, places.has_track) == (True, True)


def test_damaged_films_do_no_harm() -> None:
    """Cut off anywhere, or with any byte changed, they are read to their end and stay as long."""
    whole = film(box(b"udta", USER_DATA, ITUNES), keyed(is_plain=False, **MAKE), track(b"gpmd"))
    for end in range(len(whole)):
        file = BytesIO(whole[:end])
        take_out_place_of_film(file)
        assert len(file.getvalue()) == end
    for at in range(len(whole)):
        for value in (0x00, 0x01, 0xFF):
            file = BytesIO(whole[:at] + bytes([value]) + whole[at + 1 :])
            take_out_place_of_film(file)
            assert len(file.getvalue()) == len(whole)
    # Boxes in boxes, and very many of them.
    deep = b""
    for _ in range(2_000):
        deep = box(b"udta", deep)
    take_out_place_of_film(BytesIO(film(deep)))
    take_out_place_of_film(BytesIO(film(box(b"udta", box(b"free") * 100_000, USER_DATA))))
