"""Speed of extraction, of a plain loop, and of the bare forward pass, in one run.

The plain loop does what the published code does for each clip: one clip at a time, hooks that store
the input and output of every projection, logits over the whole vocabulary. The bare pass runs the
same layers on the same batches, without hooks, and stores nothing. Its inputs are prepared before
the timing starts ("forward"), or read from disk and prepared within it ("end to end", as in the
others). nnsight traces the inputs of the same projections, "end to end" too, where it is installed
(pip install nnsight==0.8.0); it is no dependency of this project. On a GPU there is also a model
of the shape of Qwen2-Audio-7B, with random weights.

    python -m benchmarks.extraction [--model FOLDER] [--clips N] [--rounds N] [--device cuda]
"""

import argparse
import importlib.util
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import torch
from tests import tiny_models

import ccsav
from benchmarks.machine import keep
from ccsav.lalm.families import shortened_encoder

CLIPS, SECONDS, ROUNDS = 48, 3.5, 5
SMALL = {"hidden": 256, "layers": 6, "heads": 8, "head_dim": 32}
SMALL |= {"audio_width": 192, "audio_layers": 4}
LARGE = {"hidden": 4096, "layers": 32, "heads": 32, "head_dim": 128}
LARGE |= {"audio_width": 1280, "audio_layers": 32}


def plain_loop(lalm, dataset):
    """One clip after the other, with all inputs and outputs stored: (N, K, D)."""
    modules = {m: lalm.model.get_submodule(m) for m in lalm.select()["module"].unique()}
    dims = lalm.select().groupby("module")["dim"].first()
    rows, kept, hooks = [], {}, []
    for name, module in modules.items():

        def hook(_, inputs, output, name=name):
            kept[name] = (inputs[0].clone(), output.clone())

        hooks.append(module.register_forward_hook(hook))
    for i in range(len(dataset)):
        wave = dataset.waveform(i, lalm.rate)
        samples = round(lalm.window * lalm.rate)
        inputs, _ = lalm.family.inputs(lalm, [wave], [lalm.prompt()], samples)
        with torch.no_grad(), window(lalm, inputs):
            lalm.model(**_on_device(lalm, inputs))
        vectors = [kept[name][0][:, -1].view(-1, dims[name]) for name in modules]
        rows.append(torch.cat(vectors).float().cpu().numpy().astype(np.float16))
    for handle in hooks:
        handle.remove()
    return np.stack(rows)


def window(lalm, inputs):
    """A context in which the encoder takes inputs shorter than its window."""
    frames = inputs["input_features"].shape[-1] // 2
    encoder = lalm.model.get_submodule(lalm.family.encoder)
    full = frames == encoder.config.max_source_positions
    return nullcontext() if full else shortened_encoder(encoder, frames)


def prepared(lalm, dataset, batch_size):
    """The inputs of each batch, as `extract` makes them."""
    for start in range(0, len(dataset), batch_size):
        clips = range(start, min(start + batch_size, len(dataset)))
        waves = [dataset.waveform(i, lalm.rate) for i in clips]
        yield lalm.inputs(waves, [lalm.prompt()] * len(waves))[0]


def bare(lalm, batches):
    """The forward pass of the same layers; nothing is stored."""
    for inputs in batches:
        with torch.inference_mode(), window(lalm, inputs):
            lalm.model.base_model(**_on_device(lalm, inputs), use_cache=False)


def traced(lalm, batches):
    """The same head vectors by nnsight, (N, K D)."""
    from nnsight import NNsight

    inner = lalm.model.base_model
    prefix = next(name for name, module in lalm.model.named_modules() if module is inner)
    wanted = lalm.select()["module"].unique().tolist()
    run = [name for name, _ in lalm.model.named_modules() if name in wanted]  # as they run
    names = [name.removeprefix(f"{prefix}.").split(".") for name in run]
    order = [run.index(name) for name in wanted]
    model, rows = NNsight(inner), []
    for inputs in batches:
        with window(lalm, inputs), torch.inference_mode():
            with model.trace(**_on_device(lalm, inputs), use_cache=False):
                kept = list().save()
                for name in names:
                    kept.append(_submodule(model, name).input[:, -1])
            rows.append(torch.cat([kept[i].float().cpu() for i in order], dim=1).numpy())
    return np.concatenate(rows).astype(np.float16)


def _on_device(lalm, inputs):
    """Inputs where the model is, in its precision."""
    moved = {name: x.to(lalm.device) for name, x in inputs.items()}
    return {name: x.to(lalm.dtype) if x.is_floating_point() else x for name, x in moved.items()}


def _submodule(model, name):
    """A module of a traced model, by the parts of its path."""
    for part in name:
        model = model[int(part)] if part.isdigit() else getattr(model, part)
    return model


def seconds(job):
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare(name, lalm, dataset, batch_size, rounds, loop_lalm=None):
    """Time all jobs in turn, for several rounds; medians of the ratios within a round.

    loop_lalm: the model of the loop, if it is another one (with another window).
    """
    looped = loop_lalm or lalm
    ready = list(prepared(lalm, dataset, batch_size))
    jobs = {
        "loop": lambda: plain_loop(looped, dataset),
        "extract": lambda: ccsav.extract(lalm, dataset, batch_size=batch_size, progress=False),
        "forward": lambda: bare(lalm, ready),
        "end to end": lambda: bare(lalm, prepared(lalm, dataset, batch_size)),
    }
    two = dataset.subset([0, 1])
    ours = ccsav.extract(lalm, two, progress=False).X.astype(np.float32)
    theirs = plain_loop(lalm, two).astype(np.float32)
    np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-2)  # the same head vectors
    if importlib.util.find_spec("nnsight"):
        theirs = traced(lalm, prepared(lalm, two, 2)).reshape(ours.shape).astype(np.float32)
        np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-2)
        jobs["nnsight"] = lambda: traced(lalm, prepared(lalm, dataset, batch_size))
    else:
        print("nnsight is not installed: measured without it")
    jobs["forward"]()
    times = pd.DataFrame([{key: seconds(job) for key, job in jobs.items()} for _ in range(rounds)])
    ratio = times.div(times["extract"], axis=0).median()
    return {
        "model": name,
        "parameters_m": round(sum(p.numel() for p in lalm.model.parameters()) / 1e6, 1),
        "window_s": lalm.window,
        "window_of_loop_s": looped.window,
        "clip_s": SECONDS,
        "batch_size": batch_size,
        "clips_per_s": round(float(len(dataset) / times["extract"].median()), 1),
        "times_faster_than_loop": round(float(ratio["loop"]), 2),
        "times_faster_than_published": round(float(20 * ratio["loop"]), 1),
        "speed_of_bare_forward": round(float(ratio["forward"]), 2),
        "speed_of_bare_end_to_end": round(float(ratio["end to end"]), 2),
        "times_faster_than_nnsight": round(float(ratio["nnsight"]), 2)
        if "nnsight" in ratio
        else None,
        "device": str(lalm.device),
    }


def write_clips(folder, number):
    """A dataset of random clips, as WAV files."""
    rng = np.random.default_rng(0)
    waves = rng.normal(0, 0.1, (number, round(SECONDS * 16_000))).astype(np.float32)
    for i, wave in enumerate(waves):
        soundfile.write(f"{folder}/{i}.wav", wave, 16_000)
    return ccsav.Dataset(pd.DataFrame({"path": [f"{i}.wav" for i in range(number)]}), folder)


def random_model(folder, window_s, device, sizes=SMALL):
    """A Qwen2-Audio with random parameters."""
    model = tiny_models.qwen2_audio(
        Path(folder) / f"qwen{window_s}-{sizes['layers']}", seconds=window_s, **sizes
    )
    return ccsav.load_lalm(model, device=device)


def cases(folder, clips, real_model, device):
    """What to measure: name, model, dataset, batch size, and the model of the loop."""
    dataset = write_clips(folder, clips)
    for window_s in (4, 30):
        yield "Qwen2-Audio class", random_model(folder, window_s, device), dataset, 16, None
    if device != "cpu":
        yield "shape of Qwen2-Audio-7B", random_model(folder, 30, device, LARGE), dataset, 16, None
    if Path(".cache/small-lalm/config.json").is_file():
        yield "small", ccsav.load_lalm("small", device=device), dataset, 16, None
    if not real_model.is_dir():
        print(f"{real_model} is not a folder: measured without it")
        return
    whole = ccsav.load_lalm(real_model, device=device)
    short = ccsav.load_lalm(real_model, device=device, window=4)
    half = dataset.subset(range(clips // 2))
    for lalm, batch_size, looped in ((whole, 1, whole), (short, 8, short), (short, 8, whole)):
        yield real_model.name, lalm, half, batch_size, looped


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=Path("../shared/real/whisper-tiny.en"))
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        measured = cases(folder, options.clips, options.model, options.device)
        for name, lalm, dataset, batch_size, looped in measured:
            rows.append(compare(name, lalm, dataset, batch_size, options.rounds, looped))
            print(rows[-1], flush=True)
    keep("extraction" if options.device == "cpu" else f"extraction on {options.device}", rows)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
