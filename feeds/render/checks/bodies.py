"""The addresses in a body of HTML."""

from html.parser import HTMLParser

#: Attributes that hold one address.
_ADDRESS = frozenset({"action", "background", "cite", "data", "href", "poster", "src"})


def addresses_in(body: str) -> list[str]:
    """Every address in *body*, of links, pictures, films and citations, in its order."""
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        for name, value in attrs:
            if name in _ADDRESS:
                self.found.append(value or "")
            elif name == "srcset":
                self.found += _candidates(value or "")


def _candidates(srcset: str) -> list[str]:
    """The addresses of ``srcset``: each begins a piece, a width or density may follow.

    HTML, "srcset attributes": a comma inside an address is not followed by white space.
    """
    pieces = (piece.split() for piece in srcset.replace(",\n", ", ").split(", "))
    return [piece[0] for piece in pieces if piece]
