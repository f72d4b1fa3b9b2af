"""A newsroom with a desk, at a time that is set by hand."""

from datetime import datetime
from typing import Any

from flask import Flask

from feeds.model.user import UserRole
from service.accounts import Accounts
from service.web import create_app
from tests.support.desk_browser import DeskBrowser, add_user
from tests.support.newsrooms import NOON, Office


class Desk:
    """The desk of one machine, and browsers there."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.now: datetime = NOON
        self.app: Flask = self.application()

    def application(self) -> Flask:
        """The application of one machine."""
        return create_app(self.office.current, has_desk=True, clock=lambda: self.now)

    @property
    def accounts(self) -> Accounts:
        """Who may sign in."""
        return Accounts(self.office.database)

    def add(self, name: str, *roles: UserRole, **settings: Any) -> None:
        """Give somebody an account."""
        add_user(self.office.database, name, *roles, now=self.now, **settings)

    def browser(self, **environ: Any) -> DeskBrowser:
        """A browser in which nobody is signed in."""
        return DeskBrowser(self.app, **environ)

    def signed_in(self, name: str) -> DeskBrowser:
        """A browser in which somebody is."""
        browser = self.browser()
        assert browser.sign_in(name).status_code == 303
        return browser

    def configure(self, **sections: dict[str, object]) -> None:
        """Change settings, by section."""
        settings = self.office.settings
        changed = {
            name: getattr(settings, name).model_copy(update=keys) for name, keys in sections.items()
        }
        self.office.change(settings=settings.model_copy(update=changed))
