"""A browser at the desk: it keeps cookies, and sends the forms that it was shown."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from werkzeug.test import Client, TestResponse

from feeds.model.user import User, UserRole
from feeds.store.database import Database
from service.accounts import Accounts

PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


def add_user(
    database: Database,
    name: str,
    *roles: UserRole,
    categories: tuple[str, ...] | None = None,
    now: datetime,
    password: str | None = PASSWORD,
) -> User:
    """Give somebody an account, with all roles unless some are named."""
    user = User(name=name, roles=roles or tuple(UserRole), categories=categories, made_at=now)
    Accounts(database).add(user, password, by="test")
    return user


class DeskBrowser:
    """A browser over an application, which may be a server (`Forwarded`)."""

    def __init__(self, app: Any, *, host: str = "https://news.example.org", **environ: Any):
        self.client = Client(app)
        self._host = host
        self._environ = environ
        self.form_token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page, and remember what its forms hold."""
        answer = self.client.get(
            path, base_url=self._host, headers=headers, environ_overrides=self._environ
        )
        found = TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        self.form_token = found[1] if found else self.form_token
        return answer

    def send(
        self, path: str, fields: Mapping[str, Any] | None = None, **headers: str
    ) -> TestResponse:
        """Send a form, as the page that was opened last holds it."""
        data = {"form_token": self.form_token, **(fields or {})}
        return self.client.post(
            path,
            base_url=self._host,
            data=data,
            headers=headers,
            environ_overrides=self._environ,
        )

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Sign in by the form, and open the page that comes next."""
        self.get("/desk/sign-in")
        answer = self.send("/desk/sign-in", {"name": name, "password": password, **fields})
        if answer.status_code == 303:
            self.get("/desk/account")
        return answer

    @property
    def cookies(self) -> dict[str, str]:
        """What it would send to the desk, by name."""
        host = self._host.partition("://")[2]
        return {
            name: cookie.value
            for (domain, path, name), cookie in (self.client._cookies or {}).items()
            if domain == host and "/desk".startswith(path.rstrip("/") or "/")
        }
