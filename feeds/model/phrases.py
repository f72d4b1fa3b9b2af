"""Phrases that this program adds to a release, in the release's language.

There are six languages, those of the United Nations. Releases in other languages get English
phrases, marked as such.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The phrases in one language."""

    language: str  #: BCP 47
    correction: str  #: heading of a change note
    was_corrected: str  #: the note of a correction without a note of its own
    comma: str
    colon: str
    day: Callable[[datetime], str]  #: formats a date, in UTC


def phrases_in(language: str) -> Phrases:
    """Returns the phrases in *language* (BCP 47), or in English if there are none."""
    return _PHRASES.get(language.lower().replace("_", "-").partition("-")[0], _ENGLISH)


def _dates(months: str, pattern: str = "{day} {month} {year}") -> Callable[[datetime], str]:
    names = months.split()

    def day(moment: datetime) -> str:
        moment = moment.astimezone(UTC)
        name = names[moment.month - 1]
        return pattern.format(day=moment.day, month=name, year=moment.year)

    return day


_ENGLISH = Phrases(
    language="en",
    correction="Correction",
    was_corrected="This release has been corrected.",
    comma=", ",
    colon=":",
    day=_dates(
        "January February March April May June July August September October November December"
    ),
)

_PHRASES: Mapping[str, Phrases] = MappingProxyType(
    {
        each.language: each
        for each in (
            _ENGLISH,
            Phrases(
                language="fr",
                correction="Rectificatif",
                was_corrected="Ce communiqué a été corrigé.",
                comma=", ",
                colon="\N{NO-BREAK SPACE}:",
                day=_dates(
                    "janvier février mars avril mai juin juillet août septembre octobre novembre "
                    "décembre"
                ),
            ),
            Phrases(
                language="es",
                correction="Corrección",
                was_corrected="Este comunicado ha sido corregido.",
                comma=", ",
                colon=":",
                day=_dates(
                    "enero febrero marzo abril mayo junio julio agosto septiembre octubre "
                    "noviembre diciembre",
                    "{day} de {month} de {year}",
                ),
            ),
            Phrases(
                language="ar",
                correction="تصويب",
                was_corrected="جرى تصويب هذا البيان.",
                comma="، ",
                colon=":",
                day=_dates(
                    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
                ),
            ),
            Phrases(
                language="ru",
                correction="Исправление",
                was_corrected="В этот текст внесены исправления.",
                comma=", ",
                colon=":",
                day=_dates(
                    "января февраля марта апреля мая июня июля августа сентября октября ноября "
                    "декабря",
                    "{day} {month} {year} г.",
                ),
            ),
            Phrases(
                language="zh",
                correction="更正",
                was_corrected="本新闻稿已更正。",
                comma="，",  # full-width
                colon="：",
                day=_dates("1 2 3 4 5 6 7 8 9 10 11 12", "{year}年{month}月{day}日"),
            ),
        )
    }
)
