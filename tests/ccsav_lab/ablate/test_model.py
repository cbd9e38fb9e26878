import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav import CCSAVClassifier
from ccsav_lab import ablate
from ccsav_lab.sounds import render, tasks


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


def test_answers_when_silenced(mini):
    names = ["dog", "rain", "piano"]
    waves = [render(name, 987_654).waveform for name in names]
    question = "What sound is this?"
    cases = {"none but the first layer": {"heads": range(8, 48)}, ("one", 1): {"heads": [20]}}
    table = ablate.answers_when_silenced(mini, waves, question, cases)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == ["intact", "none but the first layer", ("one", 1)]
    assert table["intact"].tolist() == mini.answer(waves, question)
    with mini.silenced(range(8, 48)):
        assert table["none but the first layer"].tolist() == mini.answer(waves, question)
    assert not table["intact"].equals(table["none but the first layer"])


@pytest.fixture(scope="module")
def named(mini):
    """Six sounds that the model can name, four clips each, and their decoder heads."""
    names = ["bird", "car", "dog", "piano", "rain", "siren"]
    data = tasks.make(names, clips=4, progress=False)
    return data, ccsav.extract(mini, data, "What sound is this?", progress=False)


@pytest.mark.slow
def test_right_by_rank(mini, named):
    data, acts = named
    options = {"shots": 2, "n_episodes": 2, "clips": 6, "seed": 3}
    table = ablate.right_by_rank(mini, data, acts, "What sound is this?", [1, 40], **options)
    kinds = [f"{which} {k}" for which in ("best", "alike", "random") for k in (1, 40)]
    assert table["method"].tolist() == 2 * ["intact", *kinds]
    shares = table.pivot(index="episode", columns="method", values="accuracy")
    assert shares["best 40"].mean() < shares["intact"].mean()
    zeros = ablate.right_by_rank(
        mini, data, acts, "What sound is this?", [48], to="zeros", **options
    )
    assert zeros.query("method != 'intact'").groupby("episode")["accuracy"].nunique().eq(1).all()
    with pytest.raises(ValueError, match="to='noise'"):
        ablate.right_by_rank(mini, data, acts, None, [1], to="noise")


def test_right_changes(mini, named):
    data, acts = named
    question, classes = "What sound is this?", ["dog", "bird", "siren"]
    options = {"shots": 2, "n_episodes": 2, "clips": 2, "seed": 5}
    voted, spoken = ablate.right_changes(mini, data, acts, question, classes, 36, **options)
    assert voted.shape == spoken.shape == (2, 3, 3)
    drawn = ccsav.episodes(acts.y, shots=2, n_episodes=2, seed=5)
    for (support, query), vote, words in zip(drawn, voted, spoken, strict=True):
        clf = CCSAVClassifier().fit(acts.X[support], acts.y[support])
        order = [acts.labels.tolist().index(c) for c in classes]
        whole = ablate.recall_changes(clf, acts.X[query], acts.y[query], 36)
        np.testing.assert_allclose(vote, whole[np.ix_(order, order)])
        heads = ablate.pick(clf.weights_[:, order[0]], 36)  # the best for "dog"
        birds = [data.waveform(i, 16_000) for i in query[acts.y[query] == order[1]]]
        means = acts.X.mean(0, dtype=np.float32)[heads]
        with mini.silenced(acts.heads.iloc[heads], means, "prompt"):
            heard = np.mean([said == "bird" for said in mini.answer(birds, question)])
        before = np.mean([said == "bird" for said in mini.answer(birds, question)])
        assert words[0, 1] == pytest.approx(heard - before)
    with pytest.raises(ValueError, match=r"classes has \['owl'\], which are not labels"):
        ablate.right_changes(mini, data, acts, question, ["owl"], 3)
