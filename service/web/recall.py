"""Serves pages, lists and archives from memory while the store does not answer."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec

from flask import Response

from feeds.errors import FeedsError, StoreUnavailable
from service.http_rules import Coding
from service.web.answers import AppResponse, answer
from service.web.document_cache import StoreMoment
from service.web.encoded_variants import EncodedVariants
from service.web.page_cache import CachedPage, CachedRefusal
from service.web.problems import ReleaseGone
from service.web.replies import stale_fields
from service.web.request_context import app_state, request_context

#: If something was published after an answer was made, the answer may be served only while the last
#: successful poll of the store is at most this much later. Caches may serve documents for as long
#: when we are unreachable.
MAX_OUTDATED_S = 24 * 60 * 60

_CACHEABLE_STATUSES = frozenset(
    {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED}
)

P = ParamSpec("P")


def recallable(view: Callable[P, Response]) -> Callable[P, Response]:
    """Makes *view* store its answers, and serve them while the store does not answer.

    This applies only to a store on a server. A store that is a file fails for other reasons, which
    must be shown. The answer may depend on the arguments, the configuration and the store, but on
    nothing else of the request.
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
        except ReleaseGone as error:
            refusal = CachedRefusal(catalogue=request_context().catalogue, error=error, read=read)
            app_state().pages.refuse(key, refusal)
            raise
        except FeedsError:
            app_state().pages.remove(key)
            raise
        _store(key, made, read)
        return made

    return answer_or_recall


def _store(key: Hashable, made: Response, read: StoreMoment) -> None:
    if (
        isinstance(made, AppResponse)
        and made.source is not None
        and made.status_code in _CACHEABLE_STATUSES
    ):
        variants, described = made.source
        app_state().pages.store(
            key,
            variants,
            described,
            catalogue=request_context().catalogue,
            read=read,
        )


def _recall(key: Hashable) -> Response | None:
    """Returns the answer from memory; None if there is none that may be served.

    Raises:
        FeedsError: What had been there was gone already.
    """
    page, document_cache = app_state().pages.get(key), app_state().document_cache
    refusal = app_state().pages.refusal(key)
    if refusal is not None and _may_be_served(refusal):
        raise refusal.error
    if page is None or not _may_be_served(page):
        return None
    variants = EncodedVariants(page.body, Coding.GZIP)
    response = answer(variants, replace(page.described, length=variants.length))
    age_s = document_cache.age_of(page.read)
    response.headers.update(stale_fields(0 if age_s is None else age_s))
    return response


def _may_be_served(made: CachedPage | CachedRefusal) -> bool:
    document_cache = app_state().document_cache
    # Any answer that was made before a retraction may show the retracted release, and what was
    # gone may have been restored.
    return (
        made.catalogue is request_context().catalogue
        and made.read.retractions == document_cache.retractions
        and document_cache.outdated_s(made.read) <= MAX_OUTDATED_S
    )
