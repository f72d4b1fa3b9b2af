"""Pages, lists and archives from memory, while the store does not answer."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec

from flask import Response

from feeds.errors import FeedsError, StoreUnavailable
from service.http_rules import Coding
from service.web.answers import AppResponse, answer
from service.web.document_cache import Moment
from service.web.encoded_variants import EncodedVariants
from service.web.replies import stale_fields
from service.web.request_context import app_state, request_context

#: How long before the store was last heard of an answer may have been made, if something was
#: published since. Documents are good for so long to caches when we cannot be reached.
MAX_OUTDATED_S = 24 * 60 * 60

_MADE = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED})

P = ParamSpec("P")


def recallable(view: Callable[P, Response]) -> Callable[P, Response]:
    """Have what *view* answers kept, and given out while the store does not answer.

    Only of a store on another machine, or in another process: one that is a file has other
    troubles, which are to be told. The answer may depend on the arguments, the configuration and
    the store, and on nothing else of the request.
    """

    @wraps(view)
    def answer_or_recall(*arguments: P.args, **named: P.kwargs) -> Response:
        document_cache = app_state().document_cache
        if not document_cache.is_remote:
            return view(*arguments, **named)
        key = (view.__module__, view.__name__, arguments, tuple(sorted(named.items())))
        read = document_cache.moment()
        recalled = _recall(key) if document_cache.is_away else None
        if recalled is not None:
            return recalled
        try:
            made = view(*arguments, **named)
        except StoreUnavailable:
            recalled = _recall(key)
            if recalled is None:
                raise
            return recalled
        except FeedsError:
            app_state().pages.remove(key)  # retracted, say
            raise
        _keep(key, made, read)
        return made

    return answer_or_recall


def _keep(key: Hashable, made: Response, read: Moment) -> None:
    if isinstance(made, AppResponse) and made.source is not None and made.status_code in _MADE:
        forms, described = made.source
        app_state().pages.store(
            key,
            forms,
            described,
            catalogue=request_context().catalogue,
            read=read,
        )


def _recall(key: Hashable) -> Response | None:
    page, document_cache = app_state().pages.get(key), app_state().document_cache
    if page is None or page.catalogue is not request_context().catalogue:
        return None
    # Of all that were made before a release was retracted, any may show it.
    if (
        page.read.retractions != document_cache.retractions
        or document_cache.outdated_s(page.read) > MAX_OUTDATED_S
    ):
        return None
    forms = EncodedVariants(page.body, Coding.GZIP)
    response = answer(forms, replace(page.described, length=forms.length))
    age_s = document_cache.age_of(page.read)
    response.headers.update(stale_fields(0 if age_s is None else age_s))
    return response
