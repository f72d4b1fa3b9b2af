"""The body of a release as its page shows it.

Headings continue those of the page, wide tables scroll, and notes to editors stand apart.
"""

import re

from feeds.html import tree

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
