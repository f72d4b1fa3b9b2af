"""Signing in and out of the desk, and one's own account."""

from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import NotFound

from feeds.model.user import User
from service.accounts import (
    ATTEMPTS_WITHIN,
    Accounts,
    SignInRefused,
    TooManyAttempts,
)
from service.http_rules.addresses import rate_limit_key
from service.logs import get_logger
from service.passwords import MIN_PASSWORD_CHARS, PasswordRefused
from service.web.desk.entrance import (
    ROOT,
    Needs,
    desk,
    field,
    lead_to,
    leave,
    next_path,
    page,
    signed_in,
    visitor,
)
from service.web.page_language import noted
from service.web.request_context import request_context, requesting_client

_log = get_logger(__name__)

_WRONG = noted("This name and this password do not belong together.")
_TOO_MANY = noted("There were too many attempts. Please wait a quarter of an hour.")
_NOT_TWICE = noted("The new password was not written the same twice.")
_UNFIT = noted("The new password is too short, or too long.")


@desk.get("/sign-in", Needs.NOBODY)
def sign_in_form() -> Response:
    """Answers with the form to sign in."""
    _require_passwords()
    wanted = next_path(request.args.get("next"))
    if visitor().user is not None:
        return lead_to(wanted)
    return _form(wanted)


@desk.post("/sign-in", Needs.NOBODY)
def sign_in() -> Response:
    """Signs somebody in, with an id that nobody knew before."""
    _require_passwords()
    context, here = request_context(), visitor()
    accounts, wanted = Accounts(context.database), next_path(field("next"))
    client = rate_limit_key(requesting_client())
    try:
        session_id = accounts.sign_in(
            field("name"), field("password"), client=client, now=context.now
        )
    except TooManyAttempts:
        _log.warning("sign-in at the desk throttled")
        response = _form(wanted, fault=_TOO_MANY, status=HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(int(ATTEMPTS_WITHIN.total_seconds()))
        return response
    except SignInRefused:
        _log.info("sign-in at the desk refused")
        return _form(wanted, fault=_WRONG, status=HTTPStatus.FORBIDDEN)
    if here.user is not None:
        accounts.sign_out(here.id)
    here.id, here.is_new = session_id, True
    _log.info("signed in at the desk", by=field("name").strip().lower())
    return lead_to(wanted)


@desk.post("/sign-out", Needs.SIGN_IN)
def sign_out() -> Response:
    """Ends this session."""
    _require_passwords()
    here = visitor()
    Accounts(request_context().database).sign_out(here.id)
    leave(here)
    return lead_to("/sign-in")


@desk.post("/sign-out-everywhere", Needs.SIGN_IN)
def sign_out_everywhere() -> Response:
    """Ends all sessions of whoever is signed in."""
    _require_passwords()
    Accounts(request_context().database).sign_out_everywhere(signed_in().name)
    leave(visitor())
    return lead_to("/sign-in")


@desk.get("/account", Needs.SIGN_IN)
def account() -> Response:
    """Answers with one's own account."""
    return _account(signed_in())


@desk.post("/account", Needs.SIGN_IN)
def set_password() -> Response:
    """Sets one's own password, and ends all sessions."""
    _require_passwords()
    context, user = request_context(), signed_in()
    accounts, client = Accounts(context.database), rate_limit_key(requesting_client())
    try:
        is_right = accounts.is_password_of(user, field("password"), client=client, now=context.now)
    except TooManyAttempts:
        return _account(user, fault=_TOO_MANY, status=HTTPStatus.TOO_MANY_REQUESTS)
    if not is_right:
        return _account(user, fault=_WRONG, status=HTTPStatus.FORBIDDEN)
    if field("new_password") != field("new_password_again"):
        return _account(user, fault=_NOT_TWICE, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        accounts.set_password(user.name, field("new_password"), by=user.name, now=context.now)
    except PasswordRefused:
        return _account(user, fault=_UNFIT, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    leave(visitor())
    return lead_to("/sign-in")


def _require_passwords() -> None:
    """Raises if people sign in elsewhere."""
    if request_context().settings.desk.user_header is not None:
        raise NotFound


def _form(wanted: str, *, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return page(
        "sign_in.html", status=status, fault=fault, wanted=ROOT + wanted, name=field("name")
    )


def _account(
    user: User, *, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    return page("account.html", status=status, user=user, fault=fault, min_chars=MIN_PASSWORD_CHARS)
