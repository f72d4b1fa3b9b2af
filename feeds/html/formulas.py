"""What stands for a formula in MathML."""

from feeds.html.tree import Node, attribute, find, text_of

_ANNOTATIONS = "annotation, annotation-xml"
#: What MathML writes and nobody sees: function application, invisible times, separator and plus.
_UNSEEN = str.maketrans("", "", "\u2061\u2062\u2063\u2064")


def formula(math: Node) -> str:
    """What a ``<math>`` says in a sentence, on one line.

    Its author may have written that: as ``alttext`` (MathML 3, 2.2.1), or as an annotation in TeX.
    Otherwise it is the formula's characters.
    """
    text = attribute(math, "alttext") or _annotation(math) or _characters(math)
    return " ".join(text.translate(_UNSEEN).split())


def _annotation(math: Node) -> str:
    for each in find(math, "annotation"):
        encoding = (attribute(each, "encoding") or "").lower()
        if "tex" in encoding:  # application/x-tex, LaTeX; text/plain
            return text_of(each).strip()
    return ""


def _characters(math: Node) -> str:
    annotated = [text_of(each) for each in find(math, _ANNOTATIONS)]
    text = text_of(math)
    for each in annotated:  # they stand behind what they annotate
        text = text.removesuffix(each).rstrip()
    return text
