"""The body of a release as its page shows it, and the pictures and files beside it.

Headings continue those of the page, wide tables scroll, and notes to editors stand apart.
"""

import re

from feeds.html import tree
from feeds.model.release import Content, Enclosure
from service.web.page_language import noted

#: What cannot be in a body without one of these is not looked for in a tree.
_MAY_NEED_CHANGE = re.compile(
    r"<h[1-6]|<table|edit|redak|rédac|redac|редакт|محرر|编|編|編集|致", re.IGNORECASE
)

#: How press offices head what is not to be printed but helps those who print, by language.
_NOTES = (
    r"(notes?|information) (to|for) (the )?editors?",
    r"editors?['’]?s? notes?",
    r"notes? (aux|à la|à l['’]attention des?|pour les) rédact(ions?|eurs?)",
    r"(hinweise?|anmerkung(en)?|informationen) (für|an) (die )?redaktion(en)?",
    r"notas? (a|para) (los |las |la )?(editor(es)?|redac(tores|ción|ciones))",
    r"ملاحظ(ة|ات) (لل|إلى ال)محررين",
    r"(примечани[ея]|информация|к сведению)( для)? редактор(ов|ам)",
    r"(编者注|编辑备注|编辑须知|致编辑|給編輯的備註)",
)
_NOTES_HEADING = re.compile(rf"(?:{'|'.join(_NOTES)})\s*[:：.]?", re.IGNORECASE)

#: Longer paragraphs are no headings.
_MAX_HEADING_CHARS = 60


def page_body(html: str, *, table_label: str) -> str:
    """Returns the body for a page: the same words in the same order.

    Args:
        html: The clean body of a release, from the store.
        table_label: What a screen reader calls a table that can be scrolled.
    """
    if not _MAY_NEED_CHANGE.search(html):
        return html
    body = tree.parse(html)
    changed = _order_headings(body)
    changed |= _wrap_tables(body, table_label)
    changed |= _set_notes_apart(body)
    return tree.inner_html(body) if changed else html


def _order_headings(body: tree.Node) -> bool:
    """Makes headings begin below the page's title and go down one level at a time.

    WCAG's technique G141: people who read by headings take a level that is left out for a part
    that they have missed.
    """
    above: list[int] = []
    changed = False
    for heading in tree.find(body, "h1,h2,h3,h4,h5,h6"):
        written = _level(heading) or 1
        while above and above[-1] >= written:
            above.pop()
        above.append(written)
        level = min(len(above) + 1, 6)
        if level != written:
            tree.rename(heading, f"h{level}")
            changed = True
    return changed


def _wrap_tables(body: tree.Node, label: str) -> bool:
    """Puts each outer table into a box that scrolls, also by keyboard."""
    outer = [
        table
        for table in tree.find(body, "table")
        if all(above.tag != "table" for above in tree.ancestors(table))
    ]
    for table in outer:
        box = tree.wrap(table, "div")
        attributes = {"class": "scroller", "role": "group", "aria-label": label, "tabindex": "0"}
        for name, value in attributes.items():
            tree.set_attribute(box, name, value)
    return bool(outer)


def _set_notes_apart(body: tree.Node) -> bool:
    """Puts notes to editors into a section: up to a heading that is as high, or to the end."""
    heading = next(filter(_heads_notes, tree.children(body)), None)
    if heading is None:
        return False
    section = tree.new(body, "section", {"class": "notes"})
    tree.insert_before(heading, section)
    level = _level(heading)
    node: tree.Node | None = heading
    while node is not None:
        following = node.next
        tree.append(section, node)
        node = following
        if node is not None and level is not None and (_level(node) or level + 1) <= level:
            break
    return True


def _heads_notes(node: tree.Node) -> bool:
    if _level(node) is None and node.tag != "p":
        return False
    text = " ".join(tree.text_of(node).split())
    return len(text) <= _MAX_HEADING_CHARS and _NOTES_HEADING.fullmatch(text) is not None


def _level(node: tree.Node) -> int | None:
    """Returns the level of a heading; None for everything else."""
    found = re.fullmatch(r"h([1-6])", node.tag or "")
    return None if found is None else int(found[1])


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


#: The greatest height of a picture above the text: 34rem in ``newsroom.css``.
_LEAD_HEIGHT = 544


def size_on_page(width: int, height: int) -> tuple[int, int]:
    """Returns width and height of a picture above the text, in CSS pixels, where there is room."""
    factor = min(1.0, _LEAD_HEIGHT / height)
    return max(round(width * factor), 1), max(round(height * factor), 1)


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
