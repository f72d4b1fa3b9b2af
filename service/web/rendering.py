"""Makes pages from templates, in the looks of the configuration that the request works by."""

from typing import Any

from service.web.request_context import app_state, request_context


def render_template(name: str, **context: Any) -> str:
    """Makes a page.

    Args:
        name: The file of the template.
        context: Its variables, besides those that all templates have.
    """
    return app_state().looks.render(request_context().settings, name, context)
