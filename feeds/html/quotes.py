"""The quotation marks of each language: HTML's ``<q>`` has none in its text."""

from types import MappingProxyType

from feeds.model.languages import fallbacks

#: Outer and inner marks, and whose they are. All other languages have those of English.
#: Source: CLDR 48.2, ``delimiters``; of the Chinese regions, by the script that they write.
_TABLE = """
«»“” ast blo bm br ca cv dyo el es es-us eu ewo ie it kab kk lij mg mua nnh pms sc sg ti
«»“” pt-ao pt-ch pt-cv pt-gq pt-gw pt-lu pt-mo pt-mz pt-pt pt-st pt-tl
«»„“ bas be bua ky os ru sah tyv uk
«»‹› am az-arab az-cyrl fa fr-ch gsw jgo kkj mzn rm sdh wae
„“‚‘ bs-cyrl cs de dsb et hr hsb is ksh lb luy mk nds sk sl
„”«» nmg pl ro
””’’ fi he lag rn se sn sv yi
«»‘’ dua el-polyton ksf nb nn no rw
«»«» fr ht hy oc yav
„”‚’ agq ff
„“„“ bg lt prg sgs
“”“” tk
„”‘’ bs
‘’“” fur ia ti-er tn
“”«» eo
「」『』 ja yue zh-hant zh-tw zh-hk zh-mo
»«›‹ kk-arab ug
«»„” shi zgh
„”»« hu szl
„”’’ sr
”“’‘ ar lld ms-arab syr ur
“”’‘ uz
„“«» ka
‘’‘’ nl
“’“” st
“”‘’ bm-nkoo ff-adlm uz-arab uz-cyrl
«»”“ fr-ca
"""
_OF_ENGLISH = "“”‘’"
_MARKS_BY_LANGUAGE = MappingProxyType(
    {
        language: marks
        for marks, *languages in map(str.split, _TABLE.split("\n")[1:-1])
        for language in languages
    }
)
#: French parts its marks from what they hold, by a space at which no line ends. CLDR has the bare
#: marks, as browsers do. Not so in Switzerland.
_SPACED = frozenset({"fr", "fr-ca"})

#: What a quotation may begin and end with already.
_ANY_MARK = frozenset('"“”„‟«»‹›‘’‚‛「」『』〝〞〟＂')


def quotation_marks(language: str, depth: int) -> tuple[str, str]:
    """What opens and closes a quotation.

    Args:
        language: Of the text that it stands in, BCP 47.
        depth: In how many other quotations it stands.
    """
    tag = next((each for each in fallbacks(language) if each in _MARKS_BY_LANGUAGE), "en")
    marks = _MARKS_BY_LANGUAGE.get(tag, _OF_ENGLISH)
    at = 2 * (depth % 2)
    opening, closing = marks[at], marks[at + 1]
    if tag in _SPACED and opening == "«":
        return f"{opening}\N{NO-BREAK SPACE}", f"\N{NO-BREAK SPACE}{closing}"
    return opening, closing


def is_marked(quotation: str) -> bool:
    """True when a quotation has marks of its own, as where an editor has typed them too."""
    text = quotation.strip()
    return len(text) > 1 and text[0] in _ANY_MARK and text.rstrip(".,;:!?")[-1:] in _ANY_MARK
