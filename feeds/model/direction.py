"""Which way a language is written."""

#: Languages written from right to left, unless a script subtag says otherwise (CLDR).
_RTL_LANGUAGES = {
    *("ar", "arc", "azb", "bal", "ckb", "dv", "fa", "glk", "he", "iw", "ji", "khw", "ks"),
    *("lrc", "mzn", "nqo", "pnb", "prs", "ps", "sd", "sdh", "syr", "ug", "ur", "yi"),
}
_RTL_SCRIPTS = {
    *("adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc"),
    *("thaa", "yezi"),
}
_SCRIPT_LETTERS = 4


def direction(language: str) -> str:
    """Tell how a language (BCP 47) is written: ``rtl``, ``ltr``, or ``auto`` when it is unknown.

    A script subtag decides, as ``az-Arab`` and ``az-Latn`` are one language.
    """
    primary, *subtags = language.lower().replace("_", "-").split("-")
    if primary in {"", "und", "mul", "zxx"}:
        return "auto"
    for subtag in subtags:
        if len(subtag) == _SCRIPT_LETTERS and subtag.isalpha():
            return "rtl" if subtag in _RTL_SCRIPTS else "ltr"
    return "rtl" if primary in _RTL_LANGUAGES else "ltr"
