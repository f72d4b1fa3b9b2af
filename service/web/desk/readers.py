"""Who reads what, for operators, as it is counted."""

from datetime import timedelta

from flask import Response, request

from feeds.model.readership import WINDOW_DAYS
from feeds.model.user import UserRole
from service.readership import read_readership
from service.web.desk.entrance import desk, page
from service.web.request_context import request_context

#: How many days are shown: the first of these, or another one that is chosen.
DAYS = (7, 30, 90)


@desk.get("/readers", UserRole.OPERATE)
def readers() -> Response:
    """Answers with who reads what. It changes nothing."""
    context = request_context()
    asked = request.args.get("days")
    days = next((each for each in DAYS if str(each) == asked), DAYS[0])
    with context.database.read() as tx:
        seen = read_readership(
            tx,
            context.catalogue,
            now=context.now,
            days=days,
            missing_after=timedelta(seconds=context.settings.canary.missing_after_seconds),
        )
    return page(
        "readers.html",
        seen=seen,
        days=days,
        choices=DAYS,
        window_days=WINDOW_DAYS,
        is_counted=context.settings.readership.counted,
    )
