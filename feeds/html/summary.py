"""A release's summary, where its document gives none: the beginning of its running text."""

import re
import unicodedata
from dataclasses import replace
from itertools import dropwhile

from feeds.html.blocks import Block, Place, one_line
from feeds.html.furniture import is_furniture, without_label
from feeds.html.quotes import is_marked, quotation_marks
from feeds.html.reading import blocks_of
from feeds.html.tree import Node, find, text_of

#: A paragraph that says something; datelines and bylines are shorter.
_TELLING_CHARS = 60
#: Chinese, Japanese and Korean say in one character what takes three letters elsewhere.
_DENSE = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_DENSITY = 3

_PARAGRAPH_END = re.compile("\n[\n ]*\n")

#: What is no place to part a word at.
_JOINING = frozenset("\u200d\ufe0e\ufe0f\u2060")


def summary_of(body: Node, *, language: str, max_chars: int) -> str:
    """Make a summary of *body*: its first telling paragraph, cut at a word.

    Captions, tables, asides, quotations and headings are passed over, and so are contacts, credits
    and lines such as "For immediate release". Any of these counts where there is nothing else.

    Args:
        body: A tree of clean HTML.
        language: Of the release, BCP 47.
        max_chars: The most characters that come back, the ellipsis among them.
    """
    passed_over: list[Block] = []
    short: list[str] = []
    for block in blocks_of(body, language=language, is_summary=True):
        if block.place is not Place.RUNNING:
            passed_over.append(block)
            continue
        for paragraph in _PARAGRAPH_END.split(block.text):
            text = _without_furniture(paragraph)
            if _is_telling(text):
                return shortened(text, max_chars=max_chars)
            if text:
                short.append(text)
            else:
                passed_over.append(block)
    best = _best_of(short, passed_over, language)
    # What is left are the words that stand for pictures.
    best = best or one_line(blocks_of(body, language=language))
    return shortened(best, max_chars=max_chars)


def was_made_of(summary: str, body: Node) -> bool:
    """True when *summary* is what former versions made of *body*: a paragraph, or its beginning.

    They lost quotation marks and kept what was struck, so letters and digits are compared alone.
    """
    said, is_cut = _letters(summary), summary.endswith("…")
    texts = (_letters(text_of(each)) for each in (*find(body, "p"), body))
    return any(text == said or (is_cut and text.startswith(said)) for text in texts)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _best_of(short: list[str], others: list[Block], language: str) -> str:
    """What says most, where no paragraph of the running text says enough."""
    listed = one_line(
        each for each in others if each.place is Place.LISTED and not is_furniture(each.text)
    )
    quoted = [_cited(each, language) for each in others if each.place is Place.QUOTED]
    for text in (" ".join(short), listed, *quoted):
        if _is_telling(text):
            return text
    return next(filter(None, (*short, listed, *quoted)), "") or one_line(others)


def _cited(block: Block, language: str) -> str:
    """A quotation, with marks: without, its words would be the newsroom's own."""
    text = one_line([replace(block, start="")])
    if is_marked(text):
        return text
    opening, closing = quotation_marks(language, 0)
    return f"{opening}{text}{closing}"


def _without_furniture(paragraph: str) -> str:
    """The lines of *paragraph* as one, without those at its head that only say what it is."""
    lines = [line.strip(" ") for line in paragraph.split("\n")]
    return without_label(" ".join(dropwhile(is_furniture, filter(None, lines))))


def _is_telling(text: str) -> bool:
    if len(text) >= _TELLING_CHARS:
        return True
    dense = 0 if text.isascii() else len(_DENSE.findall(text))
    return len(text) + (_DENSITY - 1) * dense >= _TELLING_CHARS


def shortened(text: str, *, max_chars: int) -> str:
    """*Text*, or as many of its first whole words as fit, with an ellipsis.

    White space at its ends goes, no-break spaces too: readers of feeds take it away anyhow.
    """
    text = text.strip()
    if len(text) <= max_chars:
        return text
    head, space, _ = text[:max_chars].rpartition(" ")
    # Chinese, Japanese and Thai have no spaces; there a word boundary is not to be found
    # without a dictionary, and a cut inside the line is what their readers are used to.
    if not space or len(head) < max_chars // 2:
        head = text[: max_chars - 1]
        while head and _is_joined(head[-1], text[len(head)]):
            head = head[:-1]
    return f"{head.rstrip(' ,;:–—-')}…"


def _is_joined(before: str, after: str) -> bool:
    """True when the two are one character to a reader, or parts of one."""
    return unicodedata.category(after)[0] == "M" or not _JOINING.isdisjoint((before, after))
