"""A body from its source to a tree that says by elements alone what it means."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.bodies.deletions import strike_deleted
from feeds.ingest.bodies.directions import interpret_directions, keep_page_attributes
from feeds.ingest.bodies.embeds import remove_controls, replace_embeds
from feeds.ingest.bodies.emphasis import interpret_emphasis
from feeds.ingest.bodies.exports import (
    remove_foreign_xml,
    tell_of_leftovers,
    unescaped,
    without_cdata,
)
from feeds.ingest.bodies.formulas import write_formulas
from feeds.ingest.bodies.fragments import keep_places
from feeds.ingest.bodies.hidden import remove_hidden
from feeds.ingest.bodies.lifting import interpret_lifting
from feeds.ingest.bodies.line_breaks import interpret_line_breaks, rename_old_pre
from feeds.ingest.bodies.links import remove_empty_links
from feeds.ingest.bodies.losses import Losses
from feeds.ingest.bodies.pictures import mend_pictures
from feeds.ingest.bodies.places import Place
from feeds.ingest.bodies.wrappers import rename_old_lists, unwrap_bare, unwrap_unknown
from feeds.ingest.characters import clean
from feeds.ingest.nesting import check_nesting

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


class Body:
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

    def interpret(self, place: Place) -> None:
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

    def _replace_what_stays_behind(self, place: Place) -> None:
        root, losses = self.root, self.losses
        if self._has("math", "script"):
            write_formulas(root, losses)
        if self._has(*_EMBEDDING):
            replace_embeds(root, place, losses)
        if self._has(*_PICTURES):
            mend_pictures(root, place, losses)
        if self._has(*_CONTROLS):
            remove_controls(root, losses)
        self._is_rebuilt |= self._has("math", *_EMBEDDING, *_CONTROLS)

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
_CONTROLS = ("form", "button", "select", "textarea", "input")


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
