import numpy as np
import pandas as pd
import pytest

from ccsav_lab import checks


@pytest.fixture
def table():
    values = np.random.default_rng(3).uniform(size=(12, 4))
    return pd.DataFrame(values, columns=["owl", "ant", "bat", "cat"])


def test_selectivity_of_head(capsys):
    recalls = np.array([0.2, 0.8, 0.5])
    checks.selectivity_of_head((0.8 - 0.35) / (0.8 + 0.35), recalls)
    assert capsys.readouterr().out == "Right.\n"
    with pytest.raises(checks.NotYet, match="leave the best one out"):
        checks.selectivity_of_head((0.8 - 0.5) / (0.8 + 0.5), recalls)
    with pytest.raises(checks.NotYet, match="divide it by the sum"):
        checks.selectivity_of_head(0.8 - 0.35, recalls)
    with pytest.raises(checks.NotYet, match="over their sum"):
        checks.selectivity_of_head(0.1, recalls)
    checks.selectivity_of_head(0.0, np.array([0.5, 0.5, 0.5]))


def test_nearest_classes(table, capsys):
    r = np.corrcoef(table.to_numpy().T) - 2 * np.eye(4)
    right = [table.columns[i] for i in r.argmax(axis=1)]
    checks.nearest_classes(right, table)
    checks.nearest_classes(pd.Series(right), table)
    assert capsys.readouterr().out == "Right.\n" * 2
    with pytest.raises(checks.NotYet, match="leave the diagonal out"):
        checks.nearest_classes(table.columns.tolist(), table)
    with pytest.raises(checks.NotYet, match="one name for each of the 4"):
        checks.nearest_classes(right[0], table)
    with pytest.raises(checks.NotYet, match="'dog' is no class"):
        checks.nearest_classes(["dog", *right[1:]], table)
    farthest = [table.columns[i] for i in (r + 4 * np.eye(4)).argmin(axis=1)]
    with pytest.raises(checks.NotYet, match="4 of 4 are not the nearest; for 'owl', 2 other"):
        checks.nearest_classes(farthest, table)


def test_half_response(capsys):
    curve = pd.Series([0.1, 0.5, 0.2, 0.6, 0.8], index=[-20.0, -10.0, 0.0, 10.0, 20.0])
    checks.half_response(5.0, curve)  # 0.4, half way from 0.2 to 0.6; not -12.5, farther down
    assert capsys.readouterr().out == "Right.\n"
    with pytest.raises(checks.NotYet, match="one of the measured points"):
        checks.half_response(0.0, curve)
    with pytest.raises(checks.NotYet, match="crosses it at a higher value"):
        checks.half_response(-12.5, curve)
    with pytest.raises(checks.NotYet, match="crosses it at a lower value"):
        checks.half_response(7.5, curve)
    with pytest.raises(checks.NotYet, match="it never falls that low"):
        checks.half_response(5.0, curve.clip(lower=0.5))
    checks.half_response(np.nan, curve.clip(lower=0.5))
    with pytest.raises(checks.NotYet, match="a number or an array"):
        checks.half_response("six", curve)


@pytest.mark.parametrize("name", ["selectivity_of_head", "nearest_classes", "half_response"])
def test_an_empty_place_is_neither_right_nor_wrong(name, capsys):
    getattr(checks, name)(..., None)
    assert "Your turn" in capsys.readouterr().out
