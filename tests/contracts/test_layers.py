"""Who may import whom (docs/decisions.md): read from the source, so that a forbidden import can't hide in a function."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = (
    "contracts",
    "cost",
    "data_ops",
    "deployment",
    "events",
    "foundation",
    "images",
    "infra",
    "lineage",
    "ml_pipelines",
    "policy",
    "release",
    "rollout",
    "scoring",
)
PACKAGES = {*PRODUCT, "local", "bench", "tests"}


def imports(package: str) -> dict[str, set[str]]:
    return {str(file.relative_to(ROOT)): _modules(file) for file in (ROOT / package).rglob("*.py")}


def _modules(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
    return found


def offenders(package: str, forbidden: set[str]) -> list[tuple[str, str]]:
    return [
        (file, module)
        for file, modules in imports(package).items()
        for module in sorted(modules)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]


@pytest.mark.parametrize("package", PRODUCT)
def test_product_packages_never_import_the_local_cloud(package):
    assert imports(package), f"{package} has no modules"
    assert offenders(package, {"local", "bench", "tests"}) == []


def test_contracts_import_the_standard_library_alone():
    allowed = set(sys.stdlib_module_names) | {"contracts"}
    found = {(file, module) for file, modules in imports("contracts").items() for module in modules}
    assert [(file, module) for file, module in found if module.split(".")[0] not in allowed] == []


@pytest.mark.parametrize("package", ["foundation", "infra", "policy", "release"])
def test_the_programs_and_their_rules_import_no_other_product_package(package):
    helps = {"policy": {"cost"}}.get(package, set())
    others = {name for name in PRODUCT if name not in (package, "contracts")} - helps
    assert offenders(package, others) == []


def test_the_event_handler_never_imports_heavy_clients():
    assert offenders("events", {"azure.ai", "databricks", "ibis", "duckdb", "deltalake", "pyarrow", "pandas"}) == []
