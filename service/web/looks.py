"""How pages of one configuration look: style sheet with the theme, templates of the newsroom's own.

A template of the newsroom's own that fails while a page is made costs only itself: that page is
made of the shipped templates, and the fault is reported.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from traceback import walk_tb
from typing import Any

from flask import Flask
from jinja2 import BaseLoader, ChoiceLoader, Environment, FunctionLoader, PrefixLoader
from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2.sandbox import safe_range

from service.settings import DarkSettings, LightSettings, Settings, SourceFile, ThemeSettings
from service.web.assets import Asset, Assets, asset_of, load_assets

#: The variable of each colour.
VARIABLES = {
    "background": "--paper",
    "panel": "--panel",
    "text": "--ink",
    "faint": "--faint",
    "accent": "--accent",
    "visited": "--visited",
    "edge": "--accent-edge",
    "line": "--line",
}

#: Names of CSS that stand for a kind of font: they are no font's name, and not quoted.
_GENERIC = {"serif", "sans-serif", "monospace", "system-ui", "ui-serif", "ui-sans-serif"}


def stylesheet_of(theme: ThemeSettings) -> str:
    """Returns the theme as CSS; empty for the shipped theme.

    Printed pages are black on white by any theme.
    """
    if theme == ThemeSettings():
        return ""
    fonts = _fonts("--sans", theme.fonts, "system-ui, sans-serif")
    fonts += _fonts("--serif", theme.heading_fonts, "serif")
    return (
        f":root {{{fonts} }}\n"
        f"@media screen {{ :root {{{_colours(theme.light)} }} }}\n"
        "@media screen and (prefers-color-scheme: dark) "
        f"{{ :root {{{_colours(theme.dark)} }} }}\n"
    )


def _fonts(variable: str, names: tuple[str, ...], fallback: str) -> str:
    quoted = [name if name in _GENERIC else f'"{name}"' for name in names]
    return f" {variable}: {', '.join([*quoted, fallback])};" if names else ""


def _colours(palette: LightSettings | DarkSettings) -> str:
    return "".join(f" {name}: {getattr(palette, key)};" for key, name in VARIABLES.items())


#: The folder by which templates of the newsroom's own extend the one that they replace.
SHIPPED = "shipped"

STYLESHEET = "newsroom.css"

#: How many configurations' assets are served: browsers hold pages of former ones.
_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFault:
    """What is wrong with a template of the newsroom's own."""

    path: str  #: the file, as the operator named its folder
    line: int | None  #: 1 for the first; None if it is not known
    reason: str


def fault_in(error: Exception, own: Mapping[str, SourceFile]) -> TemplateFault | None:
    """Returns the fault that raised *error*; None if no template of the newsroom's own did."""
    reason = str(error) or type(error).__name__
    paths = {file.path for file in own.values()}
    if isinstance(error, JinjaSyntaxError) and error.filename in paths:
        return TemplateFault(path=error.filename, line=error.lineno, reason=reason)
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    for path, line in reversed(places):
        if path in paths:
            return TemplateFault(path=path, line=line, reason=reason)
    return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """The looks of one configuration."""

    settings: Settings
    assets: Assets
    own: Mapping[str, SourceFile]  #: templates of the newsroom's own, by name
    environment: Environment  #: finds these first
    reported: set[str] = field(default_factory=set)  #: pages whose fault was reported


class LooksCache:
    """The looks of the configuration in force, and assets of former ones. Thread-safe."""

    def __init__(self, app: Flask, on_fault: Callable[[TemplateFault], None]) -> None:
        """Makes an empty cache.

        Args:
            app: Has the shipped templates.
            on_fault: Called with the first fault of each page in each configuration.
        """
        self._app = app
        self._on_fault = on_fault
        self._shipped = load_assets()
        self._known: deque[Looks] = deque(maxlen=_KEPT)
        self._lock = Lock()

    def of(self, settings: Settings) -> Looks:
        """Returns the looks of a configuration, which are made once."""
        with self._lock:
            for known in self._known:
                if known.settings is settings:
                    return known
            made = self._make(settings)
            self._known.appendleft(made)
            return made

    def asset(self, hashed_name: str) -> Asset | None:
        """Returns an asset of the present configuration, or of a former one."""
        with self._lock:
            for known in self._known:
                found = known.assets.by_hashed_name.get(hashed_name)
                if found is not None:
                    return found
        return None

    def render(self, settings: Settings, name: str, context: dict[str, Any]) -> str:
        """Makes a page.

        Args:
            settings: The configuration.
            name: The template.
            context: Its variables, without those that all templates have.
        """
        looks = self.of(settings)
        self._app.update_template_context(context)
        if looks.own:
            try:
                return looks.environment.get_template(name).render(context)
            except Exception as error:
                fault = fault_in(error, looks.own)
                if fault is None:
                    raise
                if name not in looks.reported:
                    looks.reported.add(name)
                    self._on_fault(fault)
        return self._app.jinja_env.get_template(name).render(context)

    def _make(self, settings: Settings) -> Looks:
        own = {name: file for name, file in settings.page_templates.items() if file.text}
        return Looks(
            settings=settings,
            assets=assets_for(settings, self._shipped),
            own=own,
            environment=_environment(self._app, own) if own else self._app.jinja_env,
        )


def assets_for(settings: Settings, shipped: Assets | None = None) -> Assets:
    """Returns the assets of a configuration: one style sheet has the theme, and what is added."""
    shipped = shipped or load_assets()
    added = [stylesheet_of(settings.site.theme), settings.page_stylesheet]
    if not any(added):
        return shipped
    plain = shipped.by_name[STYLESHEET]
    body = b"\n".join([plain.body, *(text.encode() for text in added if text)])
    changed = {**shipped.by_name, STYLESHEET: asset_of(STYLESHEET, body)}
    return Assets(iter(changed.values()))


def _environment(app: Flask, own: Mapping[str, SourceFile]) -> Environment:
    def find(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        file = own.get(name)
        return None if file is None else (file.text or "", file.path, lambda: True)

    shipped = app.jinja_loader or BaseLoader()
    loader = ChoiceLoader([FunctionLoader(find), shipped, PrefixLoader({SHIPPED: shipped})])
    environment = app.jinja_env.overlay(loader=loader)
    # A slip in a number must not keep the trial, and so the service, busy for ever.
    environment.globals = {**app.jinja_env.globals, "range": safe_range}
    return environment
