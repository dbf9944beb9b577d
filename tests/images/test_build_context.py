"""A context is its files and nothing else: neither clock nor order nor user is in its bytes."""

import io
import os
import tarfile
import time

import pytest
from hypothesis import given, strategies as st

from images.context import Context, ContextIncompleteError, folder, sources

NAMES = st.text("abcz_.-", min_size=1, max_size=12).filter(lambda name: name.strip("."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.binary(max_size=200), min_size=1, max_size=6)


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_files_changes_neither_bytes_nor_hash(files, random):
    shuffled = list(files.items())
    random.shuffle(shuffled)
    one, other = Context(files=files), Context(files=dict(shuffled))
    assert one.archive() == other.archive()
    assert one.digest == other.digest


@given(FILES)
def test_an_archive_holds_the_files_and_nothing_of_its_maker(files):
    with tarfile.open(fileobj=io.BytesIO(Context(files=files).archive()), mode="r:gz") as archive:
        entries = archive.getmembers()
        assert [(entry.mtime, entry.uid, entry.gid, entry.uname, entry.mode) for entry in entries] == [
            (0, 0, 0, "", 0o644)
        ] * len(files)
        streams = {entry.name: archive.extractfile(entry) for entry in entries}
        assert {name: stream.read() for name, stream in streams.items() if stream} == files


@given(FILES, FILES)
def test_contexts_of_one_hash_have_the_same_files(files, others):
    assert (Context(files=files).digest == Context(files=others).digest) == (files == others)


def test_packing_later_gives_the_same_bytes(tmp_path):
    (tmp_path / "package").mkdir()
    source = tmp_path / "package" / "module.py"
    source.write_text("one = 1\n")
    first = Context(files=sources(tmp_path, ["package"])).archive()
    os.utime(source, (time.time() + 5, time.time() + 5))
    source.chmod(0o600)
    assert Context(files=sources(tmp_path, ["package"])).archive() == first


def test_sources_are_whole_packages_and_single_modules(tmp_path):
    for name in ("a/__init__.py", "a/b/c.py", "a/notes.txt", "d/e.py", "d/f.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert sorted(sources(tmp_path, ["a", "d/e.py"])) == ["a/__init__.py", "a/b/c.py", "d/e.py"]


@pytest.mark.parametrize("place", ["absent", "empty", "absent/module.py"])
def test_a_place_without_sources_is_refused_by_name(tmp_path, place):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ContextIncompleteError, match=place):
        sources(tmp_path, [place])


def test_a_model_without_files_is_refused(tmp_path):
    with pytest.raises(ContextIncompleteError, match="no file"):
        folder(tmp_path, "model")
