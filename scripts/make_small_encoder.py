"""Make the small LALM's encoder from Whisper tiny.en's: a window of 8 s, all or fewer layers.

python scripts/make_small_encoder.py --whisper ../shared/real/whisper-tiny.en

Writes encoder.safetensors, and into config.json the number of layers and of positions.
"""

import argparse
import json
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ccsav.disk.writing import write_whole
from ccsav.lalm.loading import SMALL_PARTS

PREFIX = "model.encoder."  # of the encoder's weights in Whisper's file


def cut_encoder(weights: dict, layers: int, positions: int) -> dict[str, torch.Tensor]:
    """The weights of the first layers and positions, in float16, by their names in the encoder."""
    own = {k.removeprefix(PREFIX): w for k, w in weights.items() if k.startswith(PREFIX)}
    number = {name: re.match(r"layers\.(\d+)\.", name) for name in own}
    kept = {name: w for name, w in own.items() if not number[name] or int(number[name][1]) < layers}
    kept["embed_positions.weight"] = kept["embed_positions.weight"][:positions]
    return {name: w.half().contiguous() for name, w in kept.items()}


def main() -> None:
    """Read the command line, cut the encoder, write it and the settings that follow from it."""
    parser = argparse.ArgumentParser(description="Make the small LALM's encoder.")
    parser.add_argument("--whisper", type=Path, required=True, help="folder of whisper-tiny.en")
    parser.add_argument("--layers", type=int, default=4, help="how many of the first are kept")
    parser.add_argument("--parts", type=Path, default=SMALL_PARTS, help="folder with config.json")
    options = parser.parse_args()
    file = options.parts / "config.json"
    config = json.loads(file.read_text("utf-8"))
    extractor = json.loads((options.parts / "preprocessor_config.json").read_text("utf-8"))
    frames = extractor["chunk_length"] * extractor["sampling_rate"] // extractor["hop_length"]
    config["audio_config"] |= {
        "encoder_layers": options.layers,
        "max_source_positions": frames // 2,  # the second convolution steps by two
    }
    encoder = cut_encoder(
        load_file(options.whisper / "model.safetensors"), options.layers, frames // 2
    )
    write_whole(options.parts / "encoder.safetensors", lambda path: save_file(encoder, path))
    text = json.dumps(config, indent=2) + "\n"
    write_whole(file, lambda path: path.write_text(text, "utf-8"))


if __name__ == "__main__":
    main()
