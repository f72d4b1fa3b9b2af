"""Finds embargo notices: lines that say in words that a release is under embargo, and until when.

A release may also be *about* an embargo ("EU arms embargo extended until 2027"). So the words count
only where such notices stand: at the beginning of a line; and words that could begin a headline
count only if nothing but a moment follows.
"""

import re
from dataclasses import dataclass

from feeds.ingest.written_moments import WrittenMoment, read_written


def _phrases(table: str) -> str:
    """Returns a pattern for any line of *table*, in which a space means any white space."""
    pattern = "|".join(line.strip() for line in table.strip().splitlines())
    for name, words in _WORDS.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{words})")
    return pattern.replace(" ", r"\s+")


#: Placeholders of the tables below.
_WORDS = {
    "state": "embargoed|under (?:an? )?(?:<strictly> )?embargo",
    "steht": "unterlieg(?:t|en) eine[rm]|steh(?:t|en) unter",
    "uses": "(?:<use>|<used>)(?:(?:,| or| and|, or) (?:<use>|<used>)){0,3}",
    "dos": "<do>(?:(?:,| or|, or) <do>){0,3}",
    "ends": "<until>|lifts?|ends?|expires?|date|time|for|to|on|at",
    "until": r"(?:un)?till?|til|before|prior to|jusqu['’]?\s?(?:au|à)?|avant(?: le)?|bis(?: zum)?"
    r"|vor(?: dem)?|hasta(?: (?:el|las))?|antes d[eo]l?|fino a(?:l(?:le|l['’])?)?|prima d[ei]l?"
    r"|até(?: (?:às|o|a))?|tot|voor|do|до|ранее|asti|saakka|t\.o\.m\.",
    "strictly": "strict(?:ly|e|o)?|streng|complete|full|press|media|news|absolute",
    "use": "publication|release|broadcast|distribution|use|posting|transmission|dissemination",
    "used": "published|released|broadcast|distributed|used",
    "do": "publish|release|broadcast|distribute|post|use",
    "under": "under|sous|bajo|sob|unter|sotto|onder|под",
    "noun": "embargo|sperrfrist|sperrvermerk|эмбарго|ембарго|エンバーゴ|엠바고",
    "weekday": "(?:mon|tues|wednes|thurs|fri|satur|sun)day",
    "this": "this|the|all|these",
}
#: Fast pre-check on every text, in lower case with single spaces: most releases contain none of
#: these.
_STEMS = tuple(
    stem
    for line in """
    embarg|sperr|hold for|hold until|hold till|not for|not to be|do not|don't|don’t|for release
    for publication|release date|release time|release at|release on|frei ab|frei zur|nicht zur
    nicht vor|ne pas|interdite|no publicar|no difundir|no divulgar|non pubblicare|non diffondere
    non divulgare|não publicar|não divulgar|nao publicar|nao divulgar|niet publiceren|niet voor
    эмбарго|ембарго|не публиковать|النشر|لنشر|解禁|禁止|请勿|請勿|严禁|嚴禁|不得|エンバーゴ|엠바고
    """.splitlines()
    for stem in line.strip().split("|")
    if stem
)
#: Phrases that do not begin a headline, or a sentence about something else.
_STRONG_PHRASE = re.compile(
    _phrases(r"""
    (?:<strictly> ){0,3}embargoed <until>\b
    (?:<strictly> ){0,3}embargoed (?:for|to) (?=\d|<use>|<weekday>)
    <under> (?:<strictly> )?(?:embargo|эмбарго)(?: <strictly>)? <until>(?!\w)
    embargad[ao] <until>(?!\w)|embargat[ao] <until>(?!\w)
    hold for (?:release|publication)\b
    (?:strictly )?not (?:for|to be) <uses> <until>\b
    (?:please )?(?:do not|don['’]t) <dos>(?: <this>(?: \w+){0,3})? <until>\b
    for release (?:up)?on delivery\b
    (?:à )?ne pas (?:publier|diffuser) avant\b
    (?:publication|diffusion) interdite (?:avant|jusqu)
    no (?:publicar|difundir|divulgar) (?:antes|hasta)\b
    non (?:pubblicare|diffondere|divulgare) prima\b
    n[ãa]o (?:publicar|divulgar) (?:antes|até)\b
    (?:bitte )?nicht (?:zur veröffentlichung vor|vor .{1,60} veröffentlichen)\b
    niet (?:publiceren|voor publicatie) (?:voor|tot)\b
    не публиковать (?:до|ранее)\b
    (?:محظور|حظر|يُ?حظر|ممنوع|يمنع|غير قابل) (?:من |ل)?ا?لنشر (?:حتى|قبل|إلى)
    (?:新闻|新聞)?解禁(?:时间|時間|日期|日時)\s*(?:[:：]|为|為)
    (?:严禁|嚴禁|请勿|請勿|不得|禁止)[在于於]?.{0,40}前.{0,6}(?:发布|發布|發佈|发表|發表|公开|公開|报道|報導)
    (?:报道|報道|情報)解禁
    <this> (?:\w+ ){0,4}(?:is|are|remains?) (?:<strictly> )?<state> <until>\b
    (?:ce|cette|ces) (?:\w+ ){1,4}(?:est|sont) sous embargo\b
    (?:diese[rs]?|die|alle) (?:\w+[\s-]+){1,4}<steht> <noun>\b
    """),
    re.IGNORECASE,
)
#: Phrases that may begin a headline. They count if only a moment follows, or nothing at all.
_WEAK_PHRASE = re.compile(
    _phrases(r"""
    (?:<strictly> ){0,3}(?:embargoed|<noun>)(?: <ends>(?!\w))?
    <under> (?:an? )?(?:<strictly> )?<noun>м?(?: <strictly>)?
    for (?:release|publication)(?: (?:on|at|after|from|not before))?
    release (?:date|time|at|on)(?: and time)?
    hold (?:until|till?)
    frei (?:ab|zur veröffentlichung(?: ab)?)
    not for (?:publication|release|broadcast|immediate release)
    (?:محظور|حظر) النشر
    """),
    re.IGNORECASE,
)
#: Weak phrases that count without a moment, alone on a line.
_ALONE_ON_LINE = re.compile(
    _phrases(r"""
    (?:<strictly> ){0,3}(?:embargoed|<noun>)
    <under> (?:<strictly> )?<noun>м?(?: <strictly>)?
    not for (?:publication|release|broadcast|immediate release)
    (?:محظور|حظر) النشر
    """),
    re.IGNORECASE,
)
#: Weak phrases that count without a moment before other text, too. "Embargo: what it means" is a
#: headline.
_BEFORE_TEXT = re.compile(
    _phrases(r"""
    (?:<strictly> ){0,3}embargoed
    <under> (?:<strictly> )?<noun>м?(?: <strictly>)?
    not for (?:publication|release|broadcast|immediate release)
    """),
    re.IGNORECASE,
)
#: English phrases, after which 3/11 may be the eleventh of March; in the other languages it is the
#: third of November.
_MAY_BE_MONTH_FIRST = re.compile(
    "embargoed|release|publi(?:sh|cation)|under|hold|use|broadcast", re.I
)
#: Words that may stand between a phrase and the moment.
_GLUE = re.compile(
    _phrases(r"(?:\s*(?:<until>|for|on|at|after|and|or|<use>)(?!\w))*\s*(?P<sign>[:：–—-]*)\s*"),
    re.IGNORECASE,
)
#: Labels before a notice that say nothing without it.
_LABEL = re.compile(
    r"(?:(?:important|please)\s+)?(?:note|attention|notice|important)(?:\W+\w+){0,3}"
    r"|(?:press|media|news)\s+(?:release|statement|notice)|(?:medien|presse)mitteilung"
    r"|communiqué(?:\s+de\s+presse)?|comunicado(?:\s+de\s+prensa)?|comunicato(?:\s+stampa)?"
    r"|(?:for|to)\s+(?:the\s+)?(?:press|media|editors)",
    re.IGNORECASE,
)

#: Decoration around a notice.
_DECORATION = "\\s*•·#=_~>!|\"'“”„«»‹›–—\\-"
_LEFT = re.compile(f"[{_DECORATION}]*")
_NOTHING_LEFT = re.compile(rf"[{_DECORATION}.,:;\])]*\Z")
_BRACKETS = re.compile(r"[\[(（【]([^\[\]()（）【】]{3,200})[\])）】]")
#: Separators between parts of a line, each of which may be a notice.
_BREAK = re.compile(
    r"\s+[–—|/·•-]+\s+|\s*[|;]\s*|(?<=[^\s\d])[:：]\s+|(?<=[^\W\d]{3})\.\s+|(?<=\])\s*"
)
#: Separators between a notice and the text that follows it.
_SEPARATOR = re.compile(r"[\s*\])）】]*(?:[:：|]|\s[–—-]+(?=\s)|[–—]|[.。](?=\s+[^\W\da-zß-ÿ]))\s*")
#: Words after a phrase that say that there is no embargo.
_NO_EMBARGO = re.compile(
    r"[\s:：–—-]*(?:none|no\b|n/?a\b|keine?\b|aucune?\b|ning\w+\b|nessun\w*\b|nenhum\w*\b|нет\b|lifted\b|immediate)",
    re.IGNORECASE,
)
#: Longest line examined. A notice is short; a longer line is a paragraph that may begin with one.
_MAX_CHARS = 400


@dataclass(frozen=True, slots=True)
class EmbargoNotice:
    """An embargo notice found in a line."""

    line: str  #: the whole line
    until: WrittenMoment
    rest: str | None  #: the line without the notice; None when they cannot be separated
    is_strong: bool  #: whether the words could not begin a headline

    @property
    def is_whole_line(self) -> bool:
        """Whether the line contains nothing but the notice."""
        return self.rest == ""


def may_hold_notice(text: str) -> bool:
    """Whether *text* contains words that occur in notices; most texts do not."""
    plain = " ".join(text.lower().split())
    return any(stem in plain for stem in _STEMS)


def notice_in(line: str) -> EmbargoNotice | None:
    """Returns the embargo notice in *line*, or None.

    Args:
        line: A line at the head of a document: its title, or one of its first lines.
    """
    if not may_hold_notice(line):
        return None
    for bracketed in _BRACKETS.finditer(line[:_MAX_CHARS]):
        inner = _at(bracketed[1], 0, may_be_weak=True)
        if inner is not None and inner.is_whole_line and _is_notice(inner, line, bracketed.start()):
            rest = _trimmed(f"{line[: bracketed.start()]} {line[bracketed.end() :]}")
            return EmbargoNotice(line, inner.until, rest, is_strong=True)
    return _in_parts(line)


def _is_notice(inner: EmbargoNotice, line: str, start: int) -> bool:
    """Returns False for a word in brackets that may be the subject of the line.

    An example is "The Trade (Embargo) Act".
    """
    is_first = not _trimmed(line[:start])
    return is_first or inner.until.is_stated or "embargoed" in inner.line.lower()


def _in_parts(line: str) -> EmbargoNotice | None:
    """Returns the notice at the beginning of the line, or of one of its parts."""
    starts = [0, *(found.end() for found in _BREAK.finditer(line[:_MAX_CHARS]))]
    for start in starts:
        if found := _at(line, start, may_be_weak=start == 0):
            before = _trimmed(line[:start])
            if found.rest is None or not before or _LABEL.fullmatch(before):
                return found
            rest = _trimmed(f"{before} {found.rest}")
            return EmbargoNotice(line, found.until, rest, is_strong=found.is_strong)
    return None


def _at(line: str, start: int, *, may_be_weak: bool) -> EmbargoNotice | None:
    left = _LEFT.match(line, start)
    start = left.end() if left else start
    strong = _STRONG_PHRASE.match(line, start)
    phrase = strong or (_WEAK_PHRASE.match(line, start) if may_be_weak else None)
    if phrase is None or _NO_EMBARGO.match(line, phrase.end()):
        return None
    glue = _GLUE.match(line, phrase.end())
    until = read_written(
        line,
        glue.end() if glue else phrase.end(),
        day_first=_MAY_BE_MONTH_FIRST.search(phrase[0]) is None,
    )
    rest = _rest(line, until.end)
    sign = glue["sign"] if glue else ""
    if rest is None and sign and not until.is_stated:
        rest = _trimmed(line[until.end :])
    if strong is None and not _is_meant(phrase[0], sign, until, rest):
        return None
    return EmbargoNotice(line, until, rest, is_strong=strong is not None)


def _is_meant(phrase: str, sign: str, until: WrittenMoment, rest: str | None) -> bool:
    """Whether *phrase*, which might begin a headline, is a notice nevertheless.

    "Embargo: 3 November 2026, 09:00 CET – Office closes" and "EMBARGOED: Office closes" are
    notices; "Embargo: what it means for farmers" and "Embargo ends 1 January 2027: what now" are
    headlines.
    """
    if rest is None:
        return False
    if not until.is_stated:
        return (_BEFORE_TEXT if rest else _ALONE_ON_LINE).fullmatch(phrase) is not None
    if not rest:
        return True
    return until.moment is not None or (sign != "" and until.bounds() is not None)


def _rest(line: str, end: int) -> str | None:
    """Returns the text after a notice that ends at *end*; None if no separator follows it."""
    if _NOTHING_LEFT.match(line, end):
        return ""
    separator = _SEPARATOR.match(line, end)
    return _trimmed(line[separator.end() :]) if separator else None


def _trimmed(text: str) -> str:
    return text.strip(" \t–—-|:;•·*[]").strip()
