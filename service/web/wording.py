"""Text for pages: dates, sizes, languages and URLs as people read them, in the page's language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from unicodedata import bidirectional
from urllib.parse import quote, unquote, urlsplit

from feeds.model.feed import Site
from feeds.model.months import Month
from feeds.model.release import Translation
from feeds.model.text import direction, fallbacks, matches
from service.web.page_language import spoken

# The pages of one release in several languages (``hreflang``).


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAlternate:
    """The page of a release in one language."""

    language: str  #: BCP 47; ``x-default`` for readers of all other languages
    page: str  #: the absolute URL


def page_alternates(
    language: str, slug: str, translations: Sequence[Translation], site: Site
) -> list[PageAlternate]:
    """Returns the pages of a release and its translations; none if it has no translations.

    Each page lists all of them, itself included, or search engines ignore the list. The page in the
    site's language is for readers whose language is not among them.

    Args:
        language: The language of the release.
        slug: The slug of the release.
        translations: The other language versions of the release.
        site: The site that has the pages.
    """
    if not translations:
        return []
    slugs = {language: slug} | {each.language: each.slug for each in translations}
    found = [
        PageAlternate(language=each, page=site.release_page(slugs[each])) for each in sorted(slugs)
    ]
    usual = [each.page for each in found if matches(each.language, site.language)]
    return [*found, *(PageAlternate(language="x-default", page=page) for page in usual[:1])]


# Filters: dates, sizes, languages, URLs.

#: A telephone number with the separators that people write.
_PHONE = re.compile(r"\+?[(0-9][0-9 ()./\u00a0\u2010\u2011-]{2,40}")
_SEPARATORS = re.compile(r"[^0-9+]")

#: The names of languages in these languages (CLDR), by tag in lower case. Babel has them too, but
#: reads a whole locale, up to two megabytes, for each name.
LANGUAGE_NAMES = {
    "af": "Afrikaans", "am": "አማርኛ", "ar": "العربية", "az": "azərbaycan", "be": "беларуская",
    "bg": "български", "bn": "বাংলা", "bs": "bosanski", "ca": "català", "ckb": "کوردیی ناوەندی",
    "cs": "čeština", "cy": "Cymraeg", "da": "dansk", "de": "Deutsch", "el": "Ελληνικά",
    "en": "English", "eo": "Esperanto", "es": "español", "et": "eesti", "eu": "euskara",
    "fa": "فارسی", "fi": "suomi", "fil": "Filipino", "fr": "français", "ga": "Gaeilge",
    "gl": "galego", "gu": "ગુજરાતી", "ha": "Hausa", "he": "עברית", "hi": "हिन्दी",
    "hr": "hrvatski", "hu": "magyar", "hy": "հայերեն", "id": "Indonesia", "is": "íslenska",
    "it": "italiano", "ja": "日本語", "ka": "ქართული", "kk": "қазақ тілі", "km": "ខ្មែរ",
    "kn": "ಕನ್ನಡ", "ko": "한국어", "lt": "lietuvių", "lv": "latviešu", "mk": "македонски",
    "ml": "മലയാളം", "mn": "монгол", "mr": "मराठी", "ms": "Melayu", "mt": "Malti",
    "my": "မြန်မာ", "nb": "norsk bokmål", "ne": "नेपाली", "nl": "Nederlands", "nn": "norsk nynorsk",
    "no": "norsk", "pa": "ਪੰਜਾਬੀ", "pl": "polski", "prs": "دری", "ps": "پښتو", "pt": "português",
    "ro": "română", "ru": "русский", "sd": "سنڌي", "si": "සිංහල", "sk": "slovenčina",
    "sl": "slovenščina", "so": "Soomaali", "sq": "shqip", "sr": "српски", "sv": "svenska",
    "sw": "Kiswahili", "ta": "தமிழ்", "te": "తెలుగు", "th": "ไทย", "ti": "ትግርኛ", "tr": "Türkçe",
    "ug": "ئۇيغۇرچە", "uk": "українська", "ur": "اردو", "uz": "oʻzbek", "vi": "Tiếng Việt",
    "yi": "ייִדיש", "zh": "中文", "zh-hans": "简体中文", "zh-hant": "繁體中文", "zu": "isiZulu",
}  # fmt: skip


def day(moment: datetime) -> str:
    """Writes a date in the newsroom's time zone: ``21 May 2019``."""
    return spoken().day(moment)


def month_name(month: Month) -> str:
    """Writes a month within its year: ``May``."""
    return spoken().month_name(month)


def month_title(month: Month) -> str:
    """Writes a month: ``May 2019``."""
    return spoken().month_title(month)


def minute(moment: datetime) -> str:
    """Writes a date and time with the zone: ``21 May 2019, 18:38 CEST``."""
    return spoken().minute(moment)


#: As the audit log has it.
_MOMENT = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def with_minutes(text: str) -> str:
    """Writes the moments in a line of the audit log as `minute` does: ``until 21 May 2019, …``."""

    def written(found: re.Match[str]) -> str:
        try:
            return minute(datetime.fromisoformat(found[0]))
        except ValueError:  # somebody's words that only look like one
            return found[0]

    return _MOMENT.sub(written, text)


def number(amount: float) -> str:
    """Writes a number: ``12,345``."""
    return spoken().number(amount)


def machine(moment: datetime) -> str:
    """Writes a time for ``<time datetime>`` (RFC 3339): ``2019-05-21T16:38:50Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def language_name(tag: str) -> str:
    """Returns the name of a language (BCP 47) in that language, and the rest of the tag, if any."""
    tags = fallbacks(tag)
    known = next((each for each in tags if each in LANGUAGE_NAMES), None)
    if known is None:
        return tag
    rest = tag[len(known) + 1 :]
    return f"{LANGUAGE_NAMES[known]} ({rest})" if rest else LANGUAGE_NAMES[known]


def text_direction(text: str, language: str) -> str:
    """Returns the direction of one line of text: ``ltr`` or ``rtl``.

    A title may be in Latin letters though the language of its release is not. ``dir=auto`` does not
    do: it goes by the first letter, and many a Hebrew title begins with ``PostgreSQL 14``.
    """
    natural = direction(language)
    if natural == "rtl" and not any(bidirectional(letter) in {"R", "AL"} for letter in text):
        return "ltr"
    return natural


def size(length_bytes: int) -> str:
    """Writes a file's size in decimal units: ``1.4 MB``."""
    return spoken().size(length_bytes)


def clock(duration_s: int) -> str:
    """Writes a duration: ``12:34``, ``1:02:03``."""
    minutes, seconds = divmod(duration_s, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def dial(phone: str) -> str | None:
    """Writes the ``tel:`` URL of a number (RFC 3966); None for text that cannot be dialled.

    A number with an extension (``ext. 12``) or with words cannot be dialled without a person.
    """
    if not _PHONE.fullmatch(phone):
        return None
    # The trunk prefix of ``+44 (0) 20`` is left out: dialled from abroad it gives a wrong number.
    digits = _SEPARATORS.sub("", phone.replace("(0)", "") if phone.startswith("+") else phone)
    return f"tel:{digits}" if digits else None


def mail(email: str) -> str:
    """Writes the ``mailto:`` URL of a mailbox (RFC 6068 section 2)."""
    return f"mailto:{quote(email, safe='@!$*+')}"


def bare(url: str) -> str:
    """Writes a URL as people do: ``un.org/reports``."""
    return url.partition("://")[2].removeprefix("www.").rstrip("/")


def file_name(url: str) -> str:
    """Returns the file name at the end of a URL, or the host if its path is empty."""
    parts = urlsplit(url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


def host(url: str) -> str:
    """Returns the host of a URL, without ``www.``: ``justice.gov``."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def local(url: str) -> str:
    """Removes scheme and host from one of our own URLs, for links between pages.

    Such links also work where a page is opened under another host name, as ``127.0.0.1`` for
    ``localhost``. The path still comes from the configured base URL, never from the request.
    """
    parts = urlsplit(url)
    return parts._replace(scheme="", netloc="").geturl() or "/"
