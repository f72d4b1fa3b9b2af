"""The table of large newsrooms can be made; what its work takes is none of a test's business."""

from pathlib import Path

from bench import scale
from bench.grown import grown
from bench.grown_work import Work
from bench.processor import ALONE


def test_all_work_is_done_in_a_grown_newsroom(tmp_path: Path) -> None:
    newsroom = grown(tmp_path, 160, 2)
    with newsroom.opened() as application:
        work = Work(newsroom, application, ALONE)
        for turn in (*scale.WORK.values(), *scale.WORK_ON_ALL.values()):
            assert turn(work) > 0
        assert application.newsstand.last_archive("all") > 0
    assert grown(tmp_path, 160, 2).first_editions == newsroom.first_editions  # it is kept


def test_other_titles_are_written_for_all_or_for_all_but_some(tmp_path: Path) -> None:
    newsroom = grown(tmp_path, 40, 2)
    newsroom.retitle("7", but=["category-1"])
    titles = {one.slug: one.title for one in newsroom.settings.categories}
    assert titles == {"category-0": "category-0 7", "category-1": "category-1 apart"}
