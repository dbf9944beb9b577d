"""A quiet first import of azure-ai-ml, whose schemas warn about themselves."""

import shutil
import warnings

import pytest
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from ml_pipelines.publishing import definition
    from ml_pipelines.publishing.component_files import COMPONENTS

QUIET = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def pytest_collection_modifyitems(items):
    for item in items:
        if "ml_pipelines/publish" in item.path.as_posix():
            item.add_marker(QUIET)


@pytest.fixture
def folder(tmp_path):
    """A copy of the component files, for a test to change."""
    return shutil.copytree(COMPONENTS, tmp_path / "components")


@pytest.fixture
def spoil(folder):
    """Change one component file's document in place; returns the folder."""

    def change(step, edit):
        file = folder / f"{step}.yml"
        body = yaml.safe_load(file.read_text())
        edit(body)
        file.write_text(yaml.safe_dump(body, sort_keys=False))
        return folder

    return change


@pytest.fixture(scope="session")
def made():
    """The definition of this work tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return definition.define()


@pytest.fixture(scope="session")
def in_parts():
    """That of the graph on three nodes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return definition.define(recipe='{"part_series": 2000}', nodes=3)
