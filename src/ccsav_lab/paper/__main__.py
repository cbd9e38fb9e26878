"""python -m ccsav_lab.paper --model … --data … --folder …: the paper's table on a local copy."""

import argparse
from pathlib import Path

from ccsav.clips.corpora import NAMED
from ccsav.clips.dataset import Dataset
from ccsav.extraction.store import write_whole
from ccsav.lalm.loading import load_lalm
from ccsav.lalm.model import LALM, MODALITIES

from .markdown import senses_to_markdown, to_markdown
from .miniature import WRITERS, is_miniature
from .protocol import caution, plan
from .senses import fill_each_modality
from .steps import fill_table

EVERY = "every"  # modality that the model takes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ccsav_lab.paper", description=main.__doc__)
    parser.add_argument("--model", default="mini", help="mini, mini-omni, a folder, or a hub name")
    parser.add_argument("--data", required=True, help=f"one of {', '.join(NAMED)}")
    parser.add_argument("--folder", type=Path, help="folder of the dataset")
    parser.add_argument(
        "--miniature",
        action="store_true",
        help=f"write a miniature of {' or '.join(WRITERS)} into the folder (default: "
        ".cache/paper/<data>) and use it; with vggsound's, whose classes mini-omni has no words "
        "for, give --no-zero-shot",
    )
    parser.add_argument("--out", type=Path, help="default: results/<data>-<model>-<modality>")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/heads"), help="folder for head vectors"
    )
    parser.add_argument("--question", help="about every clip (default: the model's own)")
    parser.add_argument(
        "--modality",
        default="audio",
        choices=(*MODALITIES, EVERY),
        help=f"{EVERY}: all that the model takes, side by side in one table",
    )
    parser.add_argument("--shots", type=int, default=5, help="support clips per class")
    parser.add_argument("--episodes", type=int, default=5, help="for each test part")
    parser.add_argument("--limit", type=int, help="test clips per class (default: all)")
    parser.add_argument("--window", type=float, help="length of the encoder's input, in seconds")
    parser.add_argument("--batch-size", type=int, default=16, help="clips per forward pass")
    parser.add_argument("--device-map", help="auto: distribute the model over all GPUs")
    parser.add_argument("--revision", help="of the model, on the hub")
    parser.add_argument("--no-zero-shot", action="store_true", help="leave out zero-shot rows")
    parser.add_argument("--seed", type=int, default=0, help="of all draws")
    return parser


def _run(options: argparse.Namespace, out: Path) -> str:
    """Fill the table and return it as Markdown."""
    folder = _folder(options)
    lalm = load_lalm(
        options.model,
        window=options.window,
        device_map=options.device_map,
        revision=options.revision,
    )
    dataset = NAMED[options.data](folder)
    above = _caution(dataset, options)
    print(f"{lalm}\n{dataset}\n{above}")
    settings = {
        "shots": options.shots,
        "n_episodes": options.episodes,
        "limit": options.limit,
        "zero_shot": not options.no_zero_shot,
        "batch_size": options.batch_size,
        "seed": options.seed,
        "cache": options.cache,
    }
    if options.modality == EVERY:
        table = fill_each_modality(lalm, dataset, out, options.question, **settings)
        return senses_to_markdown(table, options.data, _settings(lalm, options), above)
    settings["modality"] = options.modality
    table = fill_table(lalm, dataset, out, options.question, **settings)
    return to_markdown(table, options.data, options.modality, _settings(lalm, options), above)


def _folder(options: argparse.Namespace) -> Path | None:
    """The folder of the dataset, into which a miniature is written if one is asked for."""
    if not options.miniature:
        return options.folder
    if options.data not in WRITERS:
        raise ValueError(f"there is no miniature of {options.data}, only of {', '.join(WRITERS)}.")
    folder = options.folder or Path(".cache", "paper", options.data)
    if folder.exists() and any(folder.iterdir()) and not is_miniature(folder):
        raise ValueError(f"{folder}: holds other files. Give --miniature an empty folder.")
    return WRITERS[options.data](folder)


def _caution(dataset: Dataset, options: argparse.Namespace) -> str:
    """The sentence above the table."""
    planned = plan(dataset, options.shots, options.episodes, options.limit, options.seed)
    tested = len(set().union(*(episode.query for episode in planned)))
    return caution(options.data, tested, is_miniature(dataset.root))


def _settings(lalm: LALM, options: argparse.Namespace) -> str:
    """One sentence on the settings, for the table's notes."""
    modality = lalm.modalities[-1] if options.modality == EVERY else options.modality
    limit = "all test clips" if options.limit is None else f"{options.limit} test clips per class"
    return (
        f"{lalm.name}, with the prompt {lalm.prompt(options.question, modality)!r}; "
        f"{options.shots} shots, mean ± 95 % interval over {options.episodes} support sets for "
        f"each test part; {limit}."
    )


def main() -> None:
    """Zero-shot, SAV, CALM, CCSAV and linear baselines on the official split of a dataset."""
    parser = _parser()
    options = parser.parse_args()
    name = f"{options.data}-{Path(options.model).name}-{options.modality}"
    out = options.out or Path("results", name)
    try:
        text = _run(options, out)
    except (ValueError, OSError, MemoryError) as error:  # the library's errors are one sentence
        parser.exit(1, f"{type(error).__name__}: {error}\n")
    write_whole(out / "table.md", lambda path: path.write_text(text, "utf-8"))
    print(f"\n{text}\nwrote {out / 'table.md'}")


if __name__ == "__main__":
    main()
