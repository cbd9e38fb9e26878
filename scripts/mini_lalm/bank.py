"""The bank of training clips: log-mel features, rendered once, each beside a machine-made copy."""

import math
import multiprocessing
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from mini_lalm import clips
from mini_lalm.model import SECONDS

HOP = 160  # samples per mel frame
BUCKETS = (104, 204, 100 * SECONDS)  # mel frames that clips are padded to
DIGIT_VARIANTS, ESC_VARIANTS = 2, 4  # variants of each real recording
PORTION = 250  # clips that one worker renders at a time


def make_bank(extractor, number: int, real: Path | None, seed: int, workers: int) -> dict:
    """Render all clips.

    Parameters
    ----------
    extractor : the model's feature extractor.
    number : procedural clips.
    real : folder with fsdd/ and esc10/, or None.
    seed : of all draws.
    workers : processes that render.

    Returns
    -------
    dict
        By padded length: {frames: (features (N, 2, M, frames), true frames (N,), facts)}.
    """
    bank = {frames: ([], [], []) for frames in BUCKETS}
    work, portions = partial(_features, extractor=extractor), _portions(number, real, seed)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        done = pool.imap(work, portions) if workers > 1 else map(work, portions)
        bar = tqdm(done, total=len(portions), unit=" portions of the bank")
        for frames, *clip in (clip for portion in bar for clip in portion):
            for column, value in zip(bank[frames], clip, strict=True):
                column.append(value)
    return {f: (np.stack(x), np.array(n), facts) for f, (x, n, facts) in bank.items() if facts}


def _portions(number, real, seed) -> list:
    """What to render: functions that make clips, each with its arguments."""
    seeds = [[seed, k] for k in range(math.ceil(number / PORTION))]
    portions = [(clips.procedural, each, min(PORTION, number)) for each in seeds]
    if real:
        portions.insert(0, (clips.spoken_digits, real / "fsdd", seed, DIGIT_VARIANTS))
        portions.insert(0, (clips.environment, real / "esc10", seed, ESC_VARIANTS))
    return portions


def _features(portion, extractor) -> list:
    """Clips with copies: (padded frames, features (2, M, F), true frames, facts) of each."""
    make, *arguments = portion
    made = []
    for number, (wave, facts) in enumerate(make(*arguments)):
        mel = min(math.ceil(len(wave) / HOP), BUCKETS[-1])
        frames = next((b for b in BUCKETS if mel + 4 <= b), BUCKETS[-1])
        features = extractor(
            [w[: HOP * frames] for w in (wave, clips.copied(wave, number))],
            sampling_rate=clips.RATE, max_length=HOP * frames, padding="max_length",
            return_tensors="np",
        )["input_features"]  # fmt: skip
        made.append((frames, features.astype(np.float16), mel, facts))
    return made
