"""Phrases that this program adds to a release, in the release's language.

Releases in languages without phrases get English ones, marked as such. Feeds contain these phrases,
so they are code with a version and not a catalogue: whoever corrects the words of a page (see
docs/languages.md) must not change the bytes of feeds by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The phrases in one language."""

    language: str  #: BCP 47
    correction: str  #: heading of a change note
    was_corrected: str  #: the note of a correction without a note of its own
    comma: str
    colon: str
    day: Callable[[datetime], str]  #: formats a date, in the time zone of the moment
    corrected_title: str  #: ``{title}`` is the release's
    retracted_title: str  #: ``{title}``
    retracted: str  #: ``{day}`` is an ISO 8601 date
    reason: str  #: ``{reason}``
    restored_title: str  #: ``{title}``
    restored: str  #: ``{day}``
    #: Increase it with each change: entries in this language are then rendered anew. A language
    #: that got phrases after the first release begins with 2.
    version: int = 1


def phrases_in(language: str) -> Phrases:
    """Returns the phrases in *language* (BCP 47), or in English if there are none."""
    return _PHRASES.get(language.lower().replace("_", "-").partition("-")[0], _ENGLISH)


def _dates(months: str, pattern: str = "{day} {month} {year}") -> Callable[[datetime], str]:
    names = months.split()

    def day(moment: datetime) -> str:
        name = names[moment.month - 1]
        return pattern.format(day=moment.day, month=name, year=moment.year)

    return day


def phrase_versions() -> dict[str, int]:
    """The version of each language's phrases; a changed one renders its entries anew."""
    return {language: phrases.version for language, phrases in _PHRASES.items()}


_ALL = (
    Phrases(
        language="en",
        correction="Correction",
        was_corrected="This release has been corrected.",
        comma=", ",
        colon=":",
        day=_dates(
            "January February March April May June July August September October November December"
        ),
        corrected_title="Correction: {title}",
        retracted_title="Retracted: {title}",
        retracted="This press release was retracted on {day} and is no longer valid.",
        reason="Reason: {reason}",
        restored_title="Restored: {title}",
        restored="This press release had been retracted. It was restored on {day} and is valid "
        "again.",
    ),
    Phrases(
        language="fr",
        correction="Rectificatif",
        was_corrected="Ce communiqué a été corrigé.",
        comma=", ",
        colon="\N{NO-BREAK SPACE}:",
        day=_dates(
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        ),
        corrected_title="Rectificatif : {title}",
        retracted_title="Retiré : {title}",
        retracted="Ce communiqué de presse a été retiré le {day} et n’est plus valable.",
        reason="Motif : {reason}",
        restored_title="Rétabli : {title}",
        restored="Ce communiqué de presse avait été retiré. Il a été rétabli le {day} et est de "
        "nouveau valable.",
    ),
    Phrases(
        language="es",
        correction="Corrección",
        was_corrected="Este comunicado ha sido corregido.",
        comma=", ",
        colon=":",
        day=_dates(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
            "diciembre",
            "{day} de {month} de {year}",
        ),
        corrected_title="Corrección: {title}",
        retracted_title="Retirado: {title}",
        retracted="Este comunicado de prensa se retiró el {day} y ya no es válido.",
        reason="Motivo: {reason}",
        restored_title="Restablecido: {title}",
        restored="Este comunicado de prensa se había retirado. Se restableció el {day} y vuelve a "
        "ser válido.",
    ),
    Phrases(
        language="ar",
        correction="تصويب",
        was_corrected="جرى تصويب هذا البيان.",
        comma="، ",
        colon=":",
        day=_dates("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
        corrected_title="تصويب: {title}",
        retracted_title="سُحب: {title}",
        retracted="سُحب هذا البيان الصحفي بتاريخ {day} ولم يعد صالحًا.",
        reason="السبب: {reason}",
        restored_title="أُعيد نشره: {title}",
        restored="كان هذا البيان الصحفي قد سُحب، وأُعيد نشره بتاريخ {day} وهو صالح من جديد.",
    ),
    Phrases(
        language="ru",
        correction="Исправление",
        was_corrected="В этот текст внесены исправления.",
        comma=", ",
        colon=":",
        day=_dates(
            "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
            "{day} {month} {year} г.",
        ),
        corrected_title="Исправление: {title}",
        retracted_title="Отозвано: {title}",
        retracted="Этот пресс-релиз отозван {day} и больше не действителен.",
        reason="Причина: {reason}",
        restored_title="Восстановлено: {title}",
        restored="Этот пресс-релиз был отозван. Он восстановлен {day} и снова действителен.",
    ),
    Phrases(
        language="zh",
        correction="更正",
        was_corrected="本新闻稿已更正。",
        comma="，",  # full-width
        colon="：",
        day=_dates("1 2 3 4 5 6 7 8 9 10 11 12", "{year}年{month}月{day}日"),
        corrected_title="更正：{title}",
        retracted_title="已撤回：{title}",
        retracted="本新闻稿已于 {day} 撤回，不再有效。",
        reason="原因：{reason}",
        restored_title="已恢复：{title}",
        restored="本新闻稿曾被撤回，已于 {day} 恢复，重新有效。",
    ),
    Phrases(
        language="de",
        correction="Berichtigung",
        was_corrected="Diese Pressemitteilung wurde berichtigt.",
        comma=", ",
        colon=":",
        day=_dates(
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
            "{day}. {month} {year}",
        ),
        corrected_title="Berichtigung: {title}",
        retracted_title="Zurückgezogen: {title}",
        retracted="Diese Pressemitteilung wurde am {day} zurückgezogen und ist nicht mehr gültig.",
        reason="Grund: {reason}",
        restored_title="Wieder gültig: {title}",
        restored="Diese Pressemitteilung war zurückgezogen. Sie wurde am {day} wiederhergestellt "
        "und ist wieder gültig.",
        version=2,
    ),
)

_PHRASES: Mapping[str, Phrases] = MappingProxyType({each.language: each for each in _ALL})

_ENGLISH = _PHRASES["en"]
