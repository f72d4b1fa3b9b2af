"""Translations: begun as drafts of the same work, in another language."""

from functools import partial
from http import HTTPStatus

from flask import Response

from feeds.model.history import work_of
from feeds.model.release import Draft, Release
from service.web.desk.drafts import known_languages, lead_to_begun
from service.web.desk.entrance import DeskRefused, field, signed_in
from service.web.desk.records import begun_with, key_of_draft, may_change, may_see, new_draft_id
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
    """Returns the languages of the newsroom in which nothing of this work is public, or waits.

    What whoever is signed in may not see is not known to wait.
    """
    taken = {original.content.language}
    if isinstance(original, Release):
        taken |= {each.language for each in original.translations}
    taken |= {
        each.content.language
        for each in request_context().application.newsroom.other_members(original)
        if isinstance(each, Draft) and may_change(signed_in(), each.content.category_names)
    }
    return [each for each in known_languages() if each not in taken]


def begin_translation(original: Release | Draft) -> Response:
    """Begins a draft of the same work, with the text of the original to write over.

    If somebody has begun one into that language, it leads there.

    Raises:
        DeskRefused: The form does not give a language to translate into.
    """
    context, user, language = request_context(), signed_in(), field("language")
    if language not in languages_to_choose(original):
        raise _NO_LANGUAGE
    content, work = original.content, work_of(original)
    record = begun_with(content, context.application.rules.derived_summary_chars)
    draft_id = new_draft_id()
    begun = context.application.newsroom.drafts.begin_translation(
        draft_id,
        {name: value for name, value in record.items() if name not in _OF_THE_ORIGINAL}
        | {"language": language}
        | {"work" if content.details.work else "translation_of": work},
        source_key=key_of_draft(draft_id),
        work=work,
        is_wanted=partial(may_see, user),
        by=user.name,
        now=context.now,
    )
    return lead_to_begun(begun, draft_id)
