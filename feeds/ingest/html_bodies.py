"""HTML bodies through the allow-list. The only importer of nh3."""

from contextvars import ContextVar

import nh3

from feeds.html.tree import inner_html, parse
from feeds.ingest.addresses import LINK_SCHEMES
from feeds.ingest.bodies.fragments import OUR_ID
from feeds.ingest.bodies.interpreting import Allowed, Body
from feeds.ingest.bodies.places import Place
from feeds.ingest.bodies.showing import drop_heading, is_empty
from feeds.ingest.characters import clean
from feeds.ingest.markup import nfc_markup

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
#: ``class``, ``style`` and ``on*`` are missing on purpose: they mean nothing, or harm, in another
#: page. Of ``id`` only those stay that a link in the body leads to.
_ATTRIBUTES = {
    "*": {"id", "lang", "dir", "title"},
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
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})


#: nh3 calls back for each attribute without telling of which body it is. A cleaner for each body
#: would do as well, but costs half as much again as the cleaning.
_PLACE: ContextVar[Place] = ContextVar("_PLACE")


def clean_html(
    body: str, *, url: str | None, base_url: str, mended: list[str], title: str | None = None
) -> str:
    """*Body* as safe HTML in NFC, every address in it absolute; empty when it shows nothing.

    Args:
        body: HTML as it came: any tags, unclosed ones too.
        url: The document's own address, if it has one; relative links start there.
        base_url: Where they start if it has none; without a slash at the end.
        mended: Gets warnings.
        title: A heading at the head that only repeats it is dropped.

    Raises:
        DocumentRefused: *body* is nested so deeply that reading it is not worth its price.
    """
    place = Place(base=url or f"{base_url}/", page=url)
    # Lone surrogates must go before: both parsers take their text as UTF-8.
    read = Body(clean(body, field="body", mended=mended), allowed=_ALLOWED)
    read.interpret(place)
    if title is not None:
        drop_heading(read.root, title)
    mended += [*read.mended, *read.losses.warnings()]
    if is_empty(read.root):
        return ""
    token = _PLACE.set(place)
    try:
        cleaned = _CLEANER.clean(read.html())
    finally:
        _PLACE.reset(token)
    # In attributes a reference such as ``&#xFFFE;`` has become its character; no named one does.
    if "&#" in body:
        cleaned = clean(cleaned, field="body", mended=mended)
    # On the text, not on the tree: what composes with a tag is seen where both stand side by side.
    return nfc_markup(cleaned.strip())


def settled(markup: str, *, title: str) -> str:
    """Clean HTML of which something was taken out, as `clean_html` would have left the rest."""
    root = parse(markup)
    drop_heading(root, title)
    return "" if is_empty(root) else nfc_markup(inner_html(root).strip())


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """What becomes of an attribute: its value, another one, or None when it goes."""
    if name in {"src", "cite", "poster"}:
        return _PLACE.get().file(value)
    if name == "srcset":
        return _PLACE.get().files(value)
    if name == "dir":
        return value.lower() if value.lower() in _DIRECTIONS else None
    if name == "id":
        return value if OUR_ID.match(value) else None
    if name != "href":
        return value
    # What leads to a place in the body was made so when its tree was read.
    return value if value[:1] == "#" and OUR_ID.match(value[1:]) else _PLACE.get().link(value)


_ALLOWED = Allowed(tags=_TAGS, removed=_REMOVED)
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_REMOVED),
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    set_tag_attribute_values=_CONTROLS,
    link_rel=None,
    url_schemes=set(LINK_SCHEMES),
)
