"""How we say in feeds what happened to a release: six languages, those of the United Nations."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How one language says it: ``{title}`` is the release's, ``{day}`` an ISO 8601 date."""

    corrected_title: str
    retracted_title: str
    retracted: str  #: ``{day}``
    reason: str  #: ``{reason}``
    restored_title: str
    restored: str  #: ``{day}``


def words_in(language: str) -> Words:
    """Our words in *language* (BCP 47), or in English where we have none."""
    return _WORDS.get(_primary(language), _ENGLISH)


def paragraph(line: str, language: str) -> str:
    """A line of ours as HTML; marked as English inside an entry whose language we do not speak."""
    marks = "" if _primary(language) in _WORDS else ' lang="en" dir="ltr"'
    return f"<p{marks}>{escape(line)}</p>"


def _primary(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]


_ENGLISH = Words(
    corrected_title="Correction: {title}",
    retracted_title="Retracted: {title}",
    retracted="This press release was retracted on {day} and is no longer valid.",
    reason="Reason: {reason}",
    restored_title="Restored: {title}",
    restored="This press release had been retracted. It was restored on {day} and is valid again.",
)
_WORDS = {
    "en": _ENGLISH,
    "fr": Words(
        corrected_title="Rectificatif : {title}",
        retracted_title="Retiré : {title}",
        retracted="Ce communiqué de presse a été retiré le {day} et n’est plus valable.",
        reason="Motif : {reason}",
        restored_title="Rétabli : {title}",
        restored="Ce communiqué de presse avait été retiré. Il a été rétabli le {day} et est de "
        "nouveau valable.",
    ),
    "es": Words(
        corrected_title="Corrección: {title}",
        retracted_title="Retirado: {title}",
        retracted="Este comunicado de prensa se retiró el {day} y ya no es válido.",
        reason="Motivo: {reason}",
        restored_title="Restablecido: {title}",
        restored="Este comunicado de prensa se había retirado. Se restableció el {day} y vuelve a "
        "ser válido.",
    ),
    "ar": Words(
        corrected_title="تصويب: {title}",
        retracted_title="سُحب: {title}",
        retracted="سُحب هذا البيان الصحفي بتاريخ {day} ولم يعد صالحًا.",
        reason="السبب: {reason}",
        restored_title="أُعيد نشره: {title}",
        restored="كان هذا البيان الصحفي قد سُحب، وأُعيد نشره بتاريخ {day} وهو صالح من جديد.",
    ),
    "ru": Words(
        corrected_title="Исправление: {title}",
        retracted_title="Отозвано: {title}",
        retracted="Этот пресс-релиз отозван {day} и больше не действителен.",
        reason="Причина: {reason}",
        restored_title="Восстановлено: {title}",
        restored="Этот пресс-релиз был отозван. Он восстановлен {day} и снова действителен.",
    ),
    "zh": Words(
        corrected_title="更正：{title}",
        retracted_title="已撤回：{title}",
        retracted="本新闻稿已于 {day} 撤回，不再有效。",
        reason="原因：{reason}",
        restored_title="已恢复：{title}",
        restored="本新闻稿曾被撤回，已于 {day} 恢复，重新有效。",
    ),
}
