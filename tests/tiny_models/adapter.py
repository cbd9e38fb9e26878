"""Save an adapter (LoRA) beside a small model, as `peft` writes it."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

RANK, ALPHA = 4, 3


def save_adapter(folder: Path, layers, prefix: str, names, targets) -> None:
    """Write random changes of the projections called `names` in the decoder's layers."""
    weights, generator = {}, torch.Generator().manual_seed(2)
    for path, module in layers.named_modules():
        if path.rpartition(".")[2] in names:
            out, width = module.weight.shape
            for side, shape in (("A", (RANK, width)), ("B", (out, RANK))):
                values = 0.2 * torch.randn(shape, generator=generator)
                weights[f"base_model.model.{prefix}.layers.{path}.lora_{side}.weight"] = values
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none"}
    config |= {"target_modules": targets, "base_model_name_or_path": str(folder)}
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps(config))
