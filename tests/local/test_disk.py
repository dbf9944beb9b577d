"""What the state takes is counted as the disk counts it, and logs don't grow for ever."""

import os

from local.disk import ENGINE_FILES, LOG_BYTES, bound_history, bound_logs, usage


def test_parts_are_told_the_largest_first_and_a_file_of_two_names_once(tmp_path):
    (tmp_path / "blob").mkdir()
    (tmp_path / "blob" / "part").write_bytes(os.urandom(300_000))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "arm.log").write_bytes(os.urandom(40_000))
    (tmp_path / "blob" / "again").hardlink_to(tmp_path / "blob" / "part")
    found = usage(tmp_path)
    assert list(found) == ["blob", "logs"]
    assert 300_000 <= found["blob"] < 600_000


def test_large_logs_are_put_aside_and_small_ones_stay(tmp_path):
    (tmp_path / "arm.log").write_bytes(b"x" * (LOG_BYTES + 1))
    (tmp_path / "access.jsonl").write_bytes(b"{}\n")
    bound_logs(tmp_path)
    bound_logs(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["access.jsonl", "arm.log.before"]


def test_of_the_engines_past_the_newest_files_of_each_stack_stay(tmp_path):
    for name in ("history/p/dev", "history/p/prod", "backups/p/dev"):
        (tmp_path / name).mkdir(parents=True)
        for number in range(ENGINE_FILES + 3):
            file = tmp_path / name / f"{number}.json"
            file.touch()
            os.utime(file, (number, number))
    state = tmp_path / "stacks" / "p" / "dev.json"
    state.parent.mkdir(parents=True)
    state.touch()
    bound_history(tmp_path)
    bound_history(tmp_path)
    for name in ("history/p/dev", "history/p/prod", "backups/p/dev"):
        kept = {int(file.stem) for file in (tmp_path / name).iterdir()}
        assert kept == set(range(3, ENGINE_FILES + 3))
    assert state.exists()
