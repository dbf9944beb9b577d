"""Versions, roles and files of the registered model, against a tracking store of MLflow's own."""

import pytest

from ml_pipelines.registry import (
    FilesMissingError,
    Registry,
    Role,
    RoleMissingError,
    VersionMissingError,
    incumbent,
    root_run,
    twin,
)


class Registered(Registry):
    """The registry, and a short way to a version of some role."""

    def __init__(self, tracking, files) -> None:
        super().__init__("demand")
        self.tracking, self.files = tracking, files

    def of_role(self, role="challenger", **tags) -> None:
        self.register(self.tracking.run(), self.files(model="booster"), {"role": role, **tags})


@pytest.fixture
def registered(tracking, files):
    return Registered(tracking, files)


def twin_number(versions, configuration, content_hash):
    found = twin(versions, configuration, content_hash)
    return found.number if found else None


@pytest.mark.usefixtures("tracking")
def test_a_model_without_versions_has_none_and_no_incumbent():
    assert Registry("demand").versions() == ()
    assert incumbent(()) is None


def test_versions_come_newest_first_with_numbers_as_text(registered):
    for count in range(11):
        registered.of_role(count=str(count))
    assert [version.number for version in registered.versions()] == [str(number) for number in range(11, 0, -1)]
    assert registered.versions()[0].tags == {"role": "challenger", "count": "10"}


def test_the_files_of_a_version_come_back_as_they_were(registered, tracking, files, tmp_path):
    run = tracking.run()
    version = registered.register(run, files(a="one", b="two"), {"role": "challenger"})
    found = registered.fetch(version, tmp_path / "fetched")
    assert {file.relative_to(found).as_posix(): file.read_text() for file in found.rglob("*") if file.is_file()} == {
        "inner/a": "one",
        "inner/b": "two",
    }
    assert version.run_id == run


def test_registering_a_run_again_answers_the_version_it_made(registered, tracking, files):
    run = tracking.run()
    first = registered.register(run, files(a="one"), {"role": "challenger", "x": "1"})
    assert registered.register(run, files(a="one"), {"role": "challenger", "x": "1"}) == first
    assert len(registered.versions()) == 1


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("challenger",), "1"),
        (("champion", "challenger"), "1"),
        (("champion", "champion", "challenger"), "2"),
        (("challenger", "challenger", "rejected"), "2"),
        (("retired", "rejected"), None),
    ],
)
def test_the_incumbent_is_the_newest_champion_else_the_newest_challenger(registered, roles, expected):
    for role in roles:
        registered.of_role(role)
    found = incumbent(registered.versions())
    assert (found.number if found else None) == expected


def test_a_twin_has_the_same_configuration_and_content_and_is_the_one_in_use(registered):
    registered.of_role("champion", configuration="c", content_hash="h")
    registered.of_role("rejected", configuration="c", content_hash="h")
    registered.of_role("challenger", configuration="c", content_hash="other")
    versions = registered.versions()
    assert twin_number(versions, "c", "h") == "1"
    assert twin(versions, "d", "h") is None
    registered.set_role(versions[-1], Role.RETIRED)
    assert twin_number(registered.versions(), "c", "h") == "2"


@pytest.mark.parametrize("left", [None, "", "winner"])
def test_a_version_without_a_valid_role_stops_with_what_to_do(registered, tracking, left):
    registered.of_role()
    if left is None:
        tracking.client.delete_model_version_tag("demand", "1", "role")
    else:
        tracking.client.set_model_version_tag("demand", "1", "role", left)
    with pytest.raises(RoleMissingError, match=r"demand version 1, tag role=.*\n.*challenger, champion, retired, rejected"):
        registered.versions()


def test_a_registration_that_stopped_while_uploading_is_finished(registered, tracking, files, tmp_path):
    run, folder = tracking.run(), files(a="one", b="two")
    tracking.client.log_artifact(run, str(folder / "inner" / "a"), "model/inner")
    (folder / "inner" / "a").write_text("must not be uploaded again")
    found = registered.fetch(registered.register(run, folder, {"role": "challenger"}), tmp_path / "fetched")
    assert [(found / "inner" / name).read_text() for name in ("a", "b")] == ["one", "two"]


def test_a_version_that_was_deleted_is_told(registered):
    registered.of_role()
    with pytest.raises(VersionMissingError, match="demand version 7"):
        registered.version("7")


def test_a_version_whose_files_are_gone_is_told(registered, tracking, files, tmp_path):
    version = registered.register(tracking.run(), files(a="one"), {"role": "challenger"})
    root = tracking.client.get_run(version.run_id).info.artifact_uri.removeprefix("file://")
    (tmp_path / "away").mkdir()
    (type(tmp_path)(root) / "model").rename(tmp_path / "away" / "model")
    with pytest.raises(FilesMissingError, match="demand version 1"):
        registered.fetch(version, tmp_path / "fetched")


def test_the_root_run_is_the_pipelines_then_the_steps_own(monkeypatch):
    monkeypatch.setenv("AZUREML_ROOT_RUN_ID", "root")
    monkeypatch.setenv("MLFLOW_RUN_ID", "own")
    assert root_run() == "root"
    monkeypatch.delenv("AZUREML_ROOT_RUN_ID")
    assert root_run() == "own"
    monkeypatch.delenv("MLFLOW_RUN_ID")
    assert not root_run()
