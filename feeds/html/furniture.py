"""Lines of a release that are not its text: what it is, whom to ask, who wrote it and where."""

import re

#: "For immediate release" and "Press release", as newsrooms write above their text.
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
#: Embargoes, and what must not be published yet.
_EMBARGO = r"""
    (?:strictly\ |under\ )?embargo(?:ed)?\b
  | (?:strictly\ )?not\ for\ (?:release|publication|broadcast)
  | sperrfrist | sous\ embargo | bajo\ embargo | embargado | sotto\ embargo | 解禁
"""
#: What begins a line of contacts. A colon has to follow, or the end of the line.
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
#: Asking is a sentence there: "For more information, please contact …".
_ASKING = r"""
    (?:for|to)\ (?:more|further|additional|press|media|any)\b[^.]{0,60}?
    (?:contact|call|e-?mail|write\ to|get\ in\ touch|visit|please\ see|see|go\ to)\b
  | (?:please\ )?(?:contact|call|e-?mail)\ (?:the|our|us)\b
  | weitere\ (?:informationen|auskünfte)\b | für\ (?:rückfragen|weitere)\b
  | pour\ (?:plus\ d[’']informations?|tout\ renseignement|en\ savoir\ plus)\b
  | para\ (?:más|mais|obtener|obter)\ (?:información|informações|informação)\b
  | per\ (?:maggiori|ulteriori)\ informazioni\b
"""
#: Who made a picture or a text.
_CREDIT = r"""
    (?:photos?|fotos?|images?|pictures?|bild(?:er|nachweis)?|crédits?|credits?|video|illustration)
    (?:\ (?:credits?|by|courtesy|von|par|de|caption))? \ ?[:：/©]
  | ©
"""

_FLAGS = re.IGNORECASE | re.VERBOSE
_LABEL = re.compile(rf"\W*(?:{_RELEASE}|{_EMBARGO})(?=\W|\d|\Z)", _FLAGS)
_EMBARGOED = re.compile(rf"\W*(?:{_EMBARGO})(?=\W|\Z)", _FLAGS)
#: A label that the text follows on the same line.
_RUN_IN = re.compile(rf"\W*(?:{_RELEASE})\s*[:：–—|]\s*", _FLAGS)
_CONTACTS = re.compile(rf"\W*(?:(?:{_CONTACT})\s?(?:[:：]|\Z)|(?:{_ASKING}))", _FLAGS)
_CREDITS = re.compile(rf"\W*(?:{_CREDIT})", _FLAGS)
_BYLINE = re.compile(
    r"(?:(?:posted|written|published|guest\ post)\ )?(?:by|von|par|por|di|av|af|door)\ [^.!?]*\Z",
    _FLAGS,
)
#: Web addresses; and, by name, e-mail addresses and telephone numbers.
_ADDRESS = re.compile(
    r"""
    (?:https?://|www\.)\S+
  | (?P<person> [\w.+-]+@[\w-]+\.[\w.-]+ | (?:\+|\()?[0-9][0-9()./\s–-]{6,}[0-9] )
    """,
    _FLAGS,
)

#: A label with so much behind it ("– 2 November 2026", "No. 17-332") is the beginning of a text.
_MAX_LABEL_CHARS = 100
_MAX_BYLINE_CHARS = 110
_SHOUTED_CHARS = 20
_SENTENCE_CHARS = 40
#: So much of a line that tells whom to ask is addresses and numbers.
_ADDRESS_SHARE = 0.3
#: What a line is shows at its head; a long one is not looked at any further.
_MAX_CHARS = 500


def is_furniture(line: str) -> bool:
    """True when *line*, a line of plain text, is no part of what a release has to say."""
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
    """*Text* without "Press release:" before it."""
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
    """Capitals from end to end: a headline, or a label that we do not know."""
    is_long = len(line) >= _SHOUTED_CHARS  # no name, such as NASA
    return is_long and line.isupper() and 2 * sum(map(str.isupper, line)) > len(line)


def _is_address(line: str) -> bool:
    found = sum(len(each["person"] or "") for each in _ADDRESS.finditer(line))
    return found > _ADDRESS_SHARE * len(line)
