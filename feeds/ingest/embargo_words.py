"""Lines that say in words that a release is under embargo, and until when.

A release may be *about* an embargo, too ("EU arms embargo extended until 2027"). So the words count
only where such notices stand: at the beginning of a line, and those that could begin a headline
only if nothing but a moment follows them.
"""

import re
from dataclasses import dataclass

from feeds.ingest.written_moments import WrittenMoment, read_written


def _phrases(table: str) -> str:
    """A pattern of all lines of *table*, in which a space is any white space."""
    pattern = "|".join(line.strip() for line in table.strip().splitlines())
    for name, words in _WORDS.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{words})")
    return pattern.replace(" ", r"\s+")


#: What the tables below have in common.
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
#: Looked for first, in everything: most releases hold none of these. Small, with single spaces.
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
#: These begin no headline, and no sentence about something else.
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
#: These may begin a headline. They count if a moment follows and nothing else, or nothing at all.
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
#: Those of them that say something without any moment, on a line of their own.
_ALONE = re.compile(
    _phrases(r"""
    (?:<strictly> ){0,3}(?:embargoed|<noun>)
    <under> (?:<strictly> )?<noun>м?(?: <strictly>)?
    not for (?:publication|release|broadcast|immediate release)
    (?:محظور|حظر) النشر
    """),
    re.IGNORECASE,
)
#: And those that say it before the text, too. "Embargo: what it means" is a headline.
_SAYS_IT = re.compile(
    _phrases(r"""
    (?:<strictly> ){0,3}embargoed
    <under> (?:<strictly> )?<noun>м?(?: <strictly>)?
    not for (?:publication|release|broadcast|immediate release)
    """),
    re.IGNORECASE,
)
#: In these languages 3/11 is the third of November. In English it may be the eleventh of March.
_IN_ENGLISH = re.compile("embargoed|release|publi(?:sh|cation)|under|hold|use|broadcast", re.I)
#: What may stand between such words and the moment.
_GLUE = re.compile(
    _phrases(r"(?:\s*(?:<until>|for|on|at|after|and|or|<use>)(?!\w))*\s*(?P<sign>[:：–—-]*)\s*"),
    re.IGNORECASE,
)
#: What stands before such words, and says nothing without them.
_LABEL = re.compile(
    r"(?:(?:important|please)\s+)?(?:note|attention|notice|important)(?:\W+\w+){0,3}"
    r"|(?:press|media|news)\s+(?:release|statement|notice)|(?:medien|presse)mitteilung"
    r"|communiqué(?:\s+de\s+presse)?|comunicado(?:\s+de\s+prensa)?|comunicato(?:\s+stampa)?"
    r"|(?:for|to)\s+(?:the\s+)?(?:press|media|editors)",
    re.IGNORECASE,
)

#: What is put around such a line.
_DECORATION = "\\s*•·#=_~>!|\"'“”„«»‹›–—\\-"
_LEFT = re.compile(f"[{_DECORATION}]*")
_NOTHING_LEFT = re.compile(rf"[{_DECORATION}.,:;\])]*\Z")
_BRACKETS = re.compile(r"[\[(（【]([^\[\]()（）【】]{3,200})[\])）】]")
#: What parts a line into what may be notices of their own.
_BREAK = re.compile(
    r"\s+[–—|/·•-]+\s+|\s*[|;]\s*|(?<=[^\s\d])[:：]\s+|(?<=[^\W\d]{3})\.\s+|(?<=\])\s*"
)
#: Behind a notice: what follows it is the text itself.
_SEPARATOR = re.compile(r"[\s*\])）】]*(?:[:：|]|\s[–—-]+(?=\s)|[–—]|[.。](?=\s+[^\W\da-zß-ÿ]))\s*")
#: What says that there is none.
_NO_EMBARGO = re.compile(
    r"[\s:：–—-]*(?:none|no\b|n/?a\b|keine?\b|aucune?\b|ning\w+\b|nessun\w*\b|nenhum\w*\b|нет\b|lifted\b|immediate)",
    re.IGNORECASE,
)
#: A notice is short. What is longer is a paragraph that may begin with one.
_MAX_CHARS = 400


@dataclass(frozen=True, slots=True)
class EmbargoNotice:
    """What a line says of an embargo."""

    line: str  #: all of it
    until: WrittenMoment
    rest: str | None  #: what remains of the line without it; None when they cannot be parted
    is_strong: bool  #: the words could not begin a headline

    @property
    def is_whole_line(self) -> bool:
        """True when the line says nothing else."""
        return self.rest == ""


def may_tell(text: str) -> bool:
    """True when *text* holds words that might be of a notice: most texts do not."""
    plain = " ".join(text.lower().split())
    return any(stem in plain for stem in _STEMS)


def notice_in(line: str) -> EmbargoNotice | None:
    """The embargo that *line* tells of; None when it tells of none.

    Args:
        line: Of the head of a document: its title, or one of its first lines.
    """
    if not may_tell(line):
        return None
    for bracketed in _BRACKETS.finditer(line[:_MAX_CHARS]):
        inner = _at(bracketed[1], 0, may_be_weak=True)
        if inner is not None and inner.is_whole_line and _tells(inner, line, bracketed.start()):
            rest = _trimmed(f"{line[: bracketed.start()]} {line[bracketed.end() :]}")
            return EmbargoNotice(line, inner.until, rest, is_strong=True)
    return _in_parts(line)


def _tells(inner: EmbargoNotice, line: str, start: int) -> bool:
    """False for a word in brackets that the line may be about: "The Trade (Embargo) Act"."""
    is_first = not _trimmed(line[:start])
    return is_first or inner.until.says_something or "embargoed" in inner.line.lower()


def _in_parts(line: str) -> EmbargoNotice | None:
    """The notice that begins the line, or one of the parts that it falls into."""
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
        day_first=_IN_ENGLISH.search(phrase[0]) is None,
    )
    rest = _rest(line, until.end)
    sign = glue["sign"] if glue else ""
    if rest is None and sign and not until.says_something:
        rest = _trimmed(line[until.end :])
    if strong is None and not _is_meant(phrase[0], sign, until, rest):
        return None
    return EmbargoNotice(line, until, rest, is_strong=strong is not None)


def _is_meant(phrase: str, sign: str, until: WrittenMoment, rest: str | None) -> bool:
    """True when *phrase*, with which a headline might begin, is a notice all the same.

    "Embargo: 3 November 2026, 09:00 CET – Office closes" and "EMBARGOED: Office closes" are such;
    "Embargo: what it means for farmers" and "Embargo ends 1 January 2027: what now" are none.
    """
    if rest is None:
        return False
    if not until.says_something:
        return (_SAYS_IT if rest else _ALONE).fullmatch(phrase) is not None
    if not rest:
        return True
    return until.moment is not None or (sign != "" and until.bounds() is not None)


def _rest(line: str, end: int) -> str | None:
    """What follows a notice that ends at *end*; None when it is not parted from it."""
    if _NOTHING_LEFT.match(line, end):
        return ""
    separator = _SEPARATOR.match(line, end)
    return _trimmed(line[separator.end() :]) if separator else None


def _trimmed(text: str) -> str:
    return text.strip(" \t–—-|:;•·*[]").strip()
