"""The theme of ``communique.yaml`` as CSS: it sets the variables that the style sheet uses."""

from service.settings import DarkSettings, LightSettings, ThemeSettings

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
