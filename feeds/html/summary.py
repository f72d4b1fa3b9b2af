"""Derives a summary from the running text of a release whose document gives none."""

import re
import unicodedata
from dataclasses import replace
from itertools import dropwhile

from feeds.html.marks import is_marked, quotation_marks
from feeds.html.plain_text import Block, BlockKind, blocks_of, line_of
from feeds.html.tree import Node, find, text_of

# Boilerplate: labels, embargo notices, contacts, credits and bylines.

#: Labels above the text, such as "For immediate release" and "Press release".
_RELEASE = r"""
    for\ (?:immediate|general)\ (?:press\ )?release | for\ (?:immediate\ )?(?:release|publication)
  | (?:news|press|media)\ ?(?:release|statement|advisory|alert|notice|note)
  | communiqu[ée](?:\ de\ presse)? | pour\ (?:diffusion|publication)\ immédiate
  | (?:presse|medien)(?:mitteilung|information|meldung|erklärung)
  | dossier\ de\ presse | zur\ sofortigen\ veröffentlichung
  | comunicado(?:\ de\ (?:prensa|imprensa))? | nota\ (?:de|à)\ (?:prensa|imprensa)
  | para\ (?:publicación|divulgación|divulgação|publicação)\ inmediata | para\ divulgação\ imediata
  | comunicato(?:\ stampa)? | per\ la\ pubblicazione\ immediata | nota\ stampa | nota\ de\ premsa
  | persbericht | pressmeddelande | pressemeddelelse | pressemelding | lehdistötiedote | tiedote
  | fréttatilkynning | komunikat\ prasowy | informacja\ prasowa | tisková\ zpráva
  | tlačová\ správa | sajtóközlemény | comunicat\ de\ presă | basın\ (?:bülteni|açıklaması)
  | siaran\ pers | thông\ cáo\ báo\ chí | δελτίο\ τύπου | пресс-релиз | прес-реліз
  | съобщение\ за\ медиите | הודעה\ לעיתונות | بيان\ صحفي | خبر\ صحفي | بیانیه\ مطبوعاتی
  | (?:新闻|新聞)(?:稿|发布|發布|公报) | プレスリリース | 報道(?:発表|資料)
  | 報道関係者各位 | 보도자료 | ข่าวประชาสัมพันธ์
"""
#: Embargo notices.
_EMBARGO = r"""
    (?:strictly\ |under\ )?embargo(?:ed)?\b
  | (?:strictly\ )?not\ for\ (?:release|publication|broadcast)
  | sperrfrist | sous\ embargo | bajo\ embargo | embargado | sotto\ embargo | 解禁
"""
#: Beginnings of contact lines; a colon or the end of the line has to follow.
_CONTACT = r"""
    (?:(?:press|media|news)\ )?(?:contacts?|enquir(?:y|ies)|inquir(?:y|ies)|relations|office)
    (?:\ (?:information|person|details|for\ (?:the\ )?(?:press|media)))?
  | (?:for\ )?(?:more|further|additional)\ information | notes?\ (?:to|for)\ editors
  | (?:e-?mail|phone|telephone|tel|fax|mobile|cell|web(?:\ ?site)?)\.?
  | (?:presse|medien)?kontakte?\ ?(?:für\ (?:die\ )?(?:medien|presse))? | ansprechpartner(?:in)?
  | (?:rückfragen|auskünfte|weitere\ informationen) | telefon | fernruf
  | contacts?\ (?:presse|médias|media|prensa|stampa)
  | renseignements | contact(?:o|s|os|e)? | contatt[io]
  | контакты? | контактная\ информация | 联系(?:人|方式) | 聯絡(?:人|方式)
  | お問い?合わせ先? | 연락처 | للاتصال
"""
#: Beginnings of sentences that name a contact: "For more information, please contact …".
_ASKING = r"""
    (?:for|to)\ (?:more|further|additional|press|media|any)\b[^.]{0,60}?
    (?:contact|call|e-?mail|write\ to|get\ in\ touch|visit|please\ see|see|go\ to)\b
  | (?:please\ )?(?:contact|call|e-?mail)\ (?:the|our|us)\b
  | weitere\ (?:informationen|auskünfte)\b | für\ (?:rückfragen|weitere)\b
  | pour\ (?:plus\ d[’']informations?|tout\ renseignement|en\ savoir\ plus)\b
  | para\ (?:más|mais|obtener|obter)\ (?:información|informações|informação)\b
  | per\ (?:maggiori|ulteriori)\ informazioni\b
"""
#: Credits of pictures and texts.
_CREDIT = r"""
    (?:photos?|fotos?|images?|pictures?|bild(?:er|nachweis)?|crédits?|credits?|video|illustration)
    (?:\ (?:credits?|by|courtesy|von|par|de|caption))? \ ?[:：/©]
  | ©
"""

_FLAGS = re.IGNORECASE | re.VERBOSE
_LABEL = re.compile(rf"\W*(?:{_RELEASE}|{_EMBARGO})(?=\W|\d|\Z)", _FLAGS)
_EMBARGOED = re.compile(rf"\W*(?:{_EMBARGO})(?=\W|\Z)", _FLAGS)
#: A label followed by text on the same line.
_RUN_IN = re.compile(rf"\W*(?:{_RELEASE})\s*[:：–—|]\s*", _FLAGS)
_CONTACTS = re.compile(rf"\W*(?:(?:{_CONTACT})\s?(?:[:：]|\Z)|(?:{_ASKING}))", _FLAGS)
_CREDITS = re.compile(rf"\W*(?:{_CREDIT})", _FLAGS)
_BYLINE = re.compile(
    r"(?:(?:posted|written|published|guest\ post)\ )?(?:by|von|par|por|di|av|af|door)\ [^.!?]*\Z",
    _FLAGS,
)
#: Web addresses; e-mail addresses and telephone numbers as the group ``person``.
_ADDRESS = re.compile(
    r"""
    (?:https?://|www\.)\S+
  | (?P<person> [\w.+-]+@[\w-]+\.[\w.-]+ | (?:\+|\()?[0-9][0-9()./\s–-]{6,}[0-9] )
    """,
    _FLAGS,
)

#: Longest line that can be a label. A longer one ("– 2 November 2026", "No. 17-332") begins a text.
_MAX_LABEL_CHARS = 100
_MAX_BYLINE_CHARS = 110
_SHOUTED_CHARS = 20
_SENTENCE_CHARS = 40
#: A line with a larger share of e-mail addresses and telephone numbers is a contact line.
_ADDRESS_SHARE = 0.3
#: The beginning of a line shows what it is; nothing beyond this length is examined.
_MAX_CHARS = 500


def is_boilerplate(line: str) -> bool:
    """Whether *line*, a line of plain text, is not part of the content of a release."""
    line = line[:_MAX_CHARS]
    return (
        _is_label(line)
        or _CONTACTS.match(line) is not None
        or _CREDITS.match(line) is not None
        or (len(line) <= _MAX_BYLINE_CHARS and _BYLINE.match(line) is not None)
        or _is_shouted(line)
        or _is_address(line)
    )


def without_label(text: str) -> str:
    """Returns *text* without a leading label such as "Press release:"."""
    found = _RUN_IN.match(text[:_MAX_CHARS])
    return text if found is None else text[found.end() :]


def _is_label(line: str) -> bool:
    if _LABEL.match(line) is None:
        return False
    if _EMBARGOED.match(line) is not None:
        return True
    text = without_label(line)
    is_sentence = text != line and len(text) >= _SENTENCE_CHARS and text.endswith((".", "!", "?"))
    return len(line) <= _MAX_LABEL_CHARS and not is_sentence


def _is_shouted(line: str) -> bool:
    """Whether the line is all capitals: a headline, or a label that is not in the list."""
    is_long = len(line) >= _SHOUTED_CHARS  # longer than a name such as NASA
    return is_long and line.isupper() and 2 * sum(map(str.isupper, line)) > len(line)


def _is_address(line: str) -> bool:
    found = sum(len(each["person"] or "") for each in _ADDRESS.finditer(line))
    return found > _ADDRESS_SHARE * len(line)


# The summary: the first informative paragraph, shortened.

#: Shortest paragraph that is informative; datelines and bylines are shorter.
_MIN_INFORMATIVE_CHARS = 60
#: One character of Chinese, Japanese or Korean counts as `_DENSITY` letters.
_DENSE = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_DENSITY = 3

_PARAGRAPH_END = re.compile("\n[\n ]*\n")

#: Characters at which a text must not be cut.
_JOINING = frozenset("\u200d\ufe0e\ufe0f\u2060")


def summary_of(body: Node, *, language: str, max_chars: int) -> str:
    """Returns a summary of *body*: its first informative paragraph, cut at a word.

    Captions, tables, asides, quotations, headings, contacts, credits and lines such as "For
    immediate release" are skipped; they are used only if there is nothing else.

    Args:
        body: A tree of clean HTML.
        language: BCP 47 tag of the release.
        max_chars: Maximum length of the result, ellipsis included.
    """
    skipped: list[Block] = []
    short: list[str] = []
    for block in blocks_of(body, language=language, is_summary=True):
        if block.kind is not BlockKind.RUNNING:
            skipped.append(block)
            continue
        for paragraph in _PARAGRAPH_END.split(block.text):
            text = _without_boilerplate(paragraph)
            if _is_informative(text):
                return shortened(text, max_chars=max_chars)
            if text:
                short.append(text)
            else:
                skipped.append(block)
    best = _best_of(short, skipped, language)
    # Without any other text the alt texts of pictures remain.
    best = best or line_of(blocks_of(body, language=language))
    return shortened(best, max_chars=max_chars)


def was_made_of(summary: str, body: Node) -> bool:
    """Whether an earlier version derived *summary* from *body*: a paragraph, or its beginning.

    Earlier versions lost quotation marks and kept struck text, so only letters and digits are
    compared.
    """
    letters, is_cut = _letters(summary), summary.endswith("…")
    texts = (_letters(text_of(each)) for each in (*find(body, "p"), body))
    return any(text == letters or (is_cut and text.startswith(letters)) for text in texts)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _best_of(short: list[str], others: list[Block], language: str) -> str:
    """Returns the most informative text, where no paragraph of the running text is long enough."""
    listed = line_of(
        each for each in others if each.kind is BlockKind.LISTED and not is_boilerplate(each.text)
    )
    quoted = [_cited(each, language) for each in others if each.kind is BlockKind.QUOTED]
    for text in (" ".join(short), listed, *quoted):
        if _is_informative(text):
            return text
    return next(filter(None, (*short, listed, *quoted)), "") or line_of(others)


def _cited(block: Block, language: str) -> str:
    """Returns a quotation with marks; without them it would seem to be the newsroom's own words."""
    text = line_of([replace(block, start="")])
    if is_marked(text):
        return text
    opening, closing = quotation_marks(language, 0)
    return f"{opening}{text}{closing}"


def _without_boilerplate(paragraph: str) -> str:
    """Returns the lines of *paragraph* as one, without boilerplate lines at its beginning."""
    lines = [line.strip(" ") for line in paragraph.split("\n")]
    return without_label(" ".join(dropwhile(is_boilerplate, filter(None, lines))))


def _is_informative(text: str) -> bool:
    if len(text) >= _MIN_INFORMATIVE_CHARS:
        return True
    dense = 0 if text.isascii() else len(_DENSE.findall(text))
    return len(text) + (_DENSITY - 1) * dense >= _MIN_INFORMATIVE_CHARS


def shortened(text: str, *, max_chars: int) -> str:
    """Returns *text*, or as many of its first whole words as fit, with an ellipsis.

    White space at its ends is removed, no-break spaces included: feed readers strip it anyway.
    """
    text = text.strip()
    if len(text) <= max_chars:
        return text
    head, space, _ = text[:max_chars].rpartition(" ")
    # Chinese, Japanese and Thai have no spaces, and word boundaries cannot be found without a
    # dictionary; their readers are used to a cut inside the line.
    if not space or len(head) < max_chars // 2:
        head = text[: max_chars - 1]
        while head and _is_joined(head[-1], text[len(head)]):
            head = head[:-1]
    return f"{head.rstrip(' ,;:–—-')}…"


def _is_joined(before: str, after: str) -> bool:
    """Whether a reader sees the two characters as one, or as parts of one."""
    return unicodedata.category(after)[0] == "M" or not _JOINING.isdisjoint((before, after))
