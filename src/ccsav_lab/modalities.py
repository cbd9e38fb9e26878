"""What sight and sound tell: recalls by kind of class, and what each head gains from both.

Shapes: N clips, K heads, C classes. `acts` maps a modality to the head vectors of the same clips.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import recall_score

from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav_lab import specialise
from ccsav_lab.aligned import same_clips


def recalls_by_kind(
    acts: Mapping[str, HeadActivations],
    kinds: Sequence[str],
    *,
    shots: int = 5,
    n_episodes: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Recall of CCSAV given each modality, averaged over the classes of each kind.

    Parameters
    ----------
    acts : modality → head vectors, all of the same clips, which are put in one order by path.
    kinds : (C,) kind of each class of `labels`.
    shots, n_episodes, seed : as in `episodes`; all modalities get the same ones.

    Returns
    -------
    pd.DataFrame
        Rows as from `evaluate`, for `summary` and `compare`: method (the modality), shots, episode;
        a column per kind, and `all`, from 0 to 1.

    Examples
    --------
    >>> import ccsav
    >>> from ccsav_lab import modalities
    >>> from ccsav_lab.sounds import tasks
    >>> clips = tasks.make(["dog", "siren", "rain"], clips=8, progress=False)
    >>> acts = {"audio": ccsav.extract(ccsav.load_lalm("mini"), clips, progress=False)}
    >>> kinds = ["animal", "weather", "machine"]  # of dog, rain, siren
    >>> modalities.recalls_by_kind(acts, kinds, n_episodes=2).columns.tolist()
    ['method', 'shots', 'episode', 'all', 'animal', 'machine', 'weather']
    """
    rows = []
    for name, given in same_clips(acts).items():
        draws = episodes(given.y, given.groups, shots=shots, n_episodes=n_episodes, seed=seed)
        for number, (support, query) in enumerate(draws):
            clf = CCSAVClassifier().fit(given.X[support], given.y[support])
            predicted, labels = clf.predict(given.X[query]), range(len(given.labels))
            recall = recall_score(given.y[query], predicted, labels=labels, average=None)
            row = {"method": name, "shots": shots, "episode": number, "all": recall.mean()}
            rows.append(row | pd.Series(recall).groupby(np.asarray(kinds)).mean().to_dict())
    return pd.DataFrame(rows)


def gains_of_heads(
    acts: Mapping[str, HeadActivations], both: str, classes: Sequence[str], seed: int = 0
) -> pd.DataFrame:
    """What each head alone gains from both senses over the better one, in recall.

    The better one is chosen for each head on one half of the clips, and the gain is measured on the
    other half, in both directions, so that the choice does not profit from luck.

    Parameters
    ----------
    acts : modality → head vectors, all of the same clips, which are put in one order by path.
    both : the modality with both senses; all others are compared with it.
    classes : those whose clips count.
    seed : of the halves.

    Returns
    -------
    pd.DataFrame
        A row per head. gain: from -1 to 1. interval: half of the 95 % interval over clips.
        interval_of_all: wider, so that of all K intervals none misses its gain, in 95 % of studies
        (Bonferroni).
    """
    acts = same_clips(acts)
    hits = {name: specialise.hits_by_head(given)[0] for name, given in acts.items()}  # (K, N)
    given = acts[both]
    counted = np.isin(given.labels[given.y], classes)  # (N,)
    half, rng = np.zeros(len(given.y), bool), np.random.default_rng(seed)
    for c in np.unique(given.y):
        own = rng.permutation(np.flatnonzero(given.y == c))
        half[own[: len(own) // 2]] = True
    single = np.stack([found for name, found in hits.items() if name != both])  # (senses, K, N)
    gains = np.zeros(hits[both].shape)
    for side in (half, ~half):
        better = single[:, :, counted & ~side].mean(axis=-1).argmax(axis=0)  # (K,)
        reference = np.take_along_axis(single, better[None, :, None], axis=0)[0]
        gains[:, side] = (hits[both] - reference)[:, side]
    gains = gains[:, counted]
    error = gains.std(axis=1, ddof=1) / np.sqrt(gains.shape[1])
    tails = {"interval": 0.025, "interval_of_all": 0.025 / len(gains)}
    wide = {name: stats.norm.isf(tail) * error for name, tail in tails.items()}
    return pd.DataFrame({"gain": gains.mean(axis=1)} | wide, index=given.heads.index)
