"""What a hub is told."""

from service.outbound import Credentials
from service.websub.ping_sender import PLAIN, RSSCLOUD, PingFormat

ATOM = "https://news.example.org/feeds/all.atom"
RSS = "https://news.example.org/feeds/all.rss"


def test_a_ping_is_the_customary_form() -> None:
    """PubSubHubbub Core 0.3 section 7.1, to which WebSub section 6 leaves it."""
    assert PLAIN.form([ATOM]) == [("hub.mode", "publish"), ("hub.url", ATOM)]


def test_the_topic_may_stand_under_several_names() -> None:
    assert PingFormat(topic_fields=("hub.url", "hub.topic")).form([ATOM]) == [
        ("hub.mode", "publish"),
        ("hub.url", ATOM),
        ("hub.topic", ATOM),
    ]


def test_several_topics_repeat_the_field() -> None:
    """PubSubHubbub Core 0.3 section 7.1: "the field may be repeated"."""
    assert PLAIN.form([ATOM, RSS]) == [
        ("hub.mode", "publish"),
        ("hub.url", ATOM),
        ("hub.url", RSS),
    ]


def test_what_else_a_hub_wants_comes_last_once() -> None:
    ping_format = PingFormat(extra_fields=(("source", "newsroom"), ("v", "2")))
    assert ping_format.form([ATOM, RSS])[-3:] == [
        ("hub.url", RSS),
        ("source", "newsroom"),
        ("v", "2"),
    ]


def test_an_rsscloud_server_is_told_the_address_alone() -> None:
    """http://scripting.com/opmlHowto/dave/rssCloud/walkthrough.html"""
    assert RSSCLOUD.form([RSS]) == [("url", RSS)]


def test_credentials_are_as_rfc_7617_has_them_and_print_without_the_password() -> None:
    aladdin = Credentials("Aladdin", "open sesame")
    assert aladdin.authorization == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    # Section 2.1, in UTF-8: "test" and "123£".
    assert Credentials("test", "123\u00a3").authorization == "Basic dGVzdDoxMjPCow=="
    assert "sesame" not in repr(PingFormat(credentials=aladdin))
