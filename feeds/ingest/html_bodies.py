"""HTML bodies through the allow-list. The only importer of nh3."""

import re
from contextvars import ContextVar
from dataclasses import dataclass

import nh3

from feeds.ingest.addresses import FETCH_SCHEMES, LINK_SCHEMES, absolute, absolute_srcset
from feeds.ingest.characters import clean
from feeds.ingest.markup import nfc_markup
from feeds.ingest.nesting import check_nesting

_TAGS = frozenset(
    """
    a abbr acronym article aside audio b bdi bdo blockquote br caption center cite code col
    colgroup dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr
    i img ins kbd li mark ol p picture pre q rp rt ruby s samp section small source span strike
    strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video wbr
    """.split()  # noqa: SIM905
)
#: Removed with everything in them: their content is no prose. Of all other unknown elements the
#: content stays; ``form`` is one of these, as some sites wrap every page in one.
_REMOVED = frozenset(
    """
    applet button canvas embed head iframe math noembed noframes object script select style svg
    template textarea title
    """.split()  # noqa: SIM905
)
#: Those of the removed that a reader may miss, with those that are unwrapped.
_MISSED = frozenset({"applet", "embed", "form", "iframe", "math", "object", "script", "svg"})

#: ``class``, ``style``, ``id`` and ``on*`` are missing on purpose: they mean nothing, or harm,
#: in another page. Without ``id`` there is no place in the body that a link could lead to.
_ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    "audio": {"src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"start", "reversed", "type"},
    "q": {"cite"},
    "source": {"src", "srcset", "sizes", "media", "type", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope", "abbr"},
    "time": {"datetime"},
    "video": {"src", "poster", "width", "height"},
}
#: A film without them cannot be started.
_CONTROLS = {"audio": {"controls": ""}, "video": {"controls": ""}}
#: What is left of a picture whose address was not usable (``data:``, most often).
_EMPTY_IMAGE = re.compile(r'<(?:img|source)(?: (?!src(?:set)?=)[a-z]+="[^"]*")*>')
#: Its content is text to a parser that knows scripts, as nh3's does; but to a reader without them,
#: as ours are, it is what is to be shown: pictures, most often.
_NOSCRIPT = re.compile("</?noscript[^>]*>", re.IGNORECASE)
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the body that is being cleaned stands."""

    base: str
    is_page: bool  #: *base* is the document's own page


#: nh3 calls back for each attribute without telling of which body it is. A cleaner for each body
#: would do as well, but costs half as much again as the cleaning.
_PLACE: ContextVar[_Place] = ContextVar("_PLACE")


def clean_html(body: str, *, url: str | None, base_url: str, mended: list[str]) -> str:
    """*Body* as safe HTML in NFC, every address in it absolute.

    Args:
        body: HTML as it came: any tags, unclosed ones too.
        url: The document's own address, if it has one; relative links start there.
        base_url: Where they start if it has none; without a slash at the end.
        mended: Gets warnings.

    Raises:
        DocumentRefused: *body* is nested so deeply that reading it is not worth its price.
    """
    names = check_nesting(body)
    if missed := sorted(_MISSED.intersection(names)):
        mended.append(f"body: removed {', '.join(f'<{name}>' for name in missed)}")
    if "noscript" in names:
        body = _NOSCRIPT.sub("", body)
    place = _PLACE.set(_Place(url or f"{base_url}/", is_page=url is not None))
    try:
        # Lone surrogates must go before: nh3 takes its text as UTF-8.
        cleaned = _CLEANER.clean(clean(body, field="body", mended=mended))
    finally:
        _PLACE.reset(place)
    cleaned = _EMPTY_IMAGE.sub("", cleaned)
    # A reference such as ``&#xFFFE;`` has become its character by now; no named one does that.
    if "&#" in body:
        cleaned = clean(cleaned, field="body", mended=mended)
    return nfc_markup(cleaned.strip())


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """What becomes of an attribute: its value, another one, or None when it goes."""
    if name in {"src", "cite", "poster"}:
        return absolute(value, base=_PLACE.get().base, schemes=FETCH_SCHEMES)
    if name == "srcset":
        return absolute_srcset(value, base=_PLACE.get().base)
    if name == "dir":
        return value.lower() if value.lower() in _DIRECTIONS else None
    return _link(value, _PLACE.get()) if name == "href" else value


def _link(value: str, place: _Place) -> str | None:
    # "#notes" means a place on the original page. A reader has no such page before him, so the
    # link leads there if we know where it is, and is none otherwise.
    if value.lstrip().startswith("#") and not place.is_page:
        return None
    return absolute(value, base=place.base)


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_REMOVED),
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    set_tag_attribute_values=_CONTROLS,
    link_rel=None,
    url_schemes=set(LINK_SCHEMES),
)
