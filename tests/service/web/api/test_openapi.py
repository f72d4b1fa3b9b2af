"""The API's own description is true: schemathesis asks what it allows, and what it forbids."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from service.web.api.operations import OPERATIONS
from tests.service.web.api.pressroom import RECORD, ROOT, Pressroom, open_pressroom
from tests.support.newsrooms import later

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # A schema cannot say that a body has to have words, or that nothing is published in
            # the future; a key that is made up is mostly nobody's; and what was taken back for one
            # reason is not taken back for another.
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", 304, 400, 404, 409, 412, 413, 422],
            },
            "negative_data_rejection": {
                "expected-statuses": [400, 401, 404, 405, 412, 413, 415, 422]
            },
        },
    }
)

#: What is made up is hardly ever a release: with these, the answers to one are looked at as well.
GOOD_BODY: dict[str, Any] = {
    "putRelease": RECORD,
    "patchRelease": {"title": "Another"},
    "addReleases": [RECORD | {"id": "4"}, {}],
    "patchEmbargo": {"title": "Another"},
}
#: The key of a release that is under embargo.
WAITS = "3"

OPERATION = {operation.name: operation for operation in OPERATIONS}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pressroom]:
    """A newsroom with two releases."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    with open_pressroom(folder / "news.db") as room:
        assert room.put("1").status == 201
        assert room.put("2", title="Another").status == 201
        yield room


@pytest.fixture(scope="module")
def api_schema(room: Pressroom) -> Any:
    """The description as it is served, for the server of this test."""
    document = room.ask("GET", "/openapi.json", token=None).json
    described = schemathesis.openapi.from_dict(document, config=CONFIG)
    described.config.update(base_url=f"http://127.0.0.1:{room.port}{ROOT}")
    return described


def _is_of_embargo(name: str) -> bool:
    return OPERATION[name].path.startswith("/embargoes/")


def known_parts(name: str, mode: GenerationMode) -> dict[str, Any]:
    """A key that is there, no conditions, and a good body: made up, they are hardly ever."""
    parts: dict[str, Any] = {"headers": {}}
    if "{key}" in OPERATION[name].path:
        parts["path_parameters"] = {"key": WAITS if _is_of_embargo(name) else "1"}
    if mode is GenerationMode.POSITIVE and name in GOOD_BODY:
        parts["body"] = GOOD_BODY[name]
        parts["media_type"] = next(iter(OPERATION[name].bodies))
    return parts


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATION)
def test_the_api_is_as_it_says(
    name: str, mode: GenerationMode, api_schema: Any, room: Pressroom
) -> None:
    operation = api_schema.find_operation_by_id(name)

    @settings(
        max_examples=settings().max_examples // 4,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        known = known_parts(name, mode) if data.draw(st.booleans()) else {}
        if _is_of_embargo(name):  # until it is lifted or dropped
            room.put(WAITS, title="Not yet", embargoed_until=later(hours=1).isoformat())
        if mode is GenerationMode.NEGATIVE:
            # One whose only fault is a missing Authorization is none: it is sent below.
            known = {**known, "headers": {}}
        case = data.draw(operation.as_strategy(generation_mode=mode, **known))
        case.call_and_validate(headers={"Authorization": f"Bearer {room.token}"})

    ask()
