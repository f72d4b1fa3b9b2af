"""Pages, lists and archives from memory, while the store does not answer."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec

from flask import Response

from feeds.errors import FeedsError, StoreUnavailable
from service.http_rules import Coding
from service.web.answers import Answer, answer
from service.web.desk import desk, furniture
from service.web.forms import Forms
from service.web.replies import old_fields
from service.web.shelf import Moment

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
        shelf = furniture().shelf
        if not shelf.is_remote:
            return view(*arguments, **named)
        key = (view.__module__, view.__name__, arguments, tuple(sorted(named.items())))
        read = shelf.moment()
        recalled = _recall(key) if shelf.is_away else None
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
            furniture().pages.forget(key)  # retracted, say
            raise
        _keep(key, made, read)
        return made

    return answer_or_recall


def _keep(key: Hashable, made: Response, read: Moment) -> None:
    if isinstance(made, Answer) and made.source is not None and made.status_code in _MADE:
        forms, described = made.source
        furniture().pages.keep(
            key,
            forms,
            described,
            catalogue=desk().catalogue,
            read=read,
        )


def _recall(key: Hashable) -> Response | None:
    page, shelf = furniture().pages.get(key), furniture().shelf
    if page is None or page.catalogue is not desk().catalogue:
        return None
    # Of all that were made before a release was retracted, any may show it.
    if page.read.retractions != shelf.retractions or shelf.outdated_s(page.read) > MAX_OUTDATED_S:
        return None
    forms = Forms(page.body, Coding.GZIP)
    response = answer(forms, replace(page.described, length=forms.length))
    age_s = shelf.age_of(page.read)
    response.headers.update(old_fields(0 if age_s is None else age_s))
    return response
