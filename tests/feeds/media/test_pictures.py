"""The size of pictures, and the place that is taken out of them, and nothing else."""

import struct
from io import BytesIO
from zlib import crc32

from feeds.media.pictures import size_in_pixels, take_out_place
from tests.support.pictures import PNG, exif, jpeg, png, webp

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="52,31.2N" '
    b'dc:rights="Ours"><exif:GPSLongitude>13,24.5E</exif:GPSLongitude></rdf:Description>'
    b"</x:xmpmeta>"
)
#: What the blocks above and below say of a place.
PLACE = [b"GPSLatitude", b"52,31.2N", b"13,24.5E", b"WGS-84", struct.pack(">II", 52, 1)]
KEPT = b"A Photographer"


def cleaned(content: bytes, media_type: str) -> bytes:
    file = BytesIO(content)
    assert take_out_place(file, media_type)
    assert not take_out_place(file, media_type)  # nothing is left
    return file.getvalue()


def test_the_place_is_taken_out_and_nothing_else() -> None:
    for order in (">", "<"):
        block = exif(author=KEPT, has_place=True, orientation=6, order=order)
        pictures = {
            "image/jpeg": jpeg(40, 30, (0xE1, b"Exif\0\0" + block)),
            "image/png": png(40, 30, (b"eXIf", block)),
            "image/webp": webp(40, 30, (b"EXIF", block)),
            "image/tiff": block,
            "image/avif": b"\0\0\0\x10ftypavif\0\0\0\0" + b"Exif\0\0" + block,
        }
        for media_type, content in pictures.items():
            assert b"WGS-84" in content, media_type
            after = cleaned(content, media_type)
            assert len(after) == len(content)
            assert not any(part in after for part in PLACE if order == ">" or b"-" in part)
            assert KEPT in after
            file = BytesIO(after)
            assert size_in_pixels(file, media_type) == size_in_pixels(BytesIO(content), media_type)


def test_the_place_in_xmp_is_taken_out() -> None:
    pictures = {
        "image/jpeg": jpeg(40, 30, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)),
        "image/png": png(40, 30, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        "image/webp": webp(40, 30, (b"XMP ", XMP)),
    }
    for media_type, content in pictures.items():
        after = cleaned(content, media_type)
        assert len(after) == len(content)
        assert not any(part in after for part in PLACE[:3]), media_type
        assert b'dc:rights="Ours"' in after


def test_a_png_stays_whole() -> None:
    block = exif(author=KEPT, has_place=True)
    after = cleaned(png(4, 3, (b"eXIf", block)), "image/png")
    offset = 8
    while offset < len(after):
        [size] = struct.unpack(">I", after[offset : offset + 4])
        content = after[offset + 4 : offset + 8 + size]
        [said] = struct.unpack(">I", after[offset + 8 + size : offset + 12 + size])
        assert said == crc32(content), content[:4]
        offset += 12 + size


def test_pictures_without_a_place_stay_as_they_are() -> None:
    block = exif(author=KEPT, has_place=False)
    pictures = [
        (PNG, "image/png"),
        (jpeg(4, 3, (0xE1, b"Exif\0\0" + block)), "image/jpeg"),
        (jpeg(4, 3), "image/jpeg"),
        (b"%PDF-1.7", "application/pdf"),
    ]
    for content, media_type in pictures:
        file = BytesIO(content)
        assert not take_out_place(file, media_type)
        assert file.getvalue() == content


def test_sizes_are_as_the_picture_is_shown() -> None:
    turned = exif(author=KEPT, has_place=False, orientation=6)
    sizes: list[tuple[bytes, str, tuple[int, int] | None]] = [
        (png(640, 480), "image/png", (640, 480)),
        (jpeg(640, 480), "image/jpeg", (640, 480)),
        (jpeg(640, 480, (0xE1, b"Exif\0\0" + turned)), "image/jpeg", (480, 640)),
        (webp(640, 480), "image/webp", (640, 480)),
        (b"GIF89a" + struct.pack("<HH", 640, 480) + b";", "image/gif", (640, 480)),
        (
            b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14),
            "image/webp",
            (640, 480),
        ),
        (
            b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480),
            "image/webp",
            (640, 480),
        ),
        (
            b"\0\0\0\x10ftypavif" + b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", 640, 480),
            "image/avif",
            (640, 480),
        ),
        (b"%PDF-1.7", "application/pdf", None),
    ]
    for content, media_type, size in sizes:
        assert size_in_pixels(BytesIO(content), media_type) == size, (content[:16], media_type)


def test_damaged_pictures_do_no_harm() -> None:
    """Cut off anywhere, or with any byte of their tables changed, they are read to their end."""
    whole = jpeg(40, 30, (0xE1, b"Exif\0\0" + exif(author=KEPT, has_place=True)))
    for end in range(2, len(whole)):
        file = BytesIO(whole[:end])
        take_out_place(file, "image/jpeg")
        size_in_pixels(file, "image/jpeg")
        assert len(file.getvalue()) == end
    for at in range(2, 160):
        for value in (0x00, 0xFF):
            file = BytesIO(whole[:at] + bytes([value]) + whole[at + 1 :])
            take_out_place(file, "image/jpeg")
            size_in_pixels(file, "image/jpeg")
            assert len(file.getvalue()) == len(whole)
