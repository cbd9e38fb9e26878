"""Simulated head vectors of known specialists, to see when weights per class pay.

Shapes: N clips, K heads, D numbers per head vector, C classes.
"""

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from ccsav.extraction.activations import HeadActivations

SKILL, EASE = 0.5, 0.3  # standard deviations of the logarithms: heads and classes differ
MIXED = 0.6  # a clip is up to this share of another class, the same one for all heads
PLACES = 5  # that a misled head mistakes clips for


def specialist_vectors(
    n_classes: int,
    n_clips: int,
    *,
    sharpness: float = 1.0,
    known: float = 0.2,
    noise: float = 1.0,
    misled: bool = False,
    n_heads: int = 32,
    dim: int = 16,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate head vectors, each head of which tells some classes better than all others.

    A head has a centre for each class, drawn from a standard normal distribution and multiplied by
    the head's skill and the class's ease. Every clip lies between the centre of its class and that
    of another class, and noise is added. A head knows a share of the classes; the centres of all
    others are multiplied by 1 - sharpness, and sharpness times a vector that does not depend on the
    class is added.

    Parameters
    ----------
    n_classes, n_clips : C, and clips of each class, N = C · n_clips.
    sharpness : from 0 (a head tells all classes equally well) to 1 (it tells nothing about
        the classes that it does not know).
    known : share of the classes that a head knows, drawn for each head; at least one class.
    noise : standard deviation of the noise on every number.
    misled : whether the vector that is added differs from clip to clip. If not, all clips of the
        classes that a head does not know lie together, and its posterior is spread over
        these classes. If so, each clip lies by chance at one of `PLACES` places, near the few
        support clips that happen to lie there too, and the posterior is confident and wrong.
    n_heads, dim : K and D.
    seed : of all draws.

    Returns
    -------
    X : (N, K, D) float32
    y : (N,) int, clips of a class one after the other

    Raises
    ------
    ValueError : fewer than two classes, sharpness or known are not from 0 to 1, or noise < 0.

    Examples
    --------
    >>> from ccsav_lab.simulated import specialist_vectors
    >>> X, y = specialist_vectors(n_classes=3, n_clips=2, noise=0.5)
    >>> X.shape, y.tolist()
    ((6, 32, 16), [0, 0, 1, 1, 2, 2])
    """
    if n_classes < 2 or not (0 <= sharpness <= 1 and 0 <= known <= 1 and noise >= 0):
        raise ValueError(
            f"n_classes={n_classes}, sharpness={sharpness}, known={known}, noise={noise}: give at "
            "least two classes, sharpness and known from 0 to 1, and noise of at least 0."
        )
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n_classes), n_clips)
    partner = (y + rng.integers(1, n_classes, len(y))) % n_classes
    share = MIXED * rng.random((len(y), 1))  # of the other class, (N, 1)
    ease = np.exp(EASE * rng.standard_normal((n_classes, 1)))
    X = np.empty((len(y), n_heads, dim), np.float32)
    for head in range(n_heads):
        centres = rng.standard_normal((n_classes, dim))
        centres *= ease * np.exp(SKILL * rng.standard_normal())
        blur = np.full((n_classes, 1), float(sharpness))  # 0 for the known classes
        blur[rng.permutation(n_classes)[: max(1, round(known * n_classes))]] = 0
        places = rng.standard_normal((PLACES if misled else 1, dim))
        elsewhere = places[rng.integers(len(places), size=len(y))]  # (N, D)
        sharp = (1 - blur) * centres
        X[:, head] = (1 - share) * (sharp[y] + blur[y] * elsewhere)
        X[:, head] += share * (sharp[partner] + blur[partner] * elsewhere)
    X += noise * rng.standard_normal(X.shape, dtype=np.float32)
    return X, y


def as_activations(X: np.ndarray, y: np.ndarray) -> HeadActivations:
    """Simulated head vectors in the form in which `extract` returns real ones, without groups.

    Parameters
    ----------
    X, y : (N, K, D) and (N,), from `specialist_vectors`.

    Returns
    -------
    HeadActivations
        The K heads are of one layer; classes have their numbers as names.

    Examples
    --------
    >>> from ccsav_lab import interactions
    >>> from ccsav_lab.simulated import as_activations, specialist_vectors
    >>> acts = as_activations(*specialist_vectors(n_classes=10, n_clips=20))
    >>> bool(interactions.split_half(acts, n=1)["reliable share"] > 0.5)
    True
    """
    heads = pd.DataFrame({"kind": "decoder", "layer": 0, "head": range(X.shape[1])})
    labels, table = np.arange(y.max() + 1).astype(str), pd.DataFrame({"label": y})
    return HeadActivations(X, y, labels, None, heads, table, pd.DataFrame(), {"model": "simulated"})


def border(
    shares: np.ndarray, gains: np.ndarray, least: float = 0.01, n: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Where a rising curve through points (share, gain) reaches a gain.

    The curve is the best fit that never falls (isotonic regression).

    Parameters
    ----------
    shares, gains : (n points,)
    least : the gain to be reached.
    n : bootstrap draws of the points.
    seed : of the draws.

    Returns
    -------
    share, low, high : of the first point from which on the curve is at least `least`; infinite if
        none is. low and high are the 2.5 and 97.5 percentiles over the draws.

    Raises
    ------
    ValueError : shares and gains are not two arrays of the same length, or are empty.

    Examples
    --------
    >>> from ccsav_lab.simulated import border
    >>> border([0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.05, 0.07], n=1)[0]
    0.3
    """
    shares, gains = np.asarray(shares, float), np.asarray(gains, float)
    if shares.ndim != 1 or shares.shape != gains.shape or not len(shares):
        raise ValueError(f"shares {shares.shape} and gains {gains.shape} must be (n,), n ≥ 1.")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(shares), size=(n, len(shares)))
    reached = [_crossing(shares[rows], gains[rows], least) for rows in drawn]
    low, high = np.quantile(reached, [0.025, 0.975], method="nearest")
    return _crossing(shares, gains, least), float(low), float(high)


def _crossing(shares, gains, least) -> float:
    """The smallest share at which the isotonic fit is at least `least`, or infinity."""
    fit = IsotonicRegression().fit_transform(shares, gains)
    return float(shares[fit >= least].min(initial=np.inf))
