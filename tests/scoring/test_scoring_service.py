"""The forecast service over HTTP: what it answers, what it refuses, and what it never does."""

import json
import subprocess
import sys
import threading

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.scoring.conftest import until

PROBLEM = "application/problem+json"
IDENTITY = {
    "model": "demand",
    "model_version": "3",
    "data_version": "silver/features@1",
    "digest": f"sha256:{'ab' * 32}",
}


def identity(answer):
    return {name: answer[name] for name in IDENTITY}


def test_a_forecast_tells_point_interval_model_data_and_digest(service):
    answer = service.get("/forecast/0/i2").json()
    assert identity(answer) == IDENTITY
    assert answer["unique_id"] == "0_i2"
    assert [cell["ds"] for cell in answer["forecast"]] == [f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3, 4)]
    assert answer["forecast"][0] == {"ds": "2026-01-01T00:00:00Z", "point": 5.0, "lower": 4.0, "upper": 7.0}


def test_scores_are_the_periods_that_rows_ask_for(service):
    rows = [{"store": 0, "item": "i2"}, {"store": "1", "item": "i1", "ds": "2026-01-03"}]
    answer = service.post("/score", json={"rows": rows}).json()
    assert identity(answer) == IDENTITY
    assert [len(row["forecast"]) for row in answer["rows"]] == [4, 1]
    assert answer["rows"][1]["forecast"][0]["ds"] == "2026-01-03T00:00:00Z"


def test_health_version_and_metrics_are_told(service):
    assert service.get("/ready").json() == {"ready": True, "series": 6, "trouble": ""}
    assert service.get("/version").json() == IDENTITY | {"release": "qa", "revision": "abc"}
    service.get("/forecast/0/i2")
    text = service.get("/metrics").text
    assert 'scoring_requests_total{route="forecast",status="200"}' in text
    assert "scoring_series 6.0" in text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/forecast/9/none", None, 404),
        ("GET", "/forecast/0/" + "x" * 201, None, 422),
        ("GET", "/nothing", None, 404),
        ("DELETE", "/score", None, 405),
        ("POST", "/score", b"{", 422),
        ("POST", "/score", b"\xff\xfe", 422),
        ("POST", "/score", b"[]", 422),
        ("POST", "/score", b'{"rows": []}', 422),
        ("POST", "/score", b'{"rows": [{"store": "0"}]}', 422),
        ("POST", "/score", b'{"rows": [{"store": "0", "item": "i2", "more": 1}]}', 422),
        ("POST", "/score", b'{"rows": [{"store": "0", "item": true}]}', 422),
        ("POST", "/score", b'{"rows": [{"store": "0", "item": "i2", "ds": "2027-01-01"}]}', 422),
        ("POST", "/score", b'{"rows": [{"store": "9", "item": "none"}]}', 404),
        ("POST", "/score", json.dumps({"rows": [{"store": "0", "item": "i2"}] * 1001}).encode(), 422),
        ("POST", "/score", b" " * (256 * 1024 + 1), 413),
    ],
)
def test_what_can_t_be_answered_is_a_problem_with_its_status(service, method, path, body, status):
    answer = service.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status
    assert "Traceback" not in answer.text


def test_a_body_of_unknown_length_is_refused_once_it_is_too_large(service):
    answer = service.post("/score", content=(b" " * 65_536 for _ in range(6)))
    assert answer.status_code == 413


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["rows", "store", "item", "ds", "x"]), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values)
def test_no_body_makes_it_fail(service, body):
    answer = service.post("/score", content=json.dumps(body))
    assert answer.status_code in {404, 422} or answer.is_success
    assert answer.is_success or answer.headers["content-type"] == PROBLEM


def test_without_forecasts_it_lives_but_is_not_ready_and_says_why(image):
    with image.serve() as client:
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert "no published forecasts" in answer.json()["detail"] or "not loaded" in answer.text or "no forecasts" in answer.text
        assert client.get("/forecast/0/i2").status_code == 503
        image.publish()
        until_ready(client)
        assert client.get("/forecast/0/i2").is_success


def test_forecasts_of_another_model_version_are_not_taken(image):
    image.publish(model="4")
    with image.serve() as client:
        assert client.get("/ready").status_code == 503


def test_damaged_forecasts_leave_the_old_ones_in_place_and_are_told(image):
    image.publish(1, level=5)
    with image.serve() as client:
        until_ready(client)
        image.publish(2, level=8)
        file = image.forecasts / "demand/3/silver/features@2/forecasts.npz"
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        until(lambda: client.get("/ready").json()["trouble"] or client.get("/forecast/0/i2").json()["forecast"][0]["point"] == 8)
        # The swap may have been quicker than the damage; then the newer forecasts were whole when they were taken.
        told = client.get("/forecast/0/i2").json()
        assert (told["data_version"], told["forecast"][0]["point"]) in {("silver/features@1", 5.0), ("silver/features@2", 8.0)}


def test_a_swap_under_load_never_mixes_two_artefacts(image):
    image.publish(1, level=1)
    seen, over = [], threading.Event()
    with image.serve() as client:
        until_ready(client)

        def ask():
            with httpx.Client(base_url=client.base_url) as own:
                while not over.is_set():
                    rows = [{"store": index % 2, "item": f"i{index}"} for index in range(6)]
                    seen.append(own.post("/score", json={"rows": rows}).json())

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for version in (2, 3):
            image.publish(version, level=float(version))
            wanted = f"silver/features@{version}"
            until(lambda wanted=wanted: client.get("/version").json()["data_version"] == wanted)
        over.set()
        for thread in threads:
            thread.join()
    levels = {(answer["data_version"], cell["point"]) for answer in seen for row in answer["rows"] for cell in row["forecast"]}
    assert levels == {(f"silver/features@{number}", float(number)) for number in (1, 2, 3)}


def test_requests_and_predictions_are_in_storage_when_it_has_ended(image):
    image.publish()
    with image.serve() as client:
        until_ready(client)
        client.get("/forecast/0/i2")
        client.post("/score", json={"rows": [{"store": "1", "item": "i1", "ds": "2026-01-02"}]})
        image.stop()
    lines = [json.loads(line) for file in image.logs.rglob("*.jsonl") for line in file.read_text().splitlines()]
    assert [(line["operation"], line["unique_id"], line["digest"]) for line in lines] == [
        ("forecast", "0_i2", IDENTITY["digest"]),
        ("score", "1_i1", IDENTITY["digest"]),
    ]
    assert lines[1]["forecast"][0]["ds"] == "2026-01-02T00:00:00Z"


def test_storage_that_refuses_logs_delays_no_answer(image):
    image.publish()
    image.logs.parent.mkdir(exist_ok=True)
    image.logs.write_text("not a folder")
    with image.serve() as client:
        until_ready(client)
        for _ in range(50):
            assert client.get("/forecast/0/i2").elapsed.total_seconds() < 1
        until(lambda: "scoring_log_failures 0.0" not in client.get("/metrics").text)


@pytest.mark.parametrize("name", ["artefact.json", "intervals.json", "manifest.json"])
def test_a_model_with_a_changed_byte_does_not_start(image, name):
    file = image.folder / "model" / name
    file.write_bytes(file.read_bytes().replace(b"{", b"{ ", 1) if name != "manifest.json" else b"{}")
    done = run(image)
    assert done.returncode == 2
    assert "The model's files are not those that were written" in done.stderr


@pytest.mark.parametrize("name", ["IMAGE_DIGEST", "RELEASE", "FORECASTS_URL", "LOGS_URL", "PORT"])
def test_a_setting_that_can_t_be_used_is_named(image, name):
    done = run(image, **{name: "wrong"})
    assert done.returncode == 2
    assert f"The environment variable {name} can't be used." in done.stderr


def test_an_image_that_does_not_say_its_model_does_not_start(image):
    (image.folder / "model.json").write_text("{}")
    assert "does not say which model" in run(image).stderr


def test_an_azure_ml_host_gives_the_same_answer(image):
    image.publish()
    rows = json.dumps({"rows": [{"store": 0, "item": "i2", "ds": "2026-01-02"}]})
    program = f"import json\nfrom scoring import score\nscore.init()\nprint(json.dumps(score.run({rows!r})))"
    command = [sys.executable, "-c", program]
    hosted = subprocess.run(command, cwd=image.folder, env=image.environment(), capture_output=True, text=True, check=True)
    with image.serve() as client:
        until_ready(client)
        assert json.loads(hosted.stdout) == client.post("/score", content=rows).json()


def run(image, **more):
    command = [sys.executable, "-m", "scoring"]
    environment = image.environment(**more)
    return subprocess.run(command, cwd=image.folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def until_ready(client):
    until(lambda: client.get("/ready").is_success)
