"""Arguments of python -m ccsav_lab.paper."""

import argparse
from pathlib import Path

from ccsav.clips.corpora import NAMED
from ccsav.lalm.model import MODALITIES

from .miniature import WRITERS

EVERY = "every"  # modality that the model takes


def command_parser(description: str) -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(prog="ccsav_lab.paper", description=description)
    _add_model(parser.add_argument)
    _add_data(parser.add_argument)
    _add_lists(parser.add_argument_group("the authors' released lists").add_argument)
    _add_protocol(parser.add_argument_group("what is measured").add_argument)
    return parser


def _add_model(add):
    add("--model", default="mini", help="mini, mini-omni, a folder, or a hub name")
    add("--window", type=float, help="length of the encoder's input, in seconds")
    add("--batch-size", type=int, default=16, help="clips per forward pass")
    add("--device-map", help="auto: distribute the model over all GPUs")
    add("--revision", help="of the model, on the hub")
    add("--out", type=Path, help="default: results/<data>-<model>-<modality>")
    add("--cache", type=Path, default=Path(".cache/heads"), help="folder for head vectors")


def _add_data(add):
    add("--data", help=f"{', '.join(NAMED)}, or any other name of `load_dataset`")
    add("--folder", type=Path, help="folder of the dataset, or of the recordings of --split")
    add(
        "--miniature",
        action="store_true",
        help=f"write a miniature of {' or '.join(WRITERS)} into the folder (default: "
        ".cache/paper/<data>) and use it; with vggsound's, whose classes mini-omni has no words "
        "for, give --no-zero-shot. With --split: of the released lists of --data",
    )
    add("--truncate", action="store_true", help="use the beginning of clips that are too long")


def _add_lists(add):
    add("--split", type=Path, help="folder of the lists of one dataset: run them as they are")
    for part in ("train", "val", "test"):
        add(f"--{part}", help=f"name of the list for {part}, where the folder has several")
    add("--allow-missing", action="store_true", help="leave out questions without a recording")


def _add_protocol(add):
    add("--question", help="about every clip (default: the model's own)")
    add(
        "--modality",
        default="audio",
        choices=(*MODALITIES, EVERY),
        help=f"{EVERY}: all that the model takes, side by side in one table",
    )
    add("--shots", type=int, default=5, help="support clips per class, or as --per says")
    add(
        "--per",
        choices=("class", "source"),
        help="source: the shots are of each attack and each bona fide speaker (default for "
        "asvspoof2019)",
    )
    add("--episodes", type=int, default=5, help="for each test part")
    add("--limit", type=int, help="test clips, or questions, per class (default: all)")
    add("--no-zero-shot", action="store_true", help="leave out zero-shot rows")
    add("--audit", action="store_true", help="also measure what the numbers depend on")
    add("--seed", type=int, default=0, help="of all draws")
