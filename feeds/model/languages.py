"""Languages, as feeds and releases name them: BCP 47 tags in their canonical case."""


def matches(tag: str, language_range: str) -> bool:
    """True when *tag* is the language of *language_range*, or a kind of it: ``fr-CA`` is ``fr``.

    Source: RFC 4647 section 3.3.1, "Basic Filtering".
    """
    tag, language_range = tag.lower(), language_range.lower()
    return tag == language_range or tag.startswith(f"{language_range}-")


def fallbacks(tag: str) -> list[str]:
    """What may stand for *tag*, in lower case, the nearest first: ``zh-hant-tw, zh-hant, zh``.

    Source: RFC 4647 section 3.4, "Lookup": a single letter goes with what it introduces.
    """
    subtags = tag.lower().split("-")
    found = []
    while subtags:
        found.append("-".join(subtags))
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return found
