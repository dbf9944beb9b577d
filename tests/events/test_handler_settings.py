"""What the handler's command refuses before it starts, and what its other commands do."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from events import service, status
from events.dispatcher import RetryPolicy
from events.errors import SettingError
from events.inbox import Arrival, Inbox, Item
from events.routes import Outcome
from events.settings import Settings
from events.targets.machine_learning import METADATA_URL

ROOT = Path(__file__).parents[2]
REGISTRY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/crmlops"
WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw-demand"


@pytest.fixture
def environment(tmp_path):
    return {
        "EVENTS_BOOTSTRAP": "evh:9093",
        "BRONZE_URL": "abfss://bronze@dlsmlops.dfs.core.windows.net",
        "SILVER_URL": "abfss://silver@dlsmlops.dfs.core.windows.net",
        "FORECASTS_URL": "abfss://forecasts@stmlwmlops.dfs.core.windows.net",
        "ML_WORKSPACE_ID": WORKSPACE,
        "REGISTRY_ID": REGISTRY,
        "REGISTRY_LOGIN_SERVER": "crmlops.azurecr.io",
        "ADO_URL": "https://dev.azure.com/contoso/shop",
        "DATABRICKS_HOST": "https://adb-1.azuredatabricks.net",
        "HANDLER_STATE": str(tmp_path / "state"),
    }


def test_the_optional_settings_have_defaults_and_the_state_directory_is_made(environment, tmp_path):
    settings = Settings.from_environment(environment)
    assert (settings.handler_id, settings.lake_id, settings.tries) == ("0", "", RetryPolicy().tries)
    assert (settings.attempts, settings.places.metadata_url) == (2, METADATA_URL)
    assert settings.places.endpoint == "train-demand"
    assert (tmp_path / "state").is_dir()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BRONZE_URL", ""),
        ("BRONZE_URL", "abfss://silver@dlsmlops.dfs.core.windows.net"),
        ("BRONZE_URL", "https://dlsmlops.blob.core.windows.net/bronze"),
        ("BRONZE_URL", "abfss://bronze@dlsmlops.dfs.core.windows.net.example.org"),
        ("HANDLER_STATE", ""),
        ("HANDLER_STATE", "relative/path"),
        ("HANDLER_STATE", "/dev/null/state"),
        ("HANDLER_ID", "a b"),
        ("LAKE_ID", "dlsmlops"),
        ("HANDLER_TRIES", "0"),
        ("HANDLER_TRIES", "many"),
        ("HANDLER_ATTEMPTS", "0"),
        ("HANDLER_ATTEMPTS", "11"),
        ("SILVER_URL", "abfss://bronze@dlsmlops.dfs.core.windows.net"),
        ("FORECASTS_URL", ""),
        ("ML_WORKSPACE_ID", ""),
        ("ML_WORKSPACE_ID", "mlw-demand"),
        ("ML_WORKSPACE_ID", f"{WORKSPACE}/jobs/x"),
        ("ML_WORKSPACE_ID", WORKSPACE.replace("workspaces", "registries")),
        ("REGISTRY_ID", ""),
        ("REGISTRY_ID", WORKSPACE),
        ("REGISTRY_ID", f"{REGISTRY}/tasks/x"),
        ("REGISTRY_LOGIN_SERVER", ""),
        ("REGISTRY_LOGIN_SERVER", "https://crmlops.azurecr.io"),
        ("REGISTRY_LOGIN_SERVER", "crmlops.azurecr.io/scoring"),
        ("ADO_URL", ""),
        ("ADO_URL", "http://dev.azure.com/contoso/shop"),
        ("ADO_URL", "https://dev.azure.com/contoso"),
        ("ADO_URL", "https://someone@dev.azure.com/contoso/shop"),
        ("ADO_URL", "https://dev.azure.com/contoso/shop?x=1"),
        ("ARM_CLOUD_METADATA_URL", "http://management.azure.com/metadata/endpoints"),
        ("ARM_CLOUD_METADATA_URL", "https://someone@management.azure.com/metadata/endpoints"),
        ("DATABRICKS_HOST", "http://adb-1.azuredatabricks.net"),
    ],
)
def test_an_unusable_setting_ends_the_command_with_its_name(environment, monkeypatch, capsys, name, value):
    for key, text in {**environment, name: value}.items():
        monkeypatch.setenv(key, text)
    assert service.main([]) == 2
    told = capsys.readouterr().err
    assert f"{name} can't be used." in told
    assert f"given:   {value or 'nothing'}" in told


@pytest.mark.parametrize(
    "name", ["EVENTS_BOOTSTRAP", "BRONZE_URL", "SILVER_URL", "ML_WORKSPACE_ID", "HANDLER_STATE", "REGISTRY_ID", "ADO_URL"]
)
def test_a_missing_setting_is_an_unusable_one(environment, name):
    del environment[name]
    with pytest.raises(SettingError, match=name):
        Settings.from_environment(environment)


@pytest.fixture
def ended(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDLER_STATE", str(tmp_path))
    inbox = Inbox(tmp_path, durable=True)
    arrival = Arrival(
        source="s", id="i", type="t", body=b"{}", place="p", route="data-committed", effect_key="bronze/sales@3", lane="l"
    )
    inbox.put([arrival])
    [item] = inbox.ready_after(0)
    inbox.finish(item, Outcome(state="dead", detail="gone"))
    yield inbox
    inbox.close()


def test_the_redrive_command_adds_an_attempt_and_says_so(ended, capsys):
    assert service.main(["redrive", "data-committed", "bronze/sales@3"]) == 0
    assert capsys.readouterr().out == "data-committed bronze/sales@3: attempt 2 waits for the handler\n"
    [item] = ended.ready_after(0)
    assert isinstance(item, Item)
    assert (item.attempt, item.tries, item.reason) == (2, 0, "")


def test_the_redrive_command_refuses_an_effect_it_does_not_know(ended, capsys):
    assert ended.ready_after(0) == []
    assert service.main(["redrive", "data-committed", "bronze/sales@4"]) == 2
    assert "the latest are: data-committed bronze/sales@3" in capsys.readouterr().err


def test_no_or_a_damaged_heartbeat_is_not_fresh(tmp_path, capsys):
    assert status.main([str(tmp_path)]) == 1
    (tmp_path / "status.json").write_text('{"pid": 1')
    assert status.read_status(tmp_path) is None
    (tmp_path / "status.json").write_text('{"pid": 1}')
    assert status.main([str(tmp_path)]) == 1
    assert "no heartbeat" in capsys.readouterr().err


def test_a_probe_reads_the_directory_of_the_handler_and_imports_no_client(tmp_path):
    code = (
        "import sys; from events import status; code = status.main([]); clients = ('azure', 'httpx', 'confluent_kafka');"
        " sys.exit(9 if any(name in sys.modules for name in clients) else code)"
    )
    probe = [sys.executable, "-c", code]
    done = subprocess.run(probe, cwd=ROOT, env={"HANDLER_STATE": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith(f"no heartbeat in {tmp_path}")) == (1, True)
    counts = status.Counts(ready=0, done=0, ignored=0, dead=0, failed=0, duplicates=0, unrouted=0)
    beat = status.Status(
        pid=1,
        handler="h",
        time=time.time(),
        state="running",
        lag=0,
        assigned=[],
        expected=0,
        missing_hubs=[],
        paused=False,
        bus_error="",
        counts=counts,
    )
    status.write_status(tmp_path, beat)
    done = subprocess.run(probe, cwd=ROOT, env={"HANDLER_STATE": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["handler"]) == (0, "h")
