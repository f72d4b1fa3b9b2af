"""What of a message's text is the release: not signatures, answered messages, forwarded heads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from feeds.ingest.characters import shown

# Plain text: lines that a program wrapped (RFC 3676).


def unflowed(text: str, *, deletes_space: bool) -> str:
    """Returns text in format=flowed with its lines joined; quoted lines keep their marks.

    Args:
        text: The text of the part.
        deletes_space: Whether the space at the end of a flowed line is not part of the text.
    """
    lines: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")  # a stuffed space, or the one behind the marks
        if open_depth == depth and content != SIGNATURE:
            lines[-1] += content
        else:
            lines.append(f"{'>' * depth} {content}" if depth else content)
        is_flowed = content.endswith(" ") and content != SIGNATURE
        if is_flowed and deletes_space:
            lines[-1] = lines[-1][:-1]
        open_depth = depth if is_flowed else None
    return "\n".join(lines)


#: What stands above a signature.
SIGNATURE = "-- "

# Lines that are not the release, by their index. The same for text and for HTML.

_PREFIX = re.compile(
    r"\s*(?:re|aw|sv|antw|rif|odp|fwd?|wg|tr|rv|vs|doorst)\s*(?:\[\d+\])?\s*:\s*", re.I
)
_FORWARD = re.compile(r"\s*(?:fwd?|wg|tr|rv|doorst)\s*:", re.IGNORECASE)
_FORWARDED = re.compile(
    r"[-_\s]*(?:begin )?(?:forwarded message|weitergeleitete nachricht|message transféré"
    r"|mensaje reenviado|messaggio inoltrato|mensagem encaminhada)\s*:?[-_\s]*",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"[-_\s]+(?:original message|ursprüngliche nachricht|message d'origine"
    r"|mensaje original)[-_\s]+",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r".{8,200}(?:wrote|a écrit|escribió|ha scritto|escreveu|skrev|(?:schrieb|schreef)[^:]{0,80})"
    r"\s*:\s*",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"\*?(from|von|de|da|date|datum|fecha|data|sent|gesendet|envoyé|enviado|to|an|à|para|a|cc|kopie"
    r"|subject|betreff|objet|asunto|oggetto|assunto|reply-to|antwort an)\*?\s?:\*?\s*(.*)",
    re.IGNORECASE,
)
_SENDER = ("from", "von", "de", "da")
_SUBJECT = ("subject", "betreff", "objet", "asunto", "oggetto", "assunto")
#: A head of fewer lines may be a part of the release, such as "From: Monday".
_MIN_HEAD = 3


@dataclass(slots=True)
class Trimming:
    """What is not the release."""

    dropped: set[int] = field(default_factory=set)  #: indices of lines
    left_out: list[str] = field(default_factory=list)
    subject: str | None = None  #: the one of a forwarded message


def without_prefixes(subject: str) -> str:
    """Returns a subject without "Re:", "Fwd:" and the like."""
    while (found := _PREFIX.match(subject)) is not None:
        subject = subject[found.end() :]
    return subject.strip()


def cut(lines: Sequence[str], *, subject: str, is_html: bool) -> Trimming:
    """Finds what is not the release in the lines of a message that are not blank.

    Args:
        lines: The lines, below the head block.
        subject: The subject of the message.
        is_html: Whether the lines are of HTML, where no mark stands before quoted ones.
    """
    result = Trimming()
    start = _forwarded(lines, subject, result)
    end = _end(lines, start, result, is_html=is_html)
    result.dropped |= {*range(start)} | {*range(end, len(lines))}
    return result


def _forwarded(lines: Sequence[str], subject: str, result: Trimming) -> int:
    """Returns the index of the first line of a forwarded message; 0 if there is none."""
    for index, line in enumerate(lines):
        is_marked = _FORWARDED.fullmatch(line) or (
            _FORWARD.match(subject) and _ORIGINAL.fullmatch(line)
        )
        at = index + 1 if is_marked else index
        head = _head(lines, at)
        if not head or not (is_marked or _FORWARD.match(subject)):
            continue
        result.subject = next((value for name, value in head if name in _SUBJECT and value), None)
        result.left_out.append("the head of the forwarded message")
        if index:
            result.left_out.append(f"what stands above the forwarded message: {shown(lines[0])}")
        return at + len(head)
    return 0


def _head(lines: Sequence[str], start: int) -> list[tuple[str, str]]:
    """Returns the lines of a message's head that begin at *start*; none if there are few."""
    head = []
    for line in lines[start : start + 12]:
        found = _HEAD.fullmatch(line.strip())
        if found is None:
            break
        head.append((found[1].lower(), found[2].strip()))
    names = {name for name, _ in head}
    is_head = len(head) >= _MIN_HEAD and names & {*_SENDER} and names & {*_SUBJECT}
    return head if is_head else []


def _end(lines: Sequence[str], start: int, result: Trimming, *, is_html: bool) -> int:
    """Returns where the release ends: before a signature, or a message that it answers."""
    for index in range(start, len(lines)):
        line = lines[index]
        rest = lines[index + 1 :]
        if line == SIGNATURE:
            result.left_out.append(f"the signature {shown(' '.join(rest))}")
            return index
        is_quoted = not is_html and rest and all(each.startswith(">") for each in rest)
        is_answer = _WROTE.fullmatch(line) is not None and is_quoted
        if is_answer or _ORIGINAL.fullmatch(line) or _head(lines, index):
            result.left_out.append(f"the message that it answers, from {shown(line)} on")
            return index
    return len(lines)
