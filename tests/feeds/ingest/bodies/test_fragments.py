"""Anchors that links in the body lead to are kept, with new ids."""

import re

from tests.feeds.ingest.bodies.cleaning import PAGE, cleaned

NOTE = (
    '<p>a<a href="#_ftn1" name="_ftnref1">[1]</a></p>'
    '<p id="_ftn1"><a href="#_ftnref1">[1]</a> b</p>'
)


def test_a_footnote_and_the_way_back() -> None:
    body = cleaned(NOTE)
    (beginning,) = set(re.findall(r'"#?(n[0-9a-f]{8}-)', body))
    assert body.replace(beginning, "X") == (
        '<p>a<a href="#X_ftn1" id="X_ftnref1">[1]</a></p>'
        '<p id="X_ftn1"><a href="#X_ftnref1">[1]</a> b</p>'
    )
    assert cleaned(NOTE, url=None) == body
    assert cleaned(body) == body


def test_two_bodies_share_no_place() -> None:
    places = [set(re.findall(r'id="([^"]+)"', cleaned(NOTE + end))) for end in ("", "<p>c</p>")]
    assert len(places[0]) == len(places[1]) == 2
    assert not places[0] & places[1]


def test_ids_that_no_link_leads_to_go() -> None:
    assert cleaned('<p id="a">x</p><p id="n01234567-b">y</p><a href="#c">z</a>') == (
        f'<p>x</p><p>y</p><a href="{PAGE}#c">z</a>'
    )
    assert cleaned('<a href="#n01234567-b">z</a>', url=None) == "<a>z</a>"


def test_a_link_to_the_own_page_is_a_link_to_the_body() -> None:
    body = cleaned(f'<a href="{PAGE}#n%C3%A4">x</a><p id="nä">y</p><p id="nä">z</p>')
    (place,) = re.findall(r'<p id="([^"]+)">y</p>', body)
    assert f'<a href="#{place}">x</a>' in body
    assert "<p>z</p>" in body


def test_a_place_whose_element_goes_stays() -> None:
    body = cleaned(
        '<p>a<a name="x"></a>b <a href="#x">c</a> <a href="#y">d</a></p><o:p id=y>e</o:p>'
    )
    assert re.fullmatch(
        r'<p>a<span id="(n\w{8}-x)"></span>b <a href="#\1">c</a> <a href="#(n\w{8}-y)">d</a></p>'
        r'<span id="\2"></span>e',
        body,
    )


def test_a_place_in_what_is_hidden_is_none() -> None:
    assert cleaned('<a href="#x">a</a><p hidden id="x">b</p>', url=None) == "<a>a</a>"
