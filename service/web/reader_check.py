"""``/reader-check``: how a program behaves as a client, for whoever writes it.

The page says nothing of any other program, and of this one nothing by feed or by person.
"""

from datetime import timedelta

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from feeds.model.readership import WINDOW_DAYS, AgentKind, AgentTraffic, read_agent
from service.web.page_language import SOURCE_LANGUAGE
from service.web.rendering import render_page
from service.web.request_context import request_context

_FIELDS = {"Cache-Control": "no-store", "Vary": "User-Agent", "X-Robots-Tag": "noindex"}

blueprint = Blueprint("reader_check", __name__)


@blueprint.get("/reader-check")
def show() -> Response:
    """Answers with what was counted of one user agent: the one that asks, or the one it names."""
    context = request_context()
    if not context.settings.readership.counted:
        raise NotFound
    agent = read_agent(request.args.get("agent") or request.headers.get("User-Agent", ""))
    since = context.now.date() - timedelta(days=WINDOW_DAYS - 1)
    with context.database.read() as tx:
        days = tx.readership.agents(since=since, name=agent.name)
    total = AgentTraffic(kind=agent.kind)
    for one in days.values():
        total.add(one)
    # For programmers: in English, like the documentation that it leads to.
    page = render_page(
        "reader_check.html",
        SOURCE_LANGUAGE,
        agent=agent.name,
        is_browser=agent.kind is AgentKind.BROWSER,
        total=total,
        since=since,
    )
    return Response(page, mimetype="text/html", headers=_FIELDS)
