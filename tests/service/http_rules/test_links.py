"""The Link header field: RFC 8288 section 3."""

from feeds.model.feed import Link
from service.http_rules import link_field


def test_a_document_announces_itself_and_its_hubs() -> None:
    """WebSub 4: one self, one hub or more."""
    links = [Link(rel="self", href="https://a.example/x.atom"), Link(rel="hub", href="https://h/")]
    assert link_field(links) == '<https://a.example/x.atom>; rel="self", <https://h/>; rel="hub"'


def test_no_address_breaks_out_of_its_brackets() -> None:
    """A URI-Reference between < and >; header fields are ASCII."""
    field = link_field([Link(rel="hub", href='https://h/ü?a="b"&c=%20>, <x>\r\nSet-Cookie: no')])
    assert field == (
        '<https://h/%C3%BC?a=%22b%22&c=%20%3E,%20%3Cx%3E%0D%0ASet-Cookie:%20no>; rel="hub"'
    )
