"""The panels that arrive by default: the generated one of known truth, and the real one from a Debian package."""

import hashlib

import numpy as np
import pytest

from contracts.events import DataVersion
from data_ops.prepare import prepare
from data_ops.sources.generated import SizeRefusedError, generate
from data_ops.sources.orange_juice import fetch_orange_juice, orange_juice

# The constants were fixed before any model was tuned on them; a change of these figures is a change of the panel.
MEAN, ZERO_SHARE, DISPERSION, DIGEST = 20.638, 0.1134, 29.66, "1374ac57ae05bd62"


@pytest.fixture(scope="module")
def panel():
    return generate()


def test_the_default_panel_has_the_sources_shape(panel):
    assert panel.sales.num_rows == 913_000
    assert len(set(panel.sales["store"].to_pylist())) == 10
    assert len(set(panel.sales["item"].to_pylist())) == 50
    assert panel.sales["date"].combine_chunks().unique().to_pylist()[-1].isoformat() == "2025-12-31"


def test_the_default_panel_is_the_committed_one(panel):
    sales = panel.sales["sales"].to_numpy()
    assert sales.mean() == pytest.approx(MEAN, abs=1e-3)
    assert (sales == 0).mean() == pytest.approx(ZERO_SHARE, abs=1e-4)
    assert sales.var() / sales.mean() == pytest.approx(DISPERSION, abs=0.01)
    assert hashlib.sha256(sales.astype("int64").tobytes()).hexdigest()[:16] == DIGEST


def test_the_truth_is_the_conditional_mean_of_what_could_be_sold(panel):
    sales, truth = panel.sales["sales"].to_numpy(), panel.truth
    there = truth["available"].to_numpy(zero_copy_only=False)
    mean, shape = truth["mean"].to_numpy()[there], truth["dispersion"].to_numpy()[there]
    # Standard error of a mean of independent negative binomials: variance mean + mean^2 / shape each.
    error = np.sqrt((mean + mean**2 / shape).sum()) / there.sum()
    assert abs(sales[there].mean() - mean.mean()) < 4 * error
    assert sales[~there].sum() == 0


def test_promotions_are_known_and_lift_sales(panel):
    promoted = panel.sales["promo"].to_numpy() == 1
    mean = panel.truth["mean"].to_numpy()
    assert 0.02 < promoted.mean() < 0.3
    assert mean[promoted].mean() > 1.2 * mean[~promoted].mean()


def test_another_seed_is_another_panel_and_the_same_seed_the_same():
    sizes = {"stores": 2, "items": 2, "days": 60}
    first, again, other = (generate(seed=seed, **sizes).sales for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_panel_without_rows_is_refused():
    with pytest.raises(SizeRefusedError, match="0 days"):
        generate(days=0)


@pytest.mark.slow
def test_orange_juice_is_the_real_panel_with_its_gaps(tmp_path, lake):
    file = fetch_orange_juice(tmp_path)
    assert fetch_orange_juice(tmp_path) == file
    sales = orange_juice(file)
    dates = sorted(set(sales["date"].to_pylist()))
    assert (str(dates[0]), str(dates[-1])) == ("1990-06-14", "1992-10-01")
    assert sales["sales"].to_numpy().mean() == pytest.approx(9425.3065, abs=1e-3)
    lake.arrive("oj.parquet", sales.to_pydict())
    summary = prepare(DataVersion(table="bronze/sales", version=1))
    assert summary is not None
    assert (summary.frequency, summary.series, summary.rows_kept, summary.rows_imputed) == ("weekly", 913, 106_139, 3_619)
    assert summary.quarantined == {}
