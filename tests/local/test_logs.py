"""A log is found by the name of its process and followed while it grows."""

import pytest

from local.logs import LogUnknownError, follow, log_of


def test_a_name_without_a_log_is_refused_with_the_names_there_are(tmp_path):
    (tmp_path / "blob.log").touch()
    with pytest.raises(LogUnknownError) as refusal:
        log_of(tmp_path, "../blob")
    assert refusal.value.allowed == "blob"


def test_following_tells_the_last_lines_and_then_what_is_written(tmp_path):
    log = tmp_path / "arm.log"
    log.write_text("one\ntwo\nthree\n")
    told = follow(log, lines=2)
    assert next(told) == "two\nthree\n"
    with log.open("a") as opened:
        opened.write("four\n")
    assert next(told) == "four\n"


def test_following_goes_on_in_a_log_that_was_begun_anew(tmp_path):
    log = tmp_path / "arm.log"
    log.write_text("a long line of the old log\n")
    told = follow(log)
    next(told)
    log.replace(tmp_path / "arm.log.before")
    log.write_text("new\n")
    assert next(told) == "new\n"
