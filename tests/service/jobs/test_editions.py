"""In which order stale feeds are regenerated."""

from feeds.newsstand import FEEDS_A_RUN
from service.jobs.regular import _runs

MANY = [f"feed-{number:02}" for number in range(2 * FEEDS_A_RUN)]


def test_of_many_feeds_that_of_everything_comes_out_first_and_alone() -> None:
    runs = list(_runs([*MANY, "all"]))
    assert runs == [["all"], MANY[:FEEDS_A_RUN], MANY[FEEDS_A_RUN:]]


def test_a_few_come_out_together_in_their_order() -> None:
    assert list(_runs(["finance", "all"])) == [["finance", "all"]]
