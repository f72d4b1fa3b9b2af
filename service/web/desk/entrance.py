"""The entrance of the desk: who asks, what they may do, and whether a form is ours.

Every route of the desk is registered with `DeskRoutes`, which says who may use it. A route that is
not is closed to everybody.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from hashlib import sha256
from http import HTTPStatus
from typing import cast
from urllib.parse import quote

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound

from feeds.model.feed import Site
from feeds.model.medium import MEDIA_PATH
from feeds.model.user import User, UserRole
from service.accounts import Accounts, make_session_id
from service.http_rules.addresses import is_from_proxy
from service.settings import DeskSettings
from service.web.answers import CONTENT_SECURITY_POLICY, redirect_body
from service.web.page_language import noted
from service.web.rendering import render_page
from service.web.request_bodies import MAX_BODY_BYTES, is_awaited, take_as_file
from service.web.request_context import request_context
from service.web.wording import local

#: The address of the desk, below the base URL.
ROOT = "/desk"

#: Pages of the desk are for one person, and nobody may show them within others.
FIELDS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace(
        "img-src 'self' https: http: data:", "img-src 'self' https: data:"
    ),
    # A link or a picture in a draft must not tell others where drafts are.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

#: Fields of a form: 100 files and 50 contacts have some each.
MAX_PARTS = 2_000

#: Files of the largest size that one form may hold, or more that are smaller.
LARGE_FILES = 4

#: Where somebody may be led after signing in: pages of the desk, in our own spelling.
_NEXT = re.compile(r"/desk(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9=&_%.:-]*)?")


class Needs(Enum):
    """Who may use a route; a `UserRole` says that somebody must have it."""

    NOBODY = auto()  #: anybody may ask: to sign in, or with an address that cannot be guessed
    SIGN_IN = auto()  #: whoever is signed in


class DeskRefused(Exception):
    """A page of the desk that cannot be shown, with the reason in words for people."""

    def __init__(self, status: HTTPStatus, heading: str, advice: str) -> None:
        super().__init__(heading)
        self.status = status
        self.heading = heading
        self.advice = advice


def forbidden() -> DeskRefused:
    """Returns the answer to somebody who is signed in, and may not do this."""
    return DeskRefused(
        HTTPStatus.FORBIDDEN,
        noted("You may not do this"),
        noted("Your account has no permission for it. Ask whoever looks after the newsroom."),
    )


_NO_FORM = DeskRefused(
    HTTPStatus.FORBIDDEN,
    noted("This form is out of date"),
    noted(
        "You have signed in or out since it was opened, or your browser sends no cookies. Nothing "
        "was changed. Go back, load the page again, and send it once more."
    ),
)
_TOO_LARGE = DeskRefused(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    noted("The files are too large"),
    noted(
        "Nothing was changed. Go back, where your browser still has what you wrote, and choose "
        "smaller files, or fewer at once."
    ),
)
_SIGNED_OUT = DeskRefused(
    HTTPStatus.FORBIDDEN,
    noted("You are no longer signed in"),
    noted("Nothing was changed. Sign in again; what you wrote stands below, to be copied."),
)
_NOT_READ = DeskRefused(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    noted("You are no longer signed in"),
    noted(
        "The text is long, and was not read: nothing was stored. Go back, where your browser still "
        "has it, and copy it. Then sign in, open the form again, and paste it."
    ),
)
_NOT_NAMED = DeskRefused(
    HTTPStatus.FORBIDDEN,
    noted("You are not signed in"),
    noted(
        "The sign-on of your organisation did not name you, or you have no account here. Ask "
        "whoever looks after the newsroom."
    ),
)


@dataclass(slots=True, kw_only=True)
class Visitor:
    """A browser at the desk, and who is signed in there."""

    key: bytes  #: by which cookies and forms are signed
    id: str  #: secret
    user: User | None = None
    is_new: bool = False  #: the browser has to be sent its id
    is_leaving: bool = False  #: the browser has to forget it

    @property
    def form_token(self) -> str:
        """What every form of this browser holds (against forged requests, CSRF)."""
        return _mac(self.key, "form", self.id)

    @property
    def cookie(self) -> str:
        """The value of the cookie."""
        return f"{self.id}.{_mac(self.key, 'cookie', self.id)}"


class DeskRoutes:
    """The routes of the desk, and who may use each."""

    def __init__(self) -> None:
        self.blueprint = Blueprint("desk", __name__)
        #: By endpoint and method.
        self.needs: dict[tuple[str, str], Needs | UserRole] = {}
        #: Endpoints whose forms may hold files.
        self.takes_files: set[str] = set()
        self.blueprint.before_request(self._enter)
        self.blueprint.after_request(_leave)
        self.blueprint.register_error_handler(DeskRefused, _refuse)

    def get(
        self, rule: str, needs: Needs | UserRole
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Registers a page."""
        return self._route("GET", rule, needs)

    def post(
        self, rule: str, needs: Needs | UserRole, *, takes_files: bool = False
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Registers what a form does, which may hold files."""
        return self._route("POST", rule, needs, takes_files=takes_files)

    def _route(
        self, method: str, rule: str, needs: Needs | UserRole, *, takes_files: bool = False
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        def register(view: Callable[..., Response]) -> Callable[..., Response]:
            self.needs[f"desk.{view.__name__}", method] = needs
            if takes_files:
                self.takes_files.add(f"desk.{view.__name__}")
            self.blueprint.add_url_rule(ROOT + rule, view.__name__, view, methods=[method])
            return view

        return register

    def _enter(self) -> Response | None:
        context = request_context()
        accounts = Accounts(context.database)
        key = accounts.key() if context.settings.desk.offered else None
        if key is None:
            raise NotFound
        request.max_form_memory_size, request.max_form_parts = MAX_BODY_BYTES, MAX_PARTS
        visitor = g.visitor = _visitor(accounts, key)
        # A long text is read only from whoever is signed in.
        if visitor.user is None and is_awaited(request.environ):
            raise _NOT_READ
        method = "GET" if request.method == "HEAD" else request.method
        needs = self.needs.get((request.endpoint or "", method))
        if needs is None:
            raise forbidden()
        if needs is not Needs.NOBODY and visitor.user is None:
            return _sign_in_first(context.settings.desk)
        if isinstance(needs, UserRole) and not signed_in().may(needs):
            raise forbidden()
        if method == "GET":
            return None
        if is_awaited(request.environ):
            if request.endpoint in self.takes_files:
                _expect_files()
            return Response(status=HTTPStatus.CONTINUE)
        _require_own_form(visitor)
        return None


def visitor() -> Visitor:
    """Returns the browser that asks."""
    return cast(Visitor, g.visitor)


def signed_in() -> User:
    """Returns who is signed in.

    Raises:
        DeskRefused: Nobody is.
    """
    user = visitor().user
    if user is None:
        raise _SIGNED_OUT
    return user


def page(
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    language: str | None = None,
    media_root: str | None = None,
    **shown: object,
) -> Response:
    """Answers with a page of the desk, in the language of the site.

    Args:
        template: Its template.
        status: Its status.
        language: Another language.
        media_root: Where files are shown that are not public yet; without it, at the desk.
        shown: What the template needs.
    """
    here = visitor()
    body = render_page(
        f"desk/{template}",
        language or request_context().site.language,
        person=here.user,
        form_token=here.form_token,
        signs_in_elsewhere=request_context().settings.desk.user_header is not None,
        desk_root=address(""),
        **shown,
    )
    stored, root = request_context().site.base_url + MEDIA_PATH, media_root or address("/media")
    for attribute in ("src", "href"):
        body = body.replace(f'{attribute}="{stored}'.encode(), f'{attribute}="{root}/'.encode())
    return Response(body, status=status, mimetype="text/html")


def address(path: str) -> str:
    """Returns the address of a page of the desk, within the host that was asked."""
    return local(request_context().site.base_url + ROOT + path)


def lead_to(path: str) -> Response:
    """Redirects to a page of the desk (RFC 9110 section 15.4.4): a form is not sent twice."""
    target = address(path)
    response = Response(redirect_body(target), status=HTTPStatus.SEE_OTHER, mimetype="text/html")
    response.headers["Location"] = target
    return response


def next_path(written: str | None) -> str:
    """Returns a path below the desk's root that somebody asked for; empty if it is none.

    An address elsewhere is not followed, however it is spelled.
    """
    if written is None or not _NEXT.fullmatch(written):
        return ""
    return written.removeprefix(ROOT)


def leave(here: Visitor) -> None:
    """Has the browser forget its id."""
    here.user, here.is_leaving = None, True


def field(name: str) -> str:
    """Returns what was written into a field of the form; empty if it is not there."""
    return request.form.get(name, "")


def _visitor(accounts: Accounts, key: bytes) -> Visitor:
    context = request_context()
    desk_settings = context.settings.desk
    held = _held_id(key)
    here = Visitor(key=key, id=held or make_session_id(), is_new=held is None)
    if desk_settings.user_header is not None:
        here.user = _named_by_proxy(accounts, desk_settings.user_header)
    elif held is not None:
        session = accounts.session(
            held,
            idle=timedelta(hours=desk_settings.idle_hours),
            longest=timedelta(days=desk_settings.session_days),
            now=context.now,
        )
        here.user = None if session is None else session.user
    return here


def _held_id(key: bytes) -> str | None:
    """Returns the id that the browser sent, if we gave it."""
    held, _, signature = request.cookies.get(_cookie(request_context().site).name, "").partition(
        "."
    )
    is_ours = hmac.compare_digest(_mac(key, "cookie", held).encode(), signature.encode())
    return held if held and is_ours else None


def _named_by_proxy(accounts: Accounts, header: str) -> User | None:
    """Returns whom a trusted proxy names; nobody else's word counts."""
    if not is_from_proxy(
        request.environ.get("REMOTE_ADDR", ""), request_context().settings.http.trusted_proxies
    ):
        return None
    return accounts.named(request.headers.get(header, ""))


def _sign_in_first(settings: DeskSettings) -> Response:
    if settings.user_header is not None:
        raise _NOT_NAMED
    if request.method not in ("GET", "HEAD"):
        raise _SIGNED_OUT
    wanted = request.full_path.removesuffix("?")
    return lead_to(f"/sign-in?next={quote(wanted)}" if next_path(wanted) else "/sign-in")


def _expect_files() -> None:
    """Has a form received into a file without a name.

    Raises:
        DeskRefused: It is larger than some files may be, and the text beside them.
    """
    context = request_context()
    limits = (context.settings.media.max_file_bytes, context.application.rules.max_file_bytes)
    max_bytes, folder = LARGE_FILES * max(limits) + MAX_BODY_BYTES, context.settings.data_folder
    if (request.content_length or 0) > max_bytes:
        raise _TOO_LARGE
    take_as_file(request.environ, folder=folder if folder.is_dir() else None, max_bytes=max_bytes)


def _require_own_form(here: Visitor) -> None:
    sent = request.form.get("form_token", "")
    if not hmac.compare_digest(sent.encode(), here.form_token.encode()):
        raise _NO_FORM


def _mac(key: bytes, purpose: str, value: str) -> str:
    digest = hmac.new(key, f"{purpose}:{value}".encode(), sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


# The cookie.


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCookie:
    """How the cookie is named, and where a browser sends it."""

    name: str
    path: str
    is_secure: bool


def _cookie(site: Site) -> DeskCookie:
    """Returns the cookie of a site: bound to this host and to TLS, as far as there is TLS.

    Source: draft-ietf-httpbis-rfc6265bis section 4.1.3, "Cookie Name Prefixes". With ``__Host-`` a
    cookie has the path ``/``, and two newsrooms below one host would share it.
    """
    name = "communique-desk"
    is_secure = site.base_url.startswith("https:")
    if is_secure and not site.base_path:
        return DeskCookie(name=f"__Host-{name}", path="/", is_secure=True)
    prefix = "__Secure-" if is_secure else ""
    return DeskCookie(name=prefix + name, path=f"{site.base_path}{ROOT}", is_secure=is_secure)


def _leave(response: Response) -> Response:
    for name, value in FIELDS.items():
        response.headers.setdefault(name, value)  # a file has a stricter policy of its own
    here: Visitor | None = g.get("visitor")
    if here is not None and (here.is_new or here.is_leaving):
        cookie = _cookie(request_context().site)
        response.set_cookie(
            cookie.name,
            "" if here.is_leaving else here.cookie,
            max_age=0 if here.is_leaving else None,
            path=cookie.path,
            secure=cookie.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _refuse(refused: DeskRefused) -> Response:
    """Answers with a page that says why; what was written is not lost."""
    form = {} if is_awaited(request.environ) else request.form
    written = {
        name: value
        for name, value in form.items()
        if name != "form_token" and "password" not in name and "\n" in value.strip()
    }
    return page(
        "refused.html",
        status=refused.status,
        heading=refused.heading,
        advice=refused.advice,
        written=written,
    )


desk = DeskRoutes()
