"""The operation of the API that stores a picture or file of a release."""

from http import HTTPStatus
from typing import BinaryIO, cast

from service.logs import get_logger
from service.media import MediumRefused, MediumTooLarge, NoRoomForMedia
from service.web.api.calls import ApiCall, ApiResponse, MediumQuery
from service.web.api.faults import ApiProblem
from service.web.api.shapes import MediumOut

_log = get_logger(__name__)

#: By the kind of refusal.
_STATUS = {
    MediumTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NoRoomForMedia: HTTPStatus.INSUFFICIENT_STORAGE,
    MediumRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def post_medium(call: ApiCall[MediumQuery]) -> ApiResponse:
    """Stores the file in the body.

    Raises:
        ApiProblem: The file is refused.
    """
    # A length of 0 has no type, and neither has a client that does not know it.
    try:
        added = call.application.media.add(
            cast(BinaryIO, call.request.stream),
            name=call.query.name,
            by=call.token.name,
            declared_type=call.request.mimetype,
        )
    except MediumRefused as refused:
        raise ApiProblem(_STATUS[type(refused)], str(refused)) from refused
    # Without its name, which may tell of a release under embargo.
    _log.info("file stored by API", by=call.token.name, media_type=added.media_type)
    shown = MediumOut(
        url=added.url,
        name=added.name,
        media_type=added.media_type,
        length_bytes=added.length_bytes,
        digest=added.digest,
        width=added.width,
        height=added.height,
        warnings=list(added.warnings),
    )
    return ApiResponse(status=HTTPStatus.CREATED, content=shown, headers={"Location": added.url})
