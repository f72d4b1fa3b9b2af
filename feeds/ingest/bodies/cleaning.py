"""Cleans the HTML of a document: interprets it as a tree, then applies the allow-list."""

from collections.abc import Collection, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property

import nh3

from feeds.html import tree
from feeds.html.tree import TEXT, Node, inner_html, parse
from feeds.ingest.addresses import LINK_SCHEMES
from feeds.ingest.bodies.elements import OUR_ID, BodyLocation, Losses, keep_anchors
from feeds.ingest.bodies.exports import (
    remove_foreign_xml,
    rename_old_lists,
    unescaped,
    unwrap_bare,
    unwrap_unknown,
    warn_of_leftovers,
    without_cdata,
)
from feeds.ingest.bodies.formulas import write_formulas
from feeds.ingest.bodies.hidden import remove_hidden
from feeds.ingest.bodies.media import (
    remove_controls,
    remove_empty_links,
    repair_pictures,
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

# Interpretation: the body becomes a tree whose elements alone express its meaning.

#: Scripts, except formulas. Data about the page is removed without a warning.
_SCRIPTS = "script:not([type^='math/'])"
_NO_PROSE = ("style", "template", "noembed", "noframes")


# Without slots, because of the cached property.
@dataclass(frozen=True)
class Allowed:
    """The elements that may stay in a body."""

    tags: frozenset[str]
    removed: frozenset[str]  #: removed with their content; other elements are unwrapped

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of `tags`, and of their end tags."""
        return self.tags | {f"/{name}" for name in self.tags}


class BodyCleaner:
    """One body while it is cleaned. Its tree is changed step by step."""

    def __init__(self, source: str, *, allowed: Allowed) -> None:
        """Parses *source*.

        Args:
            source: HTML without lone surrogates.
            allowed: The elements that may stay.

        Raises:
            DocumentRefused: *source* is nested so deeply that parsing it would cost too much.
        """
        self.losses = Losses()
        self.warnings: list[str] = []  #: warnings about characters
        self._is_rebuilt = False
        self._allowed = allowed
        self._source = without_cdata(source, self.losses)
        self._names = check_nesting(self._source)
        self.root = tree.parse(self._source)
        if not self._names and "&" in self._source:
            self._unescape()
        if "&#" in self._source:
            self.warnings += _clean_texts(self.root)

    def _unescape(self) -> None:
        self.root, written = unescaped(self.root, self.losses)
        if written is not None:
            self._source = written
            self._names = check_nesting(written)

    def interpret(self, location: BodyLocation) -> None:
        """Replaces or removes styles, scripts and embeds; elements then express what they meant.

        Raises:
            DocumentRefused: The body has too many lines.
        """
        self._remove_junk()
        lowered = self._source.lower()
        has_style = "style" in lowered
        if has_style or "hidden" in lowered or self._has("dialog"):
            remove_hidden(self.root, self.losses)
        self._interpret_styles(has_style=has_style)
        self._replace_embedded(location)
        warn_of_leftovers(self.root, self._source, self.losses)
        self._unwrap()
        if self._has("a"):
            remove_empty_links(self.root)
            keep_anchors(self.root, self._source, page=location.page)
        unwrap_bare(self.root)

    def html(self) -> str:
        """Returns the tree as HTML."""
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
                    self.losses.add_removed(["script"])
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

    def _replace_embedded(self, location: BodyLocation) -> None:
        root, losses = self.root, self.losses
        if self._has("math", "script"):
            write_formulas(root, losses)
        if self._has(*_EMBEDDING):
            replace_embeds(root, location, losses)
        if self._has(*_PICTURES):
            repair_pictures(root, location, losses)
        if self._has(*_FORM_CONTROLS):
            remove_controls(root, losses)
        self._is_rebuilt |= self._has("math", *_EMBEDDING, *_FORM_CONTROLS)

    def _unwrap(self) -> None:
        """Removes elements that are not allowed, and unwraps those without meaning."""
        self._remove(self._allowed.removed)
        if self._has("menu", "dir"):
            rename_old_lists(self.root)
        if self._has("body", "html"):
            keep_page_attributes(self.root)
        if not self._names <= self._allowed.names:
            unwrap_unknown(self.root, self._allowed.tags)
            self._is_rebuilt = True
        if self._is_rebuilt:
            # Elements may now be where no parser would put them, such as a block in a paragraph or
            # a link in a link. Parsing again gives the tree that every reader will see.
            self.root = tree.parse(tree.inner_html(self.root))


_EMBEDDING = (
    "iframe", "embed", "object", "applet", "canvas", "svg", "amp-iframe", "amp-video", "video",
    "audio",
)  # fmt: skip
_PICTURES = ("img", "image", "picture", "amp-img")
_FORM_CONTROLS = ("form", "button", "select", "textarea", "input")


def _clean_texts(root: Node) -> Iterable[str]:
    """Cleans characters that came from references: ``&#1;`` is not a character.

    A link that contains nothing else is empty afterwards.

    Returns:
        Warnings.
    """
    whole = tree.text_of(root)
    if clean(whole, field="body", warnings=[]) == whole:  # the usual case
        return ()
    warnings: list[str] = []
    for node in [node for node in tree.walk(root) if node.tag == TEXT]:
        text = tree.text_of(node)
        cleaned = clean(text, field="body", warnings=warnings)
        if cleaned != text:
            tree.replace(node, cleaned)
    return dict.fromkeys(warnings)


# The visible content: a heading that repeats the title, and empty bodies.


def drop_heading(root: Node, title: str) -> None:
    """Removes an ``<h1>`` at the beginning that only repeats *title*.

    Feed readers and our own pages show the title above the body.
    """
    first = root.first_child
    while first is not None and first.tag == TEXT and not tree.text_of(first).strip():
        first = first.next
    if first is not None and first.tag == "h1":
        line = " ".join(tree.text_of(first).split())
        if fold(line) == fold(title):
            tree.remove(first)


def is_empty(root: Node) -> bool:
    """Whether nothing is visible: no word, picture, video or audio."""
    texts = (tree.text_of(node) for node in tree.walk(root) if node.tag == TEXT)
    return all(map(is_blank, texts)) and not tree.find(root, "img,video,audio")


# Sanitising: the allow-list. The only importer of nh3.

_TAGS = frozenset(
    """
    a abbr acronym article aside audio b bdi bdo blockquote br caption center cite code col
    colgroup dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr
    i img ins kbd li mark ol p picture pre q rp rt ruby s samp section small source span strike
    strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video wbr
    """.split()  # noqa: SIM905
)
#: Removed with their content, which is not prose. Other unknown elements are unwrapped; so is
#: ``form``, which some sites put around every page.
_REMOVED = frozenset(
    """
    applet button canvas embed head iframe math noembed noframes object script select style svg
    template textarea title
    """.split()  # noqa: SIM905
)
#: ``class``, ``style`` and ``on*`` are missing on purpose: in another page they are meaningless or
#: harmful. An ``id`` stays only if a link in the body leads to it.
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
#: Without controls a video cannot be started.
_MEDIA_CONTROLS = {"audio": {"controls": ""}, "video": {"controls": ""}}
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})


#: nh3 calls the attribute filter without saying which body it is cleaning. One cleaner per body
#: would also work, but adds half to the cleaning time.
_LOCATION: ContextVar[BodyLocation] = ContextVar("_LOCATION")


def clean_html(
    body: str, *, url: str | None, base_url: str, warnings: list[str], title: str | None = None
) -> str:
    """Returns *body* as safe HTML in NFC with absolute addresses; empty when nothing is visible.

    Args:
        body: HTML as received, with any tags, unclosed ones included.
        url: The document's own address, if there is one: the base of relative links.
        base_url: The base of relative links otherwise; without a slash at the end.
        warnings: Receives warnings.
        title: The title; a heading at the beginning that only repeats it is removed.

    Raises:
        DocumentRefused: *body* is nested so deeply that parsing it would cost too much.
    """
    location = BodyLocation(base=url or f"{base_url}/", page=url)
    # Removes lone surrogates first: both parsers take UTF-8.
    read = BodyCleaner(clean(body, field="body", warnings=warnings), allowed=_ALLOWED)
    read.interpret(location)
    if title is not None:
        drop_heading(read.root, title)
    warnings += [*read.warnings, *read.losses.warnings()]
    if is_empty(read.root):
        return ""
    token = _LOCATION.set(location)
    try:
        cleaned = _CLEANER.clean(read.html())
    finally:
        _LOCATION.reset(token)
    # References in attributes have become characters, such as ``&#xFFFE;``; no named reference
    # yields a forbidden one.
    if "&#" in body:
        cleaned = clean(cleaned, field="body", warnings=warnings)
    # On the text and not on the tree: only there a tag and a character that composes with it are
    # adjacent.
    return nfc_markup(cleaned.strip())


def clean_remainder(markup: str, *, title: str) -> str:
    """Returns clean HTML from which something was removed, as `clean_html` would have left it."""
    root = parse(markup)
    drop_heading(root, title)
    return "" if is_empty(root) else nfc_markup(inner_html(root).strip())


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """Returns the new value of an attribute; None to remove it."""
    if name in {"src", "cite", "poster"}:
        return _LOCATION.get().file(value)
    if name == "srcset":
        return _LOCATION.get().files(value)
    if name == "dir":
        return value.lower() if value.lower() in _DIRECTIONS else None
    if name == "id":
        return value if OUR_ID.match(value) else None
    if name != "href":
        return value
    # Links to an anchor in the body were set when its tree was interpreted.
    return value if value[:1] == "#" and OUR_ID.match(value[1:]) else _LOCATION.get().link(value)


_ALLOWED = Allowed(tags=_TAGS, removed=_REMOVED)
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_REMOVED),
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    set_tag_attribute_values=_MEDIA_CONTROLS,
    link_rel=None,
    url_schemes=set(LINK_SCHEMES),
)
