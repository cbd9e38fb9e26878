import numpy as np
import pandas as pd
import pytest

from ccsav import CCSAVClassifier
from ccsav_lab import checks
from ccsav_lab.videos import CLASSES
from tests.ccsav_lab.checks import refused, waits
from tests.ccsav_lab.test_modalities import acts  # noqa: F401


def test_perfect_listener():
    table = CLASSES[CLASSES["held_out"]]  # 4 told by sound, 4 by sight, 4 by both
    right = (4 + 4 / 4 + 4 / 2) / 12
    waits(checks.perfect_listener, table)
    checks.perfect_listener(right, table)
    refused("per cent", checks.perfect_listener, 100 * right, table)
    refused("sound of their own", checks.perfect_listener, 4 / 12, table)
    refused("same sound", checks.perfect_listener, 0.5, table)
    refused("shape", checks.perfect_listener, [right], table)
    refused("number", checks.perfect_listener, "half", table)
    fewer = table.drop("owl")  # now the senses differ
    viewer = (1 / fewer.groupby("motion")["motion"].transform("size")).mean()
    refused("viewer", checks.perfect_listener, viewer, fewer)


def test_gain_of_both():
    rng = np.random.default_rng(0)
    recalls = {
        m: pd.DataFrame(rng.random((6, 5)), columns=list("abcde"))
        for m in ("audio", "video", "audio+video")
    }
    kinds = ["sound", "both", "both", "sight", "both"]
    mean = {m: table[["b", "c", "e"]].mean(axis=1) for m, table in recalls.items()}
    audio, video, both = mean["audio"], mean["video"], mean["audio+video"]
    right, task = both - np.maximum(audio, video), (recalls, kinds)
    waits(checks.gain_of_both, *task)
    checks.gain_of_both(right, *task)
    refused("points", checks.gain_of_both, 100 * right, *task)
    refused("sign", checks.gain_of_both, -right, *task)
    refused("mean of the senses", checks.gain_of_both, both - (audio + video) / 2, *task)
    refused("worse", checks.gain_of_both, both - np.minimum(audio, video), *task)
    all_classes = {m: table.mean(axis=1) for m, table in recalls.items()}
    better = np.maximum(all_classes["audio"], all_classes["video"])
    refused("all classes", checks.gain_of_both, all_classes["audio+video"] - better, *task)
    each = recalls["audio+video"] - np.maximum(recalls["audio"], recalls["video"])
    refused("chooses", checks.gain_of_both, each[["b", "c", "e"]].mean(axis=1), *task)
    refused("larger", checks.gain_of_both, both, *task)
    refused("shape", checks.gain_of_both, right[:2], *task)


def test_missing_sense(acts):  # noqa: F811
    support, query = np.arange(0, 80, 4), np.arange(1, 80, 4)
    sound, both = acts["audio"], acts["audio+video"]
    y = sound.y

    def accuracy(names, groups):
        X = np.concatenate([acts[name].X[support] for name in names])
        fitted = CCSAVClassifier().fit(X, np.tile(y[support], len(names)), groups=groups)
        return fitted.score(sound.X[query], y[query])

    first = CCSAVClassifier().fit(both.X[support], y[support]).score(sound.X[query], y[query])
    right = (first, accuracy(acts, np.tile(support, 3)))
    task = (acts, support, query)
    waits(checks.missing_sense, *task)
    checks.missing_sense(right, *task)
    refused("per cent", checks.missing_sense, [100 * x for x in right], *task)
    refused("shape", checks.missing_sense, right[0], *task)
    refused("rows", checks.missing_sense, (0.01, 0.02), *task)
    if right[0] != right[1]:
        refused("order", checks.missing_sense, right[::-1], *task)
    alone = CCSAVClassifier().fit(sound.X[support], y[support]).score(sound.X[query], y[query])
    assert alone != pytest.approx(right[0]), "the hint on it could not be told apart"
    refused("audio alone", checks.missing_sense, (alone, right[1]), *task)
