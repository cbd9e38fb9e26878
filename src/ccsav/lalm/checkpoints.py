"""What a model's weights weigh: on their way from the hub, and in memory."""

import json
import os
import sys
from pathlib import Path

import huggingface_hub
import torch
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import HTTPError, NotASafetensorsRepoError, OfflineModeIsEnabled

GB = 1e9  # bytes
WORTH_SAYING = 0.5 * GB  # smaller downloads need no announcement


def check_memory(
    name: str,
    folder: Path | None,
    dtype: torch.dtype,
    device,
    unused=(),
    revision: str | None = None,
) -> None:
    """Say what is about to be downloaded, and refuse weights that the memory cannot hold.

    name: of the model on the hub; folder: where it lies, None: on the hub alone. dtype: format in
    memory. device: where to; None: spread over several, nothing is refused. unused: beginnings of
    the names of weights that are not loaded. revision: on the hub.

    Raises `MemoryError`, with both numbers and the ways out.
    """
    try:
        if folder is not None:
            files = huggingface_hub.get_local_safetensors_metadata(folder).files_metadata
        else:
            files = huggingface_hub.get_safetensors_metadata(name, revision=revision).files_metadata
    except (HTTPError, NotASafetensorsRepoError, OfflineModeIsEnabled):
        return  # loading will say what is missing
    tensors = {key: x for file in files.values() for key, x in file.tensors.items()}
    on_disk = sum(x.data_offsets[1] - x.data_offsets[0] for x in tensors.values())
    loaded = [x for key, x in tensors.items() if not key.startswith(tuple(unused))]
    needed = dtype.itemsize * sum(x.parameter_count for x in loaded)
    takes = f"{needed / GB:.1f} GB in {str(dtype).removeprefix('torch.')}"
    if folder is None and on_disk > WORTH_SAYING:
        size = f"{on_disk / GB:.1f} GB to {HF_HUB_CACHE}"
        print(f"{name}: downloading {size}; in memory it takes {takes}.", file=sys.stderr)
    memory = None if device is None else available(torch.device(device))
    if memory is not None and needed > memory:
        raise MemoryError(
            f"{name}: the weights take {takes}, but {device} has {memory / GB:.1f} GB. Choose "
            "dtype='bfloat16', another device, or device_map='auto' to use several GPUs."
        )


def available(device: torch.device) -> int | None:
    """Bytes that a device can hold: free ones of a GPU, all of the machine's; None: not known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "cpu" and hasattr(os, "sysconf"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def cached(name: str, revision: str | None = None) -> Path | None:
    """The folder in the local cache that holds a hub model's weights, all of them; else None."""
    whole = huggingface_hub.try_to_load_from_cache(name, "model.safetensors", revision=revision)
    if isinstance(whole, str):
        return Path(whole).parent
    index = huggingface_hub.try_to_load_from_cache(
        name, "model.safetensors.index.json", revision=revision
    )
    if not isinstance(index, str):
        return None
    shards = set(json.loads(Path(index).read_text("utf-8"))["weight_map"].values())
    folder = Path(index).parent
    return folder if all((folder / shard).is_file() for shard in shards) else None
