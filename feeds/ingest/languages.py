"""Language tags: well-formed, and spelled as the registry does."""

import re

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown

#: RFC 5646 section 2.1, ``langtag``, without language subtags of four letters and more: none is
#: registered, and "english" would be one.
_LANGTAG = re.compile(
    r"""
    [a-z]{2,3} (?:-[a-z]{3}){0,3}       # language, extended language
    (?:-[a-z]{4})?                      # script
    (?:-(?:[a-z]{2}|[0-9]{3}))?         # region
    (?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*  # variants
    (?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*      # extensions
    (?:-x(?:-[a-z0-9]{1,8})+)?          # private use
    """,
    re.VERBOSE,
)

#: RFC 5646 section 4.4.1 asks for room for 35; extensions may be longer.
MAX_TAG_CHARS = 100


def read_language(text: str, *, mended: list[str]) -> str:
    """A BCP 47 tag in the case that RFC 5646 section 2.1.1 recommends.

    Args:
        text: As the document has it; ``pt_BR`` is mended to ``pt-BR``.
        mended: Gets warnings.

    Raises:
        DocumentRefused: It is no well-formed tag.
    """
    tag = text.strip().replace("_", "-")
    if len(tag) > MAX_TAG_CHARS or not tag.isascii() or not _LANGTAG.fullmatch(tag.lower()):
        raise DocumentRefused(
            f"language is not a BCP 47 tag: {shown(text)}",
            remedy="write it as en, pt-BR or zh-Hant",
            field="language",
        )
    if "_" in text:
        mended.append(f"language: {shown(text.strip())} read as {tag!r}")
    return _cased(tag)


def _cased(tag: str) -> str:
    subtags = tag.lower().split("-")
    after_singleton = False
    for position, subtag in enumerate(subtags):
        if position and not after_singleton:
            # "all 2-letter subtags are in upper case and all 4-letter subtags are in title
            # case, unless they are at the start or occur after singletons"
            subtags[position] = {2: subtag.upper, 4: subtag.title}.get(len(subtag), subtag.lower)()
        after_singleton = after_singleton or len(subtag) == 1
    return "-".join(subtags)
