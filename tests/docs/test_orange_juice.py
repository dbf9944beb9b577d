"""A real panel goes through the same code as the generated one."""

import json
import re
import subprocess

import pytest

from tests.docs.blocks import PERSON, ROOT, printed

pytestmark = [pytest.mark.flow, pytest.mark.slow]


@pytest.mark.timeout(600)
def test_orange_juice_goes_live_with_a_model_that_beats_both_naives(tmp_path):
    home = {**PERSON, "LOCAL_CLOUD_HOME": str(tmp_path / "home")}
    try:
        told = printed(home, "make", "up", "DATA=orange-juice")
        assert re.search(r"^release\s+released", told, re.MULTILINE)
        metrics = json.loads((tmp_path / "home" / "dev" / "run.json").read_text())["metrics"]
        naives = [figures["wape"] for name, figures in metrics.items() if name.startswith("seasonal_naive_")]
        assert len(naives) == 2
        assert metrics["challenger"]["wape"] < min(naives)
    finally:
        subprocess.run(["make", "down"], cwd=ROOT, env=home, check=True, capture_output=True)
