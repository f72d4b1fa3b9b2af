"""The files of a new newsroom, made from those that are shipped."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from service.settings.communique_file import CommuniqueFile
from service.settings.schema import SCHEMAS
from service.settings.section import leaves
from service.settings.yaml_reader import read_yaml

MAIN, CATEGORIES = "communique.yaml", "categories.yaml"

#: The category of a new newsroom, in place of the first one of the sample newsroom.
_FIRST_CATEGORY = {
    "slug: civil-rights": "slug: news",
    "title: Civil rights": "title: News",
    "names: [Hate Crimes]": "names: []",
    "moved_to: access-to-justice": "moved_to: all",
    "description: Civil rights, voting, fair housing and policing; hate crimes.": (
        "description: What is new."
    ),
    "    group: Law and justice": "    #group: By kind",
}


def shipped(name: str) -> str:
    """Returns the text of a file of the folder ``config``, which the installed package carries."""
    return (files("service") / "shipped" / name).read_text(encoding="utf-8")


def checked(key: str, text: str) -> str:
    """Returns a text in the form that a key of ``communique.yaml`` has.

    Args:
        key: The dotted key, such as ``site.title``.
        text: What somebody typed.

    Raises:
        ValueError: The key cannot have this value; the message says what was expected.
    """
    field = leaves(CommuniqueFile)[key]
    annotation: Any = Annotated[(field.annotation, *field.metadata)]
    try:
        return str(TypeAdapter(annotation).validate_python(text))
    except ValidationError as error:
        [fault] = error.errors()
        raise ValueError(str(fault["ctx"]["error"])) from error


def starter_files(*, title: str, base_url: str, time_zone: str) -> dict[str, str]:
    """Returns the texts of both YAML files and of their schemas, by the files' names.

    If the address is one of this machine (``http://localhost:8002``), its port is listened on.

    Args:
        title: ``site.title``.
        base_url: ``site.base_url``.
        time_zone: ``site.time_zone`` and ``intake.time_zone``.
    """
    values: dict[str, object] = {
        "site.title": title,
        "site.subtitle": "",
        "site.base_url": base_url,
        "site.rights": "",
        "site.time_zone": time_zone,
        "data_folder": "data",
        "intake.time_zone": time_zone,
    }
    address = urlsplit(base_url)
    if address.scheme == "http" and address.hostname in ("localhost", "127.0.0.1"):
        values["http.port"] = address.port or 80
    return {
        MAIN: _with_values(shipped(MAIN), values),
        CATEGORIES: _starter_categories(shipped(CATEGORIES)),
        **{name: shipped(name) for name in SCHEMAS},
    }


def _with_values(text: str, values: Mapping[str, object]) -> str:
    """Returns the text of a main file with other values, which fill the rest of their lines."""
    places = read_yaml(text, file=MAIN).values
    lines = text.split("\n")
    for key, value in values.items():
        place = places[tuple(key.split("."))]
        line, column = place.line or 0, place.column or 0
        # A JSON text is a YAML text.
        lines[line - 1] = lines[line - 1][: column - 1] + json.dumps(value, ensure_ascii=False)
    return "\n".join(lines)


def _starter_categories(text: str) -> str:
    """Returns the categories file with one category; a union and redirects are examples."""
    start, categories = text.split("\ncategories:\n")
    categories, unions = categories.split("\nunions:\n")
    unions, redirects = unions.split("\nredirects:\n")
    before, of_unions = categories.rsplit("\n\n", 1)  # the comment above "unions"
    start = re.sub(r"(?m)^groups:\n(  - .*\n)+", "groups: []\n", start)
    start = re.sub(r"(?m)^  description: .*$", "  description: Every release.", start, count=1)
    [_heading, first] = before.split("\n\n")[:2]
    for former, new in _FIRST_CATEGORY.items():
        first = first.replace(former, new)
    union = _as_comment(unions.split("\n\n")[0])
    of_redirects = unions.rsplit("\n\n", 1)[1]
    return (
        f"{start}\ncategories:\n{first}\n\n{of_unions}\nunions: []\n"
        f"{union}\n\n{of_redirects}\nredirects: []\n{_as_comment(redirects)}\n"
    )


def _as_comment(example: str) -> str:
    return "\n".join(f"#{line}" if line else "" for line in example.strip("\n").splitlines())
