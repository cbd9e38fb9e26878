"""Mix clips of different classes; all that is drawn stands in the table, as text that a CSV holds.

Where a column has a value per sound (labels, sources, levels, onsets, starts), the values are
separated by "; " as AudioSet's labels are, in the order of the labels.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset, DatasetError, count_and_name

from .draws import Plan, deal_pools, draw_sounds

RATE = 16_000  # Hz
PEAK = 10 ** (-3 / 20)  # of every mixture: -3 dB re full scale
FADE_S, STEP_S = 0.01, 0.05  # s: fade at both ends of a sound; grid of places where it can start
SEPARATOR = "; "


def mix_sounds(
    sources: Dataset,
    *,
    clips: int = 600,
    seconds: float = 4.0,
    sound_seconds: float = 2.0,
    number: int | None = None,
    levels: float | Sequence[float] | None = None,
    overlap: float | None = None,
    pools: int = 5,
    seed: int = 0,
    progress: bool = True,
) -> Dataset:
    """Make clips with one to three sounds of different classes at once, from clips of one sound.

    A mixture is exactly the sum of its sounds, see `mixture_parts`. The groups of `sources` are
    dealt to disjoint pools, without chance, and a mixture takes all its sounds from one pool. The
    pool is the mixture's group, so that episodes that are split by group share no source. Each
    parameter is drawn by a random generator of its own: fixing one does not change another, except
    that the number of sounds limits the overlap.

    Parameters
    ----------
    sources : clips with one `label` each; those of one `group` are kept together (default: each is
        a group). Of clips longer than `sound_seconds`, the part with the most energy is used.
    clips : number of mixtures, evenly over the pools.
    seconds, sound_seconds : length of each mixture, and of each sound in it.
    number : of sounds in a mixture; default: drawn, 1 to 3 equally often.
    levels : root mean square of each sound over its own time, dB, relative to one another. A number
        is the level of all sounds but the first one drawn, which has 0; a sequence gives all, in
        the order in which classes are drawn; default: drawn, -12 to 0 dB each.
    overlap : share of a sound during which the next one sounds too, 0 to 1; default: drawn, from
        the least with which the sounds are inside the mixture.
    pools : disjoint sets of sources, each with sounds of every class.
    seed : another seed gives other mixtures, of the same pools.
    progress : show a bar.

    Returns
    -------
    Dataset
        In memory, 16 kHz, without `label`, since a mixture has several: `extract` gives `y` None,
        and `ccsav.clips.corpora.indicator(acts.table["labels"])` is the indicator matrix. Columns:
        path (a name), labels (classes, sorted), group (the pool, from 1), number, sources (paths
        of the sounds), levels (dB), onsets (s), starts (s, of the part used of each source),
        overlap (NaN for one sound), sound_seconds, and scale, the factor by which the sum was
        multiplied so that its peak is -3 dB re full scale: nothing is clipped.

    Raises
    ------
    ValueError : a parameter is impossible, or (`DatasetError`) a source is too short or silent, or
        a class has fewer groups than there are pools.

    Examples
    --------
    >>> tones = [np.sin(0.1 * i * np.arange(8000)) for i in range(1, 9)]
    >>> sources = Dataset.from_arrays(tones, rate=16_000, labels=[*"abcdabcd"])
    >>> fixed = {"number": 2, "levels": -6, "overlap": 0.5, "seconds": 1, "sound_seconds": 0.5}
    >>> mixtures = mix_sounds(sources, clips=2, pools=2, progress=False, **fixed)
    >>> mixtures.table[["labels", "group", "sources", "levels", "onsets"]]
      labels  group         sources     levels        onsets
    0   b; d      1  clip 5; clip 7  0.0; -6.0  0.441; 0.191
    1   a; b      2  clip 4; clip 1  0.0; -6.0  0.083; 0.333
    """
    plan = Plan(seconds, sound_seconds, number, levels, overlap, seed)
    members = _members(sources, pools, plan)
    excerpts = [
        _excerpt(sources, row, sound_seconds)
        for row in tqdm(range(len(sources)), "read", unit=" sounds", disable=not progress)
    ]
    rows, waveforms = [], []
    for i in tqdm(range(clips), "mix", unit=" clips", disable=not progress):
        pool = 1 + i % pools
        row = draw_sounds(members[pool], plan, i)
        used = row.pop("rows")
        row["sources"] = sources.table["path"].iloc[used].astype(str).tolist()
        row["starts"] = [excerpts[k][0] for k in used]
        parts = _placed([excerpts[k][1] for k in used], row["levels"], row["onsets"], seconds)
        scale = PEAK / np.abs(parts.sum(axis=0)).max()
        waveforms.append((scale * parts).sum(axis=0).astype(np.float32))
        rows.append(
            {"path": f"mixture {seed * 1_000_000 + i}", "group": pool}
            | {k: SEPARATOR.join(map(str, x)) if isinstance(x, list) else x for k, x in row.items()}
            | {"sound_seconds": sound_seconds, "scale": scale}
        )
    return Dataset(pd.DataFrame(rows), waveforms=waveforms, rate=RATE)


def mixture_parts(mixtures: Dataset, i: int, sources: Dataset) -> np.ndarray:
    """The sounds of mixture `i` as they are in it, (number, samples), in the order of its labels.

    Their sum, in float32, is the mixture's waveform; without one of them, it is the mixture of the
    others. `sources` is the dataset that `mix_sounds` was given.

    Examples
    --------
    >>> tones = [np.sin(0.1 * i * np.arange(8000)) for i in (1, 2, 3)]
    >>> sources = Dataset.from_arrays(tones, rate=16_000, labels=["low", "mid", "high"])
    >>> options = {"clips": 1, "seconds": 1, "sound_seconds": 0.5, "pools": 1, "progress": False}
    >>> mixtures = mix_sounds(sources, number=2, **options)
    >>> parts = mixture_parts(mixtures, 0, sources)
    >>> parts.shape, np.array_equal(parts.sum(axis=0).astype("float32"), mixtures.waveforms[0])
    ((2, 16000), True)
    """
    row = mixtures.table.iloc[i]
    paths = sources.table["path"].astype(str).tolist()
    used = [paths.index(path) for path in row["sources"].split(SEPARATOR)]
    levels, onsets = (list(map(float, row[k].split(SEPARATOR))) for k in ("levels", "onsets"))
    excerpts = [_excerpt(sources, k, row["sound_seconds"])[1] for k in used]
    return row["scale"] * _placed(excerpts, levels, onsets, mixtures.seconds(i))


def by_class(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """A parameter of each sound in the column of its class, (N, C); NaN where a class is absent.

    Parameters
    ----------
    table : of a dataset of mixtures, or `acts.table`.
    column : levels, onsets, starts or sources.

    Examples
    --------
    >>> table = pd.DataFrame({"labels": ["dog; rain", "rain"], "levels": ["0; -6", "-3"]})
    >>> by_class(table, "levels")
       dog  rain
    0  0.0  -6.0
    1  NaN  -3.0
    """
    pairs = zip(table["labels"], table[column].astype(str), strict=True)
    rows = [
        dict(zip(labels.split(SEPARATOR), values.split(SEPARATOR), strict=True))
        for labels, values in pairs
    ]
    values = pd.DataFrame(rows, index=table.index).sort_index(axis="columns")
    return values if column == "sources" else values.astype(float)


def _members(sources: Dataset, pools: int, plan: Plan) -> dict[int, dict[str, np.ndarray]]:
    """{pool: {class: rows of its sources}}. Raises if the sources cannot be mixed."""
    table = sources.table
    if "label" not in table:
        raise DatasetError("the sources have no column `label`: give clips of one sound each.")
    if plan.number is not None and plan.number > len(sources.labels):
        raise ValueError(f"number={plan.number}: there are only {len(sources.labels)} classes.")
    texts = [str(x) for x in (*sources.labels, *table["path"]) if SEPARATOR in str(x)]
    short = [p for i, p in enumerate(table["path"]) if sources.seconds(i) < plan.sound_seconds]
    problems = count_and_name(texts, f"labels or paths that contain {SEPARATOR!r}")
    problems += count_and_name(short, f"sources shorter than sound_seconds={plan.sound_seconds}")
    if problems:
        raise DatasetError("the sources cannot be mixed: " + "; ".join(problems))
    label = table["label"].to_numpy(str)
    pool = deal_pools(label, table.get("group", table["path"]).to_numpy(str), pools)
    return {
        number: {str(name): np.flatnonzero((pool == number) & (label == name))
                 for name in sources.labels}
        for number in range(1, pools + 1)
    }  # fmt: skip


def _excerpt(sources: Dataset, row: int, seconds: float) -> tuple[float, np.ndarray]:
    """Start in s, and waveform, of the part with the most energy, faded, of root mean square 1."""
    wave = sources.waveform(row, RATE).astype(float)
    length, step = round(seconds * RATE), round(STEP_S * RATE)
    energy = np.cumsum(np.r_[0, wave**2])
    starts = np.arange(0, max(len(wave) - length, 0) + 1, step)
    start = starts[np.argmax(energy[np.minimum(starts + length, len(wave))] - energy[starts])]
    part = wave[start : start + length]
    times = np.minimum(np.arange(len(part)), np.arange(len(part))[::-1]) / (FADE_S * RATE)
    part = part * np.sin(np.pi / 2 * np.minimum(times, 1)) ** 2
    power = np.mean(part**2)
    if not power > 0:
        raise DatasetError(f"{sources.table['path'].iloc[row]}: silent: leave this source out.")
    return float(start / RATE), part / np.sqrt(power)


def _placed(excerpts, levels, onsets, seconds) -> np.ndarray:
    """Each excerpt at its level in dB from its onset in s, (number, samples)."""
    parts = np.zeros((len(excerpts), round(seconds * RATE)))
    for part, wave, level, onset in zip(parts, excerpts, levels, onsets, strict=True):
        first = min(round(onset * RATE), len(part) - len(wave))
        part[first : first + len(wave)] = 10 ** (level / 20) * wave
    return parts
