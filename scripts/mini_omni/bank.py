"""The bank of training clips, rendered once: log-mel features, frames, and facts of each."""

import json
import math
import multiprocessing
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ccsav.disk.writing import write_whole
from ccsav_lab import videos
from mini_omni.model import FPS, SECONDS, SIZE, extractor

RATE = 16_000  # Hz
TRAINED = videos.CLASSES.index[~videos.CLASSES["held_out"]].tolist()
PORTION = 250  # clips that one worker renders at a time
COLUMNS = ("mel", "frames", "activity", "places")


def kept_bank(folder: Path, number: int, seed: int, workers: int) -> dict:
    """The bank of an earlier call with the same folder, or else one that is made and kept there."""
    file = folder / "facts.json"
    made_as = {"clips": number, "seed": seed}
    if not file.exists():
        bank = make_bank(number, seed, workers)
        folder.mkdir(parents=True, exist_ok=True)
        for name in COLUMNS:
            np.save(folder / f"{name}.npy", bank[name], allow_pickle=False)
        text = json.dumps(made_as | {"facts": bank["facts"]})
        write_whole(file, lambda path: path.write_text(text, "utf-8"))
    kept = json.loads(file.read_text("utf-8"))
    if made_as != {name: kept[name] for name in made_as}:
        raise ValueError(f"{folder}: a bank of other clips or another seed; remove it.")
    bank = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in COLUMNS}
    return bank | {"facts": kept["facts"]}


def make_bank(number: int, seed: int, workers: int) -> dict:
    """Render `number` clips of the trained classes under random conditions.

    Returns
    -------
    dict
        mel (N, M, 100·SECONDS) float16; frames (N, T, H, W, 3) uint8; activity (N, T); places
        (N, T, 4), the object's x, y, radius and light; facts.
    """
    portions = [(seed, k, min(PORTION, number)) for k in range(math.ceil(number / PORTION))]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        work = partial(_portion, mels=extractor())
        done = pool.imap(work, portions) if workers > 1 else map(work, portions)
        parts = list(tqdm(done, total=len(portions), unit=" portions of the bank"))
    bank = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    return bank | {"facts": [facts for part in parts for facts in part["facts"]]}


def random_clip(rng: np.random.Generator, names=TRAINED) -> videos.Video:
    """One clip of a random class under random conditions, as the model takes it."""
    name, seed = names[rng.integers(len(names))], int(rng.integers(2**31))
    return videos.render_video(name, seed, seconds=SECONDS, size=SIZE, fps=FPS, rate=RATE)


def facts_of(video: videos.Video) -> dict:
    """What is asked about a clip."""
    keys = ("sound", "motion", "colour", "shape", "events")
    known = {key: video.parameters[key] for key in keys if key in video.parameters}
    return {"name": video.name, "fits": True} | known


def places_of(state: videos.State, frames: int) -> np.ndarray:
    """Where an object is in each frame, how large, and how bright, (T, 4), float32."""
    values = (state.x, state.y, state.radius, state.light)
    return np.stack([np.broadcast_to(x, frames) for x in values], axis=1).astype(np.float32)


def _portion(portion, mels) -> dict:
    """Render one portion of the bank."""
    seed, k, number = portion
    rng = np.random.default_rng([seed, k])
    clips = [random_clip(rng) for _ in range(number)]
    waves = [clip.waveform for clip in clips]
    features = mels(waves, sampling_rate=RATE, return_tensors="np")["input_features"]
    return {
        "mel": features.astype(np.float16),
        "frames": np.stack([clip.frames for clip in clips]),
        "activity": np.stack([clip.activity for clip in clips]),
        "places": np.stack([places_of(clip.state, len(clip.frames)) for clip in clips]),
        "facts": [facts_of(clip) for clip in clips],
    }
