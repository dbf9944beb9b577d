"""Both Dockerfiles fit what is sent with them: all is copied, all labels are told, and the program's imports are there."""

import subprocess
import sys
from pathlib import Path

import pytest

from images.builder import ARGUMENTS, BuildFailedError, Order
from images.context import Context
from tests.images.conftest import BUILT, ROOT

REPOSITORIES = ["scoring", "event-handler"]
PROGRAMS = {"scoring": "scoring.__main__, scoring.score", "event-handler": "events.service"}
IMPORT = """
import sys
root, names = sys.argv[1], sys.argv[2].split(", ")
sys.path[:] = [root, *(path for path in sys.path[1:] if "site-packages" in path or "lib/python" in path)]
for name in names:
    __import__(name)
print("\\n".join(sorted({str(getattr(module, "__file__", "")) for module in sys.modules.values()})))
"""


def instructions(order, keyword):
    lines = order.context.files["Dockerfile"].decode().splitlines()
    return [line.removeprefix(keyword).split() for line in lines if line.startswith(f"{keyword} ")]


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_each_file_of_the_context_is_copied_and_each_copied_path_is_there(orders, repository):
    order = orders[repository]
    copied = [words[0] for words in instructions(order, "COPY")]
    files = order.context.files.keys() - {"Dockerfile"}
    assert {path.partition("/")[0] for path in files} == set(copied)
    assert all("/" not in path for path in copied)


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_copied_folder_keeps_its_name(orders, repository):
    for source, target in instructions(orders[repository], "COPY"):
        assert target == ("./" if "." in source else f"./{source}")


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_each_label_of_the_order_is_set_from_its_argument_and_no_other(orders, repository):
    order = orders[repository]
    told = dict(word.split("=$") for words in instructions(order, "LABEL") for word in words)
    assert told == {str(label): ARGUMENTS[label] for label in order.labels}
    assert {words[0] for words in instructions(order, "ARG")} == order.arguments.keys()


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_the_program_finds_all_of_the_product_that_it_imports_in_the_image(orders, repository, tmp_path):
    app = tmp_path / "app"
    for path, content in orders[repository].context.files.items():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_bytes(content)
    command = [sys.executable, "-c", IMPORT, str(app), PROGRAMS[repository]]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    of_the_product = [path for path in done.stdout.split() if Path(path).is_relative_to(ROOT) and "/.venv/" not in path]
    assert of_the_product == []
    assert str(app / "contracts" / "errors.py") in done.stdout


def test_the_order_of_the_service_says_what_is_inside(orders):
    order = orders["scoring"]
    assert (order.name, order.labels) == ("scoring:3-7", BUILT.labels())
    assert b'"data_version": "silver/features@7"' in order.context.files["model.json"]
    assert not [path for path in order.context.files if path.startswith(("ml_pipelines/steps", "images", "local"))]


def test_the_tag_of_the_handler_follows_from_its_content(orders):
    order = orders["event-handler"]
    assert order.tag == order.context.digest[:16]


@pytest.mark.flow
@pytest.mark.parametrize("package", ["contracts", "ml_pipelines", "scoring", "data_ops"])
def test_a_forgotten_package_fails_the_build_with_its_line_in_the_error(orders, builder, package):
    whole = orders["scoring"].context.files
    files = {path: content for path, content in whole.items() if not path.startswith(f"{package}/")}
    files["requirements.txt"] = b""
    order = Order(repository="forgotten", tag=package.replace("_", "-"), context=Context(files=files), labels=BUILT.labels())
    with pytest.raises(BuildFailedError, match=f"COPY {package} ./{package}: {package}: not found in the context"):
        builder.build(order)
