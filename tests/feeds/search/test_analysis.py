"""Words and terms of texts in all kinds of scripts."""

import pytest

from feeds.errors import InvalidSearch
from feeds.model.release import Content, Release, ReleaseId, SourceKey
from feeds.search.analysis import terms_and_units, terms_in_order, tokens
from feeds.search.excerpts import MAX_CHARS, excerpt, marked
from feeds.search.query import parse_query
from feeds.search.terms import terms_of
from tests.support.newsrooms import NOON, draft

#: Text, and its terms in order.
TERMS = {
    "Stuttgart/München, l'État; COVID-19": "stuttgart munchen l etat covid 19",
    "Straße Łódź Tromsø İstanbul ısı Œuvre Điện": "strasse lodz tromso istanbul isi oeuvre dien",
    "e\u0301te\u0301 ＡＢＣ １２ ﬁn x²": "ete abc 12 fin x2",
    "Ψυχή ΌΣΟΣ Киёв": "ψυχη οσοσ киев",
    # Accents are dropped; vowel signs are letters, whether Unicode calls them accents or not.
    "हिन्दी दान বাংলা தமிழ்": "हिन्दी दान বাংলা தமிழ்",
    "مُحَمَّد محـــمد أإآ مدرسة موسى کی ٢٠٢٦": "محمد محمد ااا مدرسه موسي كي 2026",
    "بيان البيان والبيان بالبيان للبيان الله اليد": "بيان بيان بيان بيان بيان الله اليد",
    "می\u200cخواهم שָׁלוֹם": "ميخواهم שלום",
    "floods Ministères news press Paris": "flood ministere news press pari",
    # Units: every two that are neighbours.
    "東京都知事2020年": "東京 京都 都知 知事 2020 年",
    "ｶﾞﾝ ガン がん": "ガン ガン がん",
    "서울에서 2026": "서울 울에 에서 2026",
    "ไทย วันที่ ๒๕": "ไท ทย วัน นที่ 25",
    "co\u00adop foo_bar C++ 5G": "coop foo bar c 5g",
}  # fmt: skip


@pytest.mark.parametrize("text", TERMS)
def test_terms_of_texts(text: str) -> None:
    assert " ".join(terms_in_order(list(tokens(text)))) == TERMS[text]


#: What is typed, and the conditions made of it: phrases in brackets.
QUERIES = {
    "floods  München": "flood munchen",
    '"human rights" council': "[human right] council",
    "„Rat der Stadt“ heute": "[rat der stadt] heute",
    "« droits » loi": "droit loi",
    "COVID-19 l'État": "[covid 19] [l etat]",
    '"never closed phrase': "[never closed phrase]",
    "東京都 年 2020年": "[東京 京都] 年 2020",
    "a a A": "a",
    "%20 -": "20",
}


@pytest.mark.parametrize("text", QUERIES)
def test_conditions_of_searches(text: str) -> None:
    conditions = [" ".join(each.terms) for each in parse_query(text).conditions]
    assert " ".join(f"[{one}]" if " " in one else one for one in conditions) == QUERIES[text]


@pytest.mark.parametrize("text", ["", "  ", "?! „“ – %", "a" * 201, " ".join(map(str, range(70)))])
def test_searches_that_cannot_be_answered(text: str) -> None:
    with pytest.raises(InvalidSearch):
        parse_query(text)


def _shown(parts: object) -> str:
    return "".join(f"[{one.text}]" if one.is_hit else one.text for one in parts)  # type: ignore[attr-defined]


#: Search, text, and the text with its hits.
MARKED = [
    ("flood munchen", "Floods in München/Bayern", "[Floods] in [München]/Bayern"),
    ('"human rights"', "Rights of humans: human rights", "Rights of humans: [human rights]"),
    ("京都", "東京都と京都", "東[京都]と[京都]"),
    ("محمد", "قال مُحَمَّد اليوم", "قال [مُحَمَّد] اليوم"),
    ("b", "<b>&amp;", "<[b]>&amp;"),
    ('"a b" "b c"', "a b c", "[a b][ c]"),
    ("nothing", "of it", "of it"),
]


@pytest.mark.parametrize(("search", "text", "shown"), MARKED)
def test_hits_are_marked_where_they_stand(search: str, text: str, shown: str) -> None:
    assert _shown(marked(text, parse_query(search).conditions)) == shown


def test_an_excerpt_shows_most_of_what_was_searched_for() -> None:
    text = "One flood. " + "Nothing here. " * 40 + "The flood in Bonn. " + "Nothing more. " * 40
    shown = _shown(excerpt(text, parse_query("flood Bonn").conditions))
    assert "The [flood] in [Bonn]." in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) <= MAX_CHARS + 10


def test_an_excerpt_without_a_hit_is_the_beginning() -> None:
    text = "Nothing here. " * 40
    shown = _shown(excerpt(text, parse_query("flood").conditions))
    assert shown.startswith("Nothing here. Nothing")
    assert shown.endswith(("here …", "Nothing …"))


@pytest.mark.parametrize("text", TERMS)
def test_what_is_stored_is_what_is_marked(text: str) -> None:
    """The fast way and the one that says where each word stands."""
    found = list(tokens(text))
    units = [word.term for word in found if word.is_unit]
    assert terms_and_units(text) == (list(terms_in_order(found)), units)


def test_tags_part_words_only_between_lines() -> None:
    body = (
        '<p class="a &gt; b > c">Bold<b>ly</b> <a href="x">l&#39;État</a>&amp;Co</p>'
        "<ul><li>one</li><li>two<br/>three<br>four</li></ul>1 &lt;b&gt; 2"
    )
    release = draft(title="T", summary="", body=body)
    found = terms_of(_release(release.content))
    words = " ".join(term or "|" for term in found.sequence)
    assert words == "t | boldly l etat co one two three four 1 b 2 |"


def _release(content: Content) -> Release:
    return Release(
        id=ReleaseId("urn:x"), source_key=SourceKey("id:1"), slug="s", revision=1,
        content=content, updated=NOON, changed_at=NOON,
    )  # fmt: skip
