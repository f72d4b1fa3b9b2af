"""From the HTML of a document to clean HTML: interpreted as a tree, then through the allow-list."""

from collections.abc import Collection, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property

import nh3

from feeds.html import tree
from feeds.html.tree import TEXT, Node, inner_html, parse
from feeds.ingest.addresses import LINK_SCHEMES
from feeds.ingest.bodies.elements import OUR_ID, BodyLocation, Losses, keep_places
from feeds.ingest.bodies.exports import (
    remove_foreign_xml,
    rename_old_lists,
    tell_of_leftovers,
    unescaped,
    unwrap_bare,
    unwrap_unknown,
    without_cdata,
)
from feeds.ingest.bodies.formulas import write_formulas
from feeds.ingest.bodies.hidden import remove_hidden
from feeds.ingest.bodies.media import (
    mend_pictures,
    remove_controls,
    remove_empty_links,
    replace_embeds,
)
from feeds.ingest.bodies.styled_text import (
    interpret_directions,
    interpret_emphasis,
    interpret_lifting,
    interpret_line_breaks,
    keep_page_attributes,
    rename_old_pre,
    strike_deleted,
)
from feeds.ingest.characters import clean, is_blank, nfc_markup
from feeds.ingest.nesting import check_nesting
from feeds.model.text import fold

# A body from its source to a tree that says by elements alone what it means.

#: Formulas may be scripts, too; data about the page is missed by nobody.
_SCRIPTS = "script:not([type^='math/'])"
_NO_PROSE = ("style", "template", "noembed", "noframes")


# Without slots, so that it can remember the names.
@dataclass(frozen=True)
class Allowed:
    """What of a body may stay."""

    tags: frozenset[str]
    removed: frozenset[str]  #: with all that is in them; of other elements the content stays

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of `tags`, and those of their end tags."""
        return self.tags | {f"/{name}" for name in self.tags}


class BodyCleaner:
    """A body that is being read. Its tree is changed step by step."""

    def __init__(self, source: str, *, allowed: Allowed) -> None:
        """Parse *source*.

        Args:
            source: Without lone surrogates.
            allowed: What is to be left.

        Raises:
            DocumentRefused: It is nested so deeply that reading it is not worth its price.
        """
        self.losses = Losses()
        self.mended: list[str] = []  #: warnings of characters
        self._is_rebuilt = False
        self._allowed = allowed
        self._source = without_cdata(source, self.losses)
        self._names = check_nesting(self._source)
        self.root = tree.parse(self._source)
        if not self._names and "&" in self._source:
            self._unescape()
        if "&#" in self._source:
            self.mended += _clean_texts(self.root)

    def _unescape(self) -> None:
        self.root, written = unescaped(self.root, self.losses)
        if written is not None:
            self._source = written
            self._names = check_nesting(written)

    def interpret(self, place: BodyLocation) -> None:
        """Make elements of what its styles, scripts and embeds mean, or remove them.

        Raises:
            DocumentRefused: It has too many lines.
        """
        self._remove_junk()
        lowered = self._source.lower()
        has_style = "style" in lowered
        if has_style or "hidden" in lowered or self._has("dialog"):
            remove_hidden(self.root, self.losses)
        self._interpret_styles(has_style=has_style)
        self._replace_what_stays_behind(place)
        tell_of_leftovers(self.root, self._source, self.losses)
        self._unwrap()
        if self._has("a"):
            remove_empty_links(self.root)
            keep_places(self.root, self._source, page=place.page)
        unwrap_bare(self.root)

    def html(self) -> str:
        """What is left of it, as HTML."""
        return tree.inner_html(self.root)

    def _has(self, *names: str) -> bool:
        return not self._names.isdisjoint(names)

    def _remove(self, names: Collection[str]) -> None:
        if self._has(*names):
            for node in tree.find(self.root, ",".join(names)):
                tree.remove(node)

    def _remove_junk(self) -> None:
        if self._has("xml") or any(":" in name for name in self._names):
            remove_foreign_xml(self.root)
        if self._has("script"):
            for script in tree.find(self.root, _SCRIPTS):
                if "json" not in (tree.attribute(script, "type") or ""):
                    self.losses.removed(["script"])
                tree.remove(script)
        self._remove(_NO_PROSE)

    def _interpret_styles(self, *, has_style: bool) -> None:
        root = self.root
        if self._has("xmp", "listing", "plaintext"):
            rename_old_pre(root)
        if has_style and tree.find(root, "[style]"):
            interpret_emphasis(root)
            interpret_lifting(root)
            interpret_directions(root)
            interpret_line_breaks(root)
            self._is_rebuilt = True
        if self._has("del"):
            strike_deleted(root)

    def _replace_what_stays_behind(self, place: BodyLocation) -> None:
        root, losses = self.root, self.losses
        if self._has("math", "script"):
            write_formulas(root, losses)
        if self._has(*_EMBEDDING):
            replace_embeds(root, place, losses)
        if self._has(*_PICTURES):
            mend_pictures(root, place, losses)
        if self._has(*_FORM_CONTROLS):
            remove_controls(root, losses)
        self._is_rebuilt |= self._has("math", *_EMBEDDING, *_FORM_CONTROLS)

    def _unwrap(self) -> None:
        """Take away what says nothing by itself, and what must not stay."""
        self._remove(self._allowed.removed)
        if self._has("menu", "dir"):
            rename_old_lists(self.root)
        if self._has("body", "html"):
            keep_page_attributes(self.root)
        if not self._names <= self._allowed.names:
            unwrap_unknown(self.root, self._allowed.tags)
            self._is_rebuilt = True
        if self._is_rebuilt:
            # Elements may stand now where no parser would have put them: a block in a paragraph,
            # a link in a link. What is left is to be what everybody else reads.
            self.root = tree.parse(tree.inner_html(self.root))


_EMBEDDING = (
    "iframe", "embed", "object", "applet", "canvas", "svg", "amp-iframe", "amp-video", "video",
    "audio",
)  # fmt: skip
_PICTURES = ("img", "image", "picture", "amp-img")
_FORM_CONTROLS = ("form", "button", "select", "textarea", "input")


def _clean_texts(root: Node) -> Iterable[str]:
    """Clean what references have become: ``&#1;`` is no character, and a link of it is empty.

    Returns:
        Warnings.
    """
    whole = tree.text_of(root)
    if clean(whole, field="body", mended=[]) == whole:  # as nearly always
        return ()
    mended: list[str] = []
    for node in [node for node in tree.walk(root) if node.tag == TEXT]:
        text = tree.text_of(node)
        cleaned = clean(text, field="body", mended=mended)
        if cleaned != text:
            tree.replace(node, cleaned)
    return dict.fromkeys(mended)


# What a body shows: whether anything, and whether its title once more.


def drop_heading(root: Node, title: str) -> None:
    """Drop an ``<h1>`` at the head that only repeats *title*.

    Feed readers and our pages show the title above the body.
    """
    first = root.first_child
    while first is not None and first.tag == TEXT and not tree.text_of(first).strip():
        first = first.next
    if first is not None and first.tag == "h1":
        line = " ".join(tree.text_of(first).split())
        if fold(line) == fold(title):
            tree.remove(first)


def is_empty(root: Node) -> bool:
    """True when nothing of it can be seen: no word, picture, film or sound."""
    texts = (tree.text_of(node) for node in tree.walk(root) if node.tag == TEXT)
    return all(map(is_blank, texts)) and not tree.find(root, "img,video,audio")


# HTML bodies through the allow-list. The only importer of nh3.

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
_DIRECTION_CONTROLS = {"audio": {"controls": ""}, "video": {"controls": ""}}
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})


#: nh3 calls back for each attribute without telling of which body it is. A cleaner for each body
#: would do as well, but costs half as much again as the cleaning.
_PLACE: ContextVar[BodyLocation] = ContextVar("_PLACE")


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
    place = BodyLocation(base=url or f"{base_url}/", page=url)
    # Lone surrogates must go before: both parsers take their text as UTF-8.
    read = BodyCleaner(clean(body, field="body", mended=mended), allowed=_ALLOWED)
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
    set_tag_attribute_values=_DIRECTION_CONTROLS,
    link_rel=None,
    url_schemes=set(LINK_SCHEMES),
)
