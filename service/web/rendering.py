"""Makes pages from templates: every page goes through `render_page`.

It gives the page its language, and the looks of the configuration that the request works by.
"""

from collections.abc import Callable

from flask import Flask
from markupsafe import Markup

from feeds.model.feed import Format
from feeds.model.text import direction
from service.http_rules import RAW
from service.web import body_markup, wording
from service.web.page_language import page_language, speaking, spoken
from service.web.request_context import (
    RequestContext,
    app_state,
    is_search_offered,
    request_context,
)
from service.websub.retries import delay_in_short


def render_page(template: str, language: str, **variables: object) -> bytes:
    """Makes a page.

    Args:
        template: The name of the template.
        language: The language of what the page shows (BCP 47). The page speaks it if there is a
            catalogue for it.
        variables: What the template needs in addition to what all pages have.
    """
    context = request_context()
    with speaking(page_language(language, context.site)):
        return app_state().looks.render(context.settings, template, variables).encode()


def prepare_templates(app: Flask) -> None:
    """Registers the messages, filters and variables that the templates of *app* use."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    # Lines are broken in templates for whoever reads these.
    environment.policies["ext.i18n.trimmed"] = True
    install: Callable[..., None] = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(_gettext, _ngettext, newstyle=True, pgettext=_pgettext, npgettext=_npgettext)
    environment.filters.update(
        day=wording.day,
        minute=wording.minute,
        with_minutes=wording.with_minutes,
        month_name=wording.month_name,
        month_title=wording.month_title,
        machine=wording.machine,
        number=wording.number,
        direction=direction,
        language_name=wording.language_name,
        text_direction=wording.text_direction,
        size=wording.size,
        clock=wording.clock,
        dial=wording.dial,
        mail=wording.mail,
        bare=wording.bare,
        file_name=wording.file_name,
        host=wording.host,
        local=wording.local,
        isolated=_isolated,
        delay=delay_in_short,
        kind=_file_kind,
        lead_picture=body_markup.lead_picture,
        share_picture=body_markup.share_picture,
        picture_address=body_markup.picture_address,
        thumbnail=body_markup.thumbnail,
        file_thumbnail=body_markup.file_thumbnail,
    )
    environment.globals.update(formats=tuple(Format), raw=RAW, spoken=spoken)
    app.context_processor(_common_variables)


def _file_kind(media_type: str) -> str:
    return spoken().messages.gettext(body_markup.file_kind(media_type))


def _isolated(text: str) -> Markup:
    """Keeps a text of either direction together within a line of another."""
    return Markup("<bdi>{}</bdi>").format(text)


# The messages of the page that is being rendered.


def _gettext(message: str) -> str:
    return spoken().messages.gettext(message)


def _ngettext(one: str, many: str, number: int) -> str:
    return spoken().messages.ngettext(one, many, number)


def _pgettext(context: str, message: str) -> str:
    return spoken().messages.pgettext(context, message)


def _npgettext(context: str, one: str, many: str, number: int) -> str:
    return spoken().messages.npgettext(context, one, many, number)


def _common_variables() -> dict[str, object]:
    context: RequestContext = request_context()
    settings = context.settings
    assets = app_state().looks.of(settings).assets
    return {
        "site": context.site,
        "feeds": context.feeds,
        "links": settings.site.links,
        "has_search": is_search_offered(),
        "asset": lambda name: wording.local(context.site.base_url + assets.path(name)),
    }
