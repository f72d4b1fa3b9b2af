"""What an import counts, with examples."""

from service.imports import ImportTally

ADDRESS = "https://old.example.org/wp-content/uploads/2013/03/" + "a-long-name-" * 12 + ".jpg"
TITLE = "A title that goes on and on " * 8


def test_the_address_of_a_file_that_is_missing_is_whole() -> None:
    """It was cut off after 120 characters, where nobody could look whether it is there."""
    tally = ImportTally()
    tally.miss_file("its server answers 404", url=ADDRESS)
    assert tally.files_missing["its server answers 404"].examples == [ADDRESS]


def test_what_was_mended_is_said_behind_the_longest_title() -> None:
    """The zone in which a date was read stood behind the end of what was shown."""
    warning = "published: has no time zone: '15.04.2013 14:23'; taken as in Europe/Berlin"
    tally = ImportTally()
    tally.warn([warning], example=TITLE)
    [example] = tally.warnings["published"].examples
    assert example.startswith("A title that goes on")
    assert example.endswith(f"…: {warning}")
