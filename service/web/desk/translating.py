"""Translations: begun as drafts of the same work, in another language."""

import secrets
from http import HTTPStatus

from flask import Response

from feeds.model.history import work_of
from feeds.model.release import Draft, Release
from service.web.desk.drafts import known_languages
from service.web.desk.entrance import DeskRefused, field, lead_to, signed_in
from service.web.desk.records import begun_with, key_of_draft
from service.web.page_language import noted
from service.web.request_context import request_context

_NO_LANGUAGE = DeskRefused(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    noted("No translation was begun"),
    noted("Choose a language that this is not in yet, and no other release of it either."),
)

#: Fields that are of the original alone.
_OF_THE_ORIGINAL = ("published", "url", "work")


def languages_to_choose(original: Release | Draft) -> list[str]:
    """Returns the languages of the newsroom in which nothing of this work is public."""
    taken = {original.content.language}
    if isinstance(original, Release):
        taken |= {each.language for each in original.translations}
    return [each for each in known_languages() if each not in taken]


def begin_translation(original: Release | Draft) -> Response:
    """Begins a draft of the same work, with the text of the original to write over.

    Raises:
        DeskRefused: The form does not give a language to translate into.
    """
    context, user, language = request_context(), signed_in(), field("language")
    if language not in languages_to_choose(original):
        raise _NO_LANGUAGE
    content = original.content
    record = begun_with(content, context.application.rules.derived_summary_chars)
    named = content.details.work
    draft_id = secrets.token_hex(8)
    context.application.newsroom.drafts.begin(
        draft_id,
        {name: value for name, value in record.items() if name not in _OF_THE_ORIGINAL}
        | {"language": language}
        | ({"work": named} if named else {"translation_of": work_of(original)}),
        source_key=key_of_draft(draft_id),
        by=user.name,
        now=context.now,
    )
    return lead_to(f"/drafts/{draft_id}")
