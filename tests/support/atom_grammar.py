"""The grammar of RFC 4287, appendix B, with the rules that it holds as annotations."""

from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from tests.support.parsers import NAMESPACES, root_of

GRAMMAR = Path(__file__).parents[1] / "data" / "rfc4287" / "atom.rng"


def assert_valid(document: bytes) -> None:
    """AssertionError, with the place and the reason, when *document* breaks the grammar."""
    root = root_of(document)
    assert _grammar().validate(root), _grammar().error_log
    assert not find(root, "//atom:entry[not(atom:link[@rel='alternate'] or atom:content)]")
    assert not find(root, "//atom:entry[not(atom:author or ../atom:author)]")


def find(root: Any, path: str) -> list[Any]:
    """What an XPath finds, with the usual prefixes."""
    return list(root.xpath(path, namespaces=NAMESPACES))


@cache
def _grammar() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(GRAMMAR))
