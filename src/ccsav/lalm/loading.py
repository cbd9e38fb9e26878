"""Load a model by name or folder, whatever its family."""

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path

import torch

from ccsav.lalm import checkpoints
from ccsav.lalm.batch_inputs import MARGIN
from ccsav.lalm.families import (
    check_complete,
    check_folder,
    find_family,
    limited_time,
    named_errors,
)
from ccsav.lalm.heads import find_heads
from ccsav.lalm.model import LALM

_CLONE = Path(__file__).resolve().parents[3]
MINI, OMNI = _CLONE / "data" / "mini-lalm", _CLONE / "data" / "mini-omni"
SMALL, SMALL_PARTS = _CLONE / ".cache" / "small-lalm", _CLONE / "data" / "small-lalm"
MADE_FROM = "made_from.json"  # beside the small model: what it was made from


def load_lalm(
    name_or_path: str | Path,
    device: str = "auto",
    dtype: str | torch.dtype = "auto",
    *,
    window: float | None = None,
    device_map: str | dict | None = None,
    max_pixels: int | None = None,
    revision: str | None = None,
) -> LALM:
    """Load a frozen audio-language model with its processor and its table of heads.

    Only safetensors weights are read, and no code that comes with a model is run. The size of a
    large download is printed before it starts.

    Parameters
    ----------
    name_or_path : "mini", or "mini-omni", which also sees, the models in this repository; "small",
        which `make small` makes; a folder, as `save_pretrained` writes it; or a name on the Hugging
        Face hub, downloaded unless it is in the local cache
    device : "auto" (a GPU if there is one, else the CPU), or a torch device
    dtype : "auto" (bfloat16 on a GPU, float32 on the CPU), "fast" (bfloat16 also on a CPU that
        computes in it, see docs/benchmarks.md), or a torch dtype or its name
    window : seconds of audio that the encoder takes, fewer cost less; default: the model's own.
        Where the encoder does not mask padding (Whisper), head vectors depend on it
    device_map : in place of `device`, as in `from_pretrained`: "auto" spreads the layers over all
        GPUs, a dict assigns them; needs the package accelerate
    max_pixels : most pixels in a frame of a video, fewer cost less; default: the model's own
    revision : branch, tag or commit on the hub; default: its main branch

    Raises
    ------
    ValueError : for a model of an unsupported family
    OSError : if there is no such model, a file of it is damaged or missing, or "small" was made
        from other parts than there are now
    MemoryError : if its weights are larger than the memory

    Examples
    --------
    >>> import ccsav
    >>> ccsav.load_lalm("mini").heads.groupby("kind").size().to_dict()
    {'decoder': 48, 'encoder': 24}
    """
    name, named = str(name_or_path), {"mini": MINI, "mini-omni": OMNI, "small": SMALL}
    if name_or_path in named:  # text: a `Path` is always a path
        if Path(name).exists():
            raise ValueError(
                f"{name}: the name of a model, and also a path here. Give './{name}' for the path, "
                "or change the working directory for the model."
            )
        name_or_path = named[name]
    if device_map and device != "auto":
        raise ValueError("give device or device_map, not both.")
    _check_folder(name_or_path)
    family = find_family(name_or_path, revision)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = _number_format(dtype, device)
    one_device = None if device_map else device
    with named_errors(name_or_path):
        check_complete(Path(name_or_path))
        checkpoints.check_memory(name_or_path, dtype, one_device, family.unused, revision)
        model = family.load_model(name_or_path, dtype, device_map, revision)
        model = (model if device_map else model.to(device)).eval().requires_grad_(False)
        processor = family.load_processor(name_or_path, revision)
        heads, rate = find_heads(model, family.sites), processor.feature_extractor.sampling_rate
        longest = family.window or processor.feature_extractor.n_samples / rate
        name = f"{name}@{revision}" if revision else name
        lalm = LALM(name, model, processor, family, heads, rate, longest, max_pixels)
        with limited_time():  # a template can be missing, damaged, or loop
            lalm.prompt()
    return replace(lalm, window=_window(window, longest, rate))


def _check_folder(name_or_path):
    """Raise `OSError` for what can only be a folder of this machine, but is none of a model."""
    name, folder = str(name_or_path), Path(name_or_path)
    local = isinstance(name_or_path, Path) or folder.is_dir()
    local = local or name.startswith((".", "/", "~")) or name.count("/") > 1
    if local and not (folder / "config.json").is_file():
        hint = "It comes with a clone of the repository: pip install --editable that."
        hint = hint if folder in (MINI, OMNI) else "A folder with a config.json is expected."
        hint = "Make it in a clone of the repository: make small." if folder == SMALL else hint
        raise OSError(f"{name}: no model here. {hint}")
    if local:
        check_folder(folder)
    if folder == SMALL:
        note = folder / MADE_FROM
        made_from = json.loads(note.read_text("utf-8")) if note.is_file() else {}
        if made_from.get("parts") != checkpoints.parts_digest(SMALL_PARTS):
            raise OSError(
                f"{name}: this model was made from other parts than those that are now in "
                f"{SMALL_PARTS}. Make it again: make small."
            )


def _number_format(dtype, device):
    """The torch dtype; `ValueError` for one that no model computes in, or an unknown device."""
    try:
        kind, able = torch.device(device).type, torch.cpu.get_capabilities()
    except RuntimeError as error:
        raise ValueError(f"device={device!r}: {str(error).splitlines()[0]}.") from error
    if dtype in ("auto", "fast"):
        native = dtype == "fast" and (able.get("avx512_bf16") or able.get("bf16"))
        return torch.bfloat16 if kind == "cuda" or (kind == "cpu" and native) else torch.float32
    given, dtype = dtype, getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError(f"dtype={given!r}: choose auto, fast, float32, bfloat16 or float16.")
    return dtype


def _window(seconds, longest, rate):
    """The window in seconds, rounded up to whole encoder frames; raises if it is out of range."""
    if seconds is None:
        return longest
    if not 0 < seconds <= longest:
        raise ValueError(f"window={seconds}: choose more than 0 and at most {longest:g} seconds.")
    samples = math.ceil(round(seconds * rate) / MARGIN) * MARGIN
    if samples > seconds * rate:
        warnings.warn(f"the window was rounded up to {samples / rate:g} s.", stacklevel=3)
    return min(samples / rate, longest)
