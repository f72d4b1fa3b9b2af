"""Which pictures of a release its page and lists show, and what kinds of files are called."""

from feeds.model.release import Content, Enclosure
from service.web.page_language import noted

#: Types that all browsers show.
_SHOWN_TYPES = {
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/svg+xml",
}  # fmt: skip

#: The largest picture that a page shows by itself. Press pictures for print have tens of megabytes:
#: a page shows their small picture, if there is one.
MAX_LEAD_BYTES = 3_000_000

#: The largest picture that a list of releases shows if there is no small one.
MAX_THUMBNAIL_BYTES = 200_000


def lead_picture(content: Content) -> Enclosure | None:
    """Returns the first picture of a release, if its page shows it above the text.

    A picture that stands in the text already is not shown twice.
    """
    picture = share_picture(content)
    return None if picture is None or picture.url in content.body else picture


def share_picture(content: Content) -> Enclosure | None:
    """Returns the first picture of a release, if a browser can show it."""
    picture = _first_picture(content)
    return None if picture is None or picture_address(picture) is None else picture


def picture_address(picture: Enclosure) -> str | None:
    """Returns the address of a picture as a page shows it; None if no browser would show it."""
    if picture.media_type in _SHOWN_TYPES and picture.length_bytes <= MAX_LEAD_BYTES:
        return picture.url
    return picture.thumbnail


def thumbnail(content: Content) -> str | None:
    """Returns the address of the small picture of a release for lists, if it has one."""
    picture = _first_picture(content)
    return None if picture is None else file_thumbnail(picture)


def file_thumbnail(file: Enclosure) -> str | None:
    """Returns the address of the small picture of a file, or of a picture that is small itself."""
    if file.thumbnail is not None:
        return file.thumbnail
    is_small = file.length_bytes <= MAX_THUMBNAIL_BYTES
    return file.url if is_small and file.media_type in _SHOWN_TYPES else None


def _first_picture(content: Content) -> Enclosure | None:
    return next((each for each in content.enclosures if each.media_type.startswith("image/")), None)


#: What people call kinds of files, by media type.
_KINDS = {
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/epub+zip": "EPUB",
    "application/rtf": "RTF",
    "application/json": "JSON",
    "application/xml": "XML",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.oasis.opendocument.text": "OpenDocument",
    "application/vnd.oasis.opendocument.spreadsheet": "OpenDocument",
    "application/vnd.oasis.opendocument.presentation": "OpenDocument",
    "application/postscript": "EPS",
    "audio/mpeg": "MP3",
    "audio/mp4": "M4A",
    "audio/x-m4a": "M4A",
    "audio/ogg": "Ogg",
    "audio/wav": "WAV",
    "image/jpeg": "JPEG",
    "image/svg+xml": "SVG",
    "image/tiff": "TIFF",
    "text/calendar": noted("Calendar"),
    "text/csv": "CSV",
    "text/html": noted("Web page"),
    "text/plain": noted("Text"),
    "video/mp4": "MP4",
    "video/quicktime": "MOV",
    "video/webm": "WebM",
}

#: For types that nobody knows by name.
_BY_GROUP = {
    "audio": noted("Audio"),
    "image": noted("Picture"),
    "video": noted("Video"),
}
_FILE = noted("File")


def file_kind(media_type: str) -> str:
    """Returns what people call a kind of file, in English: ``PDF``, ``JPEG``, ``Audio``."""
    media_type = media_type.partition(";")[0].strip().lower()
    group, _, kind = media_type.partition("/")
    if media_type in _KINDS:
        return _KINDS[media_type]
    if group == "image" and kind.isalpha():
        return kind.upper()
    return _BY_GROUP.get(group, _FILE)
