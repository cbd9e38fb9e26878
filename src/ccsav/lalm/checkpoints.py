"""A model's weights as bytes: in a local folder or on the hub, in memory, and as a fingerprint."""

import hashlib
import json
import os
import sys
from pathlib import Path

import huggingface_hub
import torch
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import HTTPError, NotASafetensorsRepoError, OfflineModeIsEnabled
from torch import nn

GB = 1e9  # bytes
LARGE_DOWNLOAD = 0.5 * GB  # smaller downloads are not announced
PART_FILES = (
    "config.json", "preprocessor_config.json", "chat_template.jinja", "encoder.safetensors",
    "trained.safetensors",
)  # fmt: skip


def check_memory(name: str | Path, dtype: torch.dtype, device, unused=(), revision=None) -> None:
    """Print the size of a large download; raise `MemoryError` for weights larger than the memory.

    Parameters
    ----------
    name, revision : of a model on the hub; or its folder
    device : where the weights go, in `dtype`; None: spread over several devices, never refused
    unused : beginnings of the names of weights that are not loaded
    """
    folder = Path(name) if Path(name).is_dir() else cached_folder(name, revision)
    try:
        if folder is not None:
            metadata = huggingface_hub.get_local_safetensors_metadata(folder)
        else:
            metadata = huggingface_hub.get_safetensors_metadata(name, revision=revision)
    except (HTTPError, NotASafetensorsRepoError, OfflineModeIsEnabled):
        return  # loading the model reports what is missing
    tensors = {
        key: x for file in metadata.files_metadata.values() for key, x in file.tensors.items()
    }
    on_disk = sum(x.data_offsets[1] - x.data_offsets[0] for x in tensors.values())
    loaded = [x for key, x in tensors.items() if not key.startswith(tuple(unused))]
    needed = dtype.itemsize * sum(x.parameter_count for x in loaded)
    in_memory = f"{needed / GB:.1f} GB in {str(dtype).removeprefix('torch.')}"
    if folder is None and on_disk > LARGE_DOWNLOAD:
        download = f"{on_disk / GB:.1f} GB to {HF_HUB_CACHE}"
        print(f"{name}: downloading {download}; in memory it takes {in_memory}.", file=sys.stderr)
    memory = None if device is None else memory_size(torch.device(device))
    if memory is not None and needed > memory:
        raise MemoryError(
            f"{name}: the weights take {in_memory}, but {device} has {memory / GB:.1f} GB. Choose "
            "dtype='bfloat16', another device, or device_map='auto' to use several GPUs."
        )


def memory_size(device: torch.device) -> int | None:
    """Bytes that a device can hold: free ones of a GPU, all of the machine's; None: not known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "cpu" and hasattr(os, "sysconf"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def cached_folder(name: str, revision: str | None = None) -> Path | None:
    """The folder in the local cache that holds all weights of a model on the hub, or None."""
    find = huggingface_hub.try_to_load_from_cache
    single = find(name, "model.safetensors", revision=revision)
    if isinstance(single, str):
        return Path(single).parent
    index = find(name, "model.safetensors.index.json", revision=revision)
    if not isinstance(index, str):
        return None
    shards = set(json.loads(Path(index).read_text("utf-8"))["weight_map"].values())
    folder = Path(index).parent
    return folder if all((folder / shard).is_file() for shard in shards) else None


def model_fingerprint(model: nn.Module, processor) -> str:
    """Hash of weights, settings, tokenizer and templates; the same in any folder and device."""
    digest = hashlib.sha256()
    for name, weight in model.state_dict().items():
        digest.update(f"{name}{tuple(weight.shape)}".encode())
        for dim in (0, -1) if weight.ndim else ((),):  # rows, then columns
            digest.update(torch.hash_tensor(weight, dim=dim).cpu().numpy().tobytes())
    settings = [x.to_dict() for x in (model.config, model.generation_config)]
    for name in ("_name_or_path", "transformers_version", "dtype", "torch_dtype"):
        for local in settings:
            local.pop(name, None)
    own = {k: x for k, x in vars(processor).items() if isinstance(x, str | int | float | dict)}
    tokenizer, writer = processor.tokenizer, getattr(processor.tokenizer, "backend_tokenizer", None)
    written = json.loads(writer.to_str()) if writer else tokenizer.get_vocab()
    for changing in ("padding", "truncation"):  # with each call
        written.pop(changing, None)
    settings += [processor.feature_extractor.to_dict(), own, written, tokenizer.special_tokens_map]
    settings.append(getattr(tokenizer, "chat_template", None))
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def parts_digest(parts: Path) -> str:
    """SHA-256 of the files that the small LALM is made from; `OSError` if one is not there."""
    if missing := [name for name in PART_FILES if not (parts / name).is_file()]:
        raise OSError(
            f"{parts} has no {', '.join(missing)}: the parts of the small LALM come with a clone "
            "of the repository."
        )
    digest = hashlib.sha256()
    for name in PART_FILES:
        digest.update((parts / name).read_bytes())
    return digest.hexdigest()
