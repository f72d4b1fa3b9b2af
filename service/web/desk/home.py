"""The first page of the desk: what waits, what is being written, what was published lately."""

from flask import Response

from feeds.model.intake import EmbargoQuery
from feeds.model.listing import ReleaseQuery
from feeds.model.user import UserRole
from service.web.desk.entrance import Needs, desk, page, signed_in
from service.web.desk.records import may_see
from service.web.request_context import request_context

#: How many rows of each list it shows; the lists have the rest.
ROWS_EACH = 10


@desk.get("", Needs.SIGN_IN)
def home() -> Response:
    """Answers with what is going on in the newsroom."""
    user, newsroom = signed_in(), request_context().application.newsroom
    if not user.may(UserRole.WRITE):
        return page("home.html", is_writer=False)
    return page(
        "home.html",
        is_writer=True,
        waiting=newsroom.embargoes.listed(
            EmbargoQuery(categories=user.categories), limit=ROWS_EACH
        ),
        drafts=newsroom.drafts.listed(limit=ROWS_EACH, is_wanted=lambda one: may_see(user, one)),
        releases=newsroom.listed(ReleaseQuery(), limit=ROWS_EACH),
    )
