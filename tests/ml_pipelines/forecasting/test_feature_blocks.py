"""Features gathered block by block are those of one look at all rows."""

import numpy as np
import pytest

from ml_pipelines.forecasting import direct_features
from ml_pipelines.forecasting.direct_features import matrix, names_of, sources


@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_size_of_a_block_changes_no_bit(panel, monkeypatch, block):
    made = panel()
    random = np.random.default_rng(1)
    row, target = random.integers(0, len(made.y), 130), random.integers(60, made.periods, 130)
    found = sources(made, names_of(made), made.periods)
    whole, names = matrix(found, row, target - 5, target)
    monkeypatch.setattr(direct_features, "BLOCK", block)
    parts, same = matrix(found, row, target - 5, target)
    assert (names, whole.tobytes()) == (same, parts.tobytes())
    assert whole.shape == (130, len(names))
    assert np.isfinite(whole).mean() > 0.5
