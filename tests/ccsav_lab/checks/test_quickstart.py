import numpy as np
from sklearn.datasets import make_classification

import ccsav
from ccsav_lab import checks
from tests.ccsav_lab.checks import refused, waits

VOTES = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.5, 0.0, 0.5], [0.1, 0.8, 0.1]])


def test_least_confident(capsys):
    waits(checks.least_confident, VOTES)
    assert "Right." not in capsys.readouterr().out
    checks.least_confident(np.int64(1), VOTES)
    assert "Right." in capsys.readouterr().out
    refused("most confident", checks.least_confident, 3, VOTES)
    refused("others are smaller", checks.least_confident, 2, VOTES)  # row with the smallest minimum
    refused("rows 0 to 3", checks.least_confident, 7, VOTES)
    refused("whole number", checks.least_confident, VOTES, VOTES)
    refused("whole number", checks.least_confident, 1.7, VOTES)  # not cut to 1


def test_learning_curve():
    x, y = make_classification(90, 40, n_informative=10, n_classes=3, random_state=0)
    X = x.reshape(90, 5, 8)
    task = (X, y, None, [1, 2], 0)
    waits(checks.learning_curve, *task)

    def curve(method, **options):
        options = {"shots": [1, 2], "seed": 0, "progress": False} | options
        return ccsav.summary(ccsav.evaluate({"CCSAV": method}, X, y, **options))

    clf = ccsav.CCSAVClassifier()
    checks.learning_curve(curve(clf), *task)
    refused("other episodes", checks.learning_curve, curve(clf, seed=1), *task)
    refused("another method", checks.learning_curve, curve(ccsav.SAVClassifier()), *task)
    refused(r"lacks \[2\]", checks.learning_curve, curve(clf, shots=[1]), *task)
    refused("default number", checks.learning_curve, curve(clf, n_episodes=3), *task)
    refused("table", checks.learning_curve, 0.5, *task)
