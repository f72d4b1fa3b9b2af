"""What a record says of itself as a correction."""

from collections.abc import Mapping

from feeds.errors import DocumentRefused
from feeds.ingest.characters import is_blank, one_line, shown
from feeds.ingest.fields import fitting
from feeds.ingest.rules import IntakeRules
from feeds.model.life import Correction, Weight

_FIELD = "correction"
_REMEDY = 'say "minor" or "major", or give {"weight": "major", "note": "what changed"}'


def read_correction(
    fields: Mapping[str, object], *, is_markup: bool, rules: IntakeRules, mended: list[str]
) -> Correction:
    """The correction that a record is, should its release be known already.

    Args:
        fields: Of the record.
        is_markup: Its body is HTML; see ``one_line``.
        rules: Say what is assumed where the record says nothing, and the limits.
        mended: Gets warnings.

    Raises:
        DocumentRefused: The field is there, and says neither weight nor note.
    """
    value = fields.get(_FIELD)
    if value is None or value == "":
        return rules.correction
    if isinstance(value, str):
        return Correction(weight=_weight(value, _FIELD))
    if not isinstance(value, dict):
        raise _refusal(_FIELD, f"is neither a word nor an object: {shown(value)}")
    note = _note(value.get("note"), is_markup=is_markup, rules=rules, mended=mended)
    weight = value.get("weight")
    if weight is not None:
        return Correction(weight=_weight(weight, f"{_FIELD}.weight"), note=note)
    if note is None:
        raise _refusal(_FIELD, "has neither weight nor note")
    # Who writes a note wants it to be read, and that of a minor correction is not shown.
    return Correction(weight=Weight.MAJOR, note=note)


def _weight(value: object, field: str) -> Weight:
    if isinstance(value, str) and value.strip().lower() in set(Weight):
        return Weight(value.strip().lower())
    raise _refusal(field, f"is neither minor nor major: {shown(value)}")


def _note(value: object, *, is_markup: bool, rules: IntakeRules, mended: list[str]) -> str | None:
    field = f"{_FIELD}.note"
    if value is None:
        return None
    if not isinstance(value, str):
        raise _refusal(field, f"is not a text: {shown(value)}")
    note = one_line(value, field=field, is_markup=is_markup, mended=mended)
    return None if is_blank(note) else fitting(note, rules.max_note_chars, field=field)


def _refusal(field: str, fact: str) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}", remedy=_REMEDY, field=field)
