"""By what a document is known to be the one that came before, whatever is made of it."""

import json
from collections.abc import Mapping
from hashlib import blake2b

from feeds.ingest.rules import IntakeRules
from feeds.model.release import Written

#: All fields that a release is made of. Not ``updated``, which some exports stamp anew each time;
#: nor what a document says of its embargo or of itself as a correction.
_FIELDS = frozenset(
    """
    title body body_format published categories language url summary subtitle author authors
    components enclosures attachments contacts contact place number release_number rights license
    related work translation_of
    """.split()  # noqa: SIM905
)


def written(fields: Mapping[str, object], rules: IntakeRules, *, is_html: bool) -> Written:
    """What *fields* say, as they say it, under these rules."""
    body = fields.get("body")
    said = {name: fields[name] for name in sorted(_FIELDS & fields.keys())}
    assumed = (rules.base_url, rules.language, str(rules.time_zone), rules.time_of_day.isoformat())
    text = json.dumps([said, assumed, rules.derived_summary_chars], sort_keys=True, default=str)
    return Written(
        digest=blake2b(text.encode("ascii"), digest_size=16).hexdigest(),
        body=body if isinstance(body, str) else "",
        is_html=is_html,
    )
