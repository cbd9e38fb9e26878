"""Adapters (LoRA) that come with a model and belong to it whenever it is given sound."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers.utils import cached_file

UNSUPPORTED = ("use_dora", "alpha_pattern", "rank_pattern", "modules_to_save", "lora_bias")


def merge_adapter(model, name_or_path, subfolder: str = "", revision: str | None = None) -> int:
    """Add an adapter of the decoder's layers to their weights; returns how many weights changed.

    Without peft, transformers leaves such an adapter out, with a warning at most. Raises `OSError`
    if there is none, `ValueError` if it is of an unsupported kind.
    """
    files = ("adapter_config.json", "adapter_model.safetensors")
    paths = [
        cached_file(name_or_path, file, subfolder=subfolder, revision=revision) for file in files
    ]
    config, weights = json.loads(Path(paths[0]).read_text()), load_file(paths[1])
    kind, bias = config.get("peft_type"), config.get("bias", "none")
    if kind != "LORA" or bias != "none" or any(config.get(key) for key in UNSUPPORTED):
        raise ValueError(f"{name_or_path}: its adapter is of an unsupported kind: {config}.")
    rank = config["r"] ** 0.5 if config.get("use_rslora") else config["r"]
    ups = [key for key in weights if ".lora_B." in key]
    if not ups or 2 * len(ups) != len(weights):
        raise ValueError(f"{name_or_path}: the adapter's weights do not come in pairs.")
    layers = model.get_decoder().layers
    with torch.no_grad():
        for key in ups:
            path = key.partition(".layers.")[2].partition(".lora_B.")[0]  # 0.self_attn.q_proj
            weight = layers.get_submodule(path).weight
            up, down = weights[key], weights[key.replace(".lora_B.", ".lora_A.")]
            product = up.to(weight.device).float() @ down.to(weight.device).float()
            weight.copy_(weight.float() + config["lora_alpha"] / rank * product)
    return len(ups)
