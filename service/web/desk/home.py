"""The first page of the desk."""

from flask import Response

from service.web.desk.entrance import Needs, desk, page


@desk.get("", Needs.SIGN_IN)
def home() -> Response:
    """Answers with what is going on in the newsroom."""
    return page("home.html")
