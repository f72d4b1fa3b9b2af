"""Colours and fonts of pages, and whether the colours can be read on each other (WCAG 2.2)."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from service.settings.section import Items, Section

_COLOUR = r"^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$"
#: A font's name, as an operating system has it. Nothing in it can end a CSS string.
_FONT = r"^[^\W_][\w .&+-]{0,99}$"

#: WCAG 2.2, success criterion 1.4.3, level AA, for text of any size.
LEAST_CONTRAST = 4.5

#: How finely a colour that can be read is looked for.
_STEPS = 100


def _colour(text: str) -> str:
    if not re.fullmatch(_COLOUR, text):
        raise ValueError("expected a colour, such as '#12355b'")
    digits = text[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _font(text: str) -> str:
    if not re.fullmatch(_FONT, text):
        raise ValueError("expected the name of a font, such as Georgia, without quotes")
    return text


#: A colour in sRGB, without transparency.
Colour = Annotated[str, AfterValidator(_colour), Field(json_schema_extra={"pattern": _COLOUR})]
FontName = Annotated[str, AfterValidator(_font), Field(json_schema_extra={"pattern": _FONT})]


class LightSettings(Section):
    """Colours of pages for readers whose system is light."""

    background: Colour = Field(default="#fdfdfb", description="Background of pages.")
    panel: Colour = Field(default="#f3f4f1", description="Background of boxes.")
    text: Colour = Field(default="#1a1c1f", description="Text and titles.")
    faint: Colour = Field(default="#565b63", description="Dates, summaries and notes.")
    accent: Colour = Field(default="#12355b", description="Links and buttons.")
    visited: Colour = Field(default="#4a3268", description="Titles that were visited.")
    edge: Colour = Field(default="#12355b", description="Line at the top, and under headings.")
    line: Colour = Field(default="#d6d8d3", description="Thin lines.")


class DarkSettings(Section):
    """Colours of pages for readers whose system is dark."""

    background: Colour = Field(default="#14161a", description="Background of pages.")
    panel: Colour = Field(default="#1d2026", description="Background of boxes.")
    text: Colour = Field(default="#e8e6e1", description="Text and titles.")
    faint: Colour = Field(default="#a5aab3", description="Dates, summaries and notes.")
    accent: Colour = Field(default="#a9c9f0", description="Links and buttons.")
    visited: Colour = Field(default="#c9b4e8", description="Titles that were visited.")
    edge: Colour = Field(default="#3d5f8a", description="Line at the top, and under headings.")
    line: Colour = Field(default="#363b44", description="Thin lines.")


class ThemeSettings(Section):
    """Colours and fonts of pages."""

    fonts: Items[FontName] = Field(
        default=(),
        description="Fonts of pages, such as [Source Sans 3, Arial]: the first that the reader's "
        "system has; the system's own if []. No font is loaded.",
    )
    heading_fonts: Items[FontName] = Field(
        default=(),
        description="Fonts of titles and of the text of releases, in the same way; a serif font "
        "if [].",
    )
    light: LightSettings = Field(
        default=LightSettings(),
        description="Colours for readers whose system is light. Text needs a contrast of 4.5:1 to "
        "what is behind it.",
    )
    dark: DarkSettings = Field(
        default=DarkSettings(),
        description="Colours for readers whose system is dark, with the same contrast.",
    )


#: Which colours stand on which.
_ON: Mapping[str, tuple[str, ...]] = {
    "text": ("background", "panel"),
    "faint": ("background", "panel"),
    "accent": ("background", "panel"),
    "visited": ("background",),
}

Palette = LightSettings | DarkSettings


def unreadable(palette: Palette) -> Iterator[tuple[str, str, float]]:
    """Yields the keys of each text and background whose contrast is too small, and the contrast."""
    for text, papers in _ON.items():
        for paper in papers:
            found = contrast(getattr(palette, text), getattr(palette, paper))
            if found < LEAST_CONTRAST:
                yield text, paper, found


def contrast(one: str, other: str) -> float:
    """Returns the contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(text: str, paper: str) -> str | None:
    """Returns the colour nearest to *text* that can be read on *paper*, mixed with black or white.

    None: no colour can be read, which does not happen with black and white.
    """
    for step in range(1, _STEPS + 1):
        for end in ("#000000", "#ffffff"):
            mixed = _mixed(text, end, step / _STEPS)
            if contrast(mixed, paper) >= LEAST_CONTRAST:
                return mixed
    return None


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    """Returns the relative luminance (WCAG 2.2, definition)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)
