"""Helpers of these tests: read one document as a draft or as a refusal."""

import json
from collections.abc import Iterable
from datetime import time
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.ingest import IntakeRules, read_documents
from feeds.model.intake import ReadDocument, Refusal, RetractionRequest
from feeds.model.release import Draft

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "config" / "samples"
SEED_DOCUMENT = SAMPLES / "000_e053d2e383822934.txt"
SEED_SHAPE = ROOT / "tests" / "data" / "seed_shape"
AS_IS = ROOT / "tests" / "data" / "plain_text_asis"

RULES = IntakeRules(
    base_url="https://news.example.org",
    language="en",
    time_zone=ZoneInfo("America/New_York"),
    time_of_day=time(9, 30),
)
RECORD: dict[str, object] = {
    "title": "Quarterly figures",
    "body": "We have grown.",
    "body_format": "text",
    "published": "2024-01-31T08:00:00Z",
}


def read(
    data: bytes | str, document: str = "release.txt", rules: IntakeRules = RULES
) -> list[ReadDocument]:
    stream = BytesIO(data.encode() if isinstance(data, str) else data)
    return list(read_documents(stream, document=document, rules=rules))


def drafts(outcomes: Iterable[ReadDocument]) -> list[Draft]:
    return [outcome for outcome in outcomes if isinstance(outcome, Draft)]


def refusals(outcomes: Iterable[ReadDocument]) -> list[Refusal]:
    return [outcome for outcome in outcomes if isinstance(outcome, Refusal)]


def accepted(data: bytes | str, document: str = "release.txt", rules: IntakeRules = RULES) -> Draft:
    (outcome,) = read(data, document, rules)
    assert isinstance(outcome, Draft), outcome
    return outcome


def refused(
    data: bytes | str, document: str = "release.txt", rules: IntakeRules = RULES
) -> Refusal:
    (outcome,) = read(data, document, rules)
    assert isinstance(outcome, Refusal), outcome
    return outcome


def retraction(data: bytes | str, document: str = "release.txt") -> RetractionRequest:
    (outcome,) = read(data, document)
    assert isinstance(outcome, RetractionRequest), outcome
    return outcome


def record(**fields: object) -> str:
    """Returns a valid record with *fields* replaced, as JSON; `...` leaves a field out."""
    merged = {name: value for name, value in (RECORD | fields).items() if value is not ...}
    return json.dumps(merged)


def take(**fields: object) -> Draft:
    return accepted(record(**fields), "release.json")


def refuse(**fields: object) -> Refusal:
    return refused(record(**fields), "release.json")
