"""What holds in the end, and where each value was given: ``communique config show``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.settings.categories_file import FeedSettings
from service.settings.faults import KeyPath, Place, dotted
from service.settings.feed_keys import EndedSettings, FeedAuthorSettings, FeedWindowSettings
from service.settings.hub_keys import HubSettings
from service.settings.section import Section
from service.settings.settings import Settings

DEFAULT = "default"

#: Sections of which only what is given is shown.
_OF_ONE = (FeedSettings, FeedWindowSettings, FeedAuthorSettings, EndedSettings, HubSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveKey:
    """One key and its value. Secrets stand as ``(hidden)``."""

    path: str  #: dotted; items of a list by number, from 0
    value: object  #: as JSON has it; lists of text whole
    origin: str  #: ``file:line``, ``environment COMMUNIQUE_…``, ``--set key`` or ``default``


def effective(settings: Settings) -> tuple[EffectiveKey, ...]:
    """All keys with the values that hold, ``communique.yaml`` first.

    Of a single feed or hub only the keys that are given: what is not is the site's.
    """
    return tuple(_keys(settings, settings, (), settings.model_dump(mode="json")))


def _keys(
    settings: Settings, section: Section, path: KeyPath, dumped: Mapping[str, Any]
) -> Iterator[EffectiveKey]:
    for name, shown in dumped.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _keys(settings, value, (*path, name), shown)
        elif isinstance(value, tuple) and any(isinstance(each, dict) for each in shown):
            for i, item in enumerate(value):
                if isinstance(shown[i], dict):
                    yield from _keys(settings, item, (*path, name, i), shown[i])
                else:
                    yield _key(settings, (*path, name, i), shown[i])
        elif (key := (*path, name)) in settings.places or not isinstance(section, _OF_ONE):
            yield _key(settings, key, shown)


def _key(settings: Settings, key: KeyPath, shown: object) -> EffectiveKey:
    return EffectiveKey(path=dotted(key), value=shown, origin=_origin(settings.places.get(key)))


def _origin(place: Place | None) -> str:
    # A column is for an editor that jumps to a fault; here it would only be noise.
    return DEFAULT if place is None else str(Place(file=place.file, line=place.line))
