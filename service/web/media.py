"""The route of pictures and files that are stored here: ``/media/<digest>/<name>``."""

from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from flask import Blueprint, Response, request

from feeds.errors import MediumNotFound
from feeds.media.kinds import type_of
from feeds.model.medium import MediumUse, StoredMedium
from service.http_rules import ConditionalDecision, Field, Representation, decide, request_fields
from service.web.answers import NOSNIFF, OPEN_TO_ALL, AppResponse, Undeliverable
from service.web.request_context import request_context
from service.web.static_files import FOR_EVER

#: A file is shown, or saved, and does nothing: no script of it runs on this site.
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"

#: Characters of ``attr-char`` (RFC 8187 section 3.2.1), besides letters and digits.
_ATTR_CHARS = "!#$&+-.^_`|~"

blueprint = Blueprint("media", __name__)


@blueprint.get("/media/<digest:digest>/<slug:name>")
def show(digest: str, name: str) -> Response:
    """Answers with a file that a public release names.

    Raises:
        MediumNotFound: There is none, or only releases name it that are not public. That the
            address cannot be guessed is not enough: who has the file can compute it.
    """
    use = MediumUse(digest, name)
    with request_context().database.read() as tx:
        medium = tx.media.public(use)
    if medium is None:
        raise MediumNotFound(name)
    return answer_medium(medium, name, cache_control=FOR_EVER)


def answer_medium(medium: StoredMedium, name: str, *, cache_control: str) -> Response:
    """Answers the current request with a file, whoever names it.

    Args:
        medium: The file.
        name: What it is called in the address.
        cache_control: The value of ``Cache-Control``. A file that is not public must not be stored.

    Raises:
        Undeliverable: The client sets conditions that do not hold.
    """
    described = Representation(
        revision=medium.digest,
        media_type=medium.media_type,
        length=lambda _: medium.length_bytes,
        modified_at=medium.added_at,
        fields=(("Cache-Control", cache_control), *_fields(medium, name)),
    )
    decision = decide(request_fields(request.environ), described)
    if decision.status >= 400:
        raise Undeliverable(decision)
    return AppResponse(
        _body(medium, decision), status=decision.status, headers=list(decision.fields)
    )


def _body(medium: StoredMedium, decision: ConditionalDecision) -> Iterator[bytes]:
    if decision.part is None:
        return iter(())
    media = request_context().application.media
    pieces = media.pieces(medium.digest, decision.part.first, decision.part.end)
    # The first one is read here, so that a store that does not answer is told as such.
    return chain([next(pieces, b"")], pieces)


def _fields(medium: StoredMedium, name: str) -> tuple[Field, ...]:
    is_shown = type_of(medium.media_type).is_shown
    return (
        ("Content-Disposition", disposition(name, is_shown=is_shown)),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        *NOSNIFF.items(),
        *OPEN_TO_ALL.items(),
    )


def disposition(name: str, *, is_shown: bool) -> str:
    """Returns the value of ``Content-Disposition`` (RFC 6266): shown or saved, under which name."""
    kind = "inline" if is_shown else "attachment"
    plain = "".join(each if each.isascii() else "-" for each in name)
    written = f'{kind}; filename="{plain}"'
    # RFC 6266 4.3: both forms, for clients that do not know the second.
    return written if name.isascii() else f"{written}; filename*=UTF-8''{quote(name, _ATTR_CHARS)}"
