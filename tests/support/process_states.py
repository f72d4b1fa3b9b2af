"""What a process says of itself, for tests."""

from feeds.model.listing import ProcessState
from tests.support.newsrooms import NOON

#: One that has begun, and done nothing yet.
JOBS = ProcessState(
    worker="one:1:a",
    role="jobs",
    host="one",
    pid=1,
    started_at=NOON,
    worked_at=None,
    did=None,
    did_at=None,
)
