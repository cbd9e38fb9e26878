"""python -m ccsav_lab.paper --model … --data … --folder …: the paper's table for one's own copy."""

import argparse
from pathlib import Path

from ccsav.clips.corpora import NAMED
from ccsav.lalm.loading import load_lalm
from ccsav.lalm.model import MODALITIES

from .protocol import caution, plan, written
from .steps import run


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="ccsav_lab.paper", description=main.__doc__)
    parser.add_argument("--model", default="mini", help="mini, a folder, or a hub name")
    parser.add_argument("--data", required=True, help=f"one of {', '.join(NAMED)}")
    parser.add_argument("--folder", type=Path, help="where the dataset lies")
    parser.add_argument("--out", type=Path, help="default: results/<data>-<model>-<modality>")
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"), help="head vectors")
    parser.add_argument("--question", help="asked about every clip (default: the model's own)")
    parser.add_argument("--modality", default="audio", choices=MODALITIES)
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=5, help="for each test part")
    parser.add_argument("--limit", type=int, help="test clips per class (default: all)")
    parser.add_argument("--window", type=float, help="seconds that the audio encoder takes")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--device-map", help="auto: spread the model over all GPUs")
    parser.add_argument("--revision", help="of the model, on the hub")
    parser.add_argument("--no-asking", action="store_true", help="leave zero-shot out")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def main() -> None:
    """Zero-shot, SAV, paper, default and linear baselines on a dataset's official split."""
    parser = arguments()
    options = parser.parse_args()
    out = options.out or Path(
        "results", f"{options.data}-{Path(options.model).name}-{options.modality}"
    )
    try:
        lalm = load_lalm(
            options.model,
            window=options.window,
            device_map=options.device_map,
            revision=options.revision,
        )
        dataset = NAMED[options.data](options.folder)
        drawn = plan(dataset, options.shots, options.episodes, options.limit, options.seed)
        above = caution(options.data, len(set().union(*(e.query for e in drawn))))
        print(f"{lalm}\n{dataset}\n{above}")
        table = run(
            lalm,
            dataset,
            out,
            options.question,
            shots=options.shots,
            n_episodes=options.episodes,
            limit=options.limit,
            modality=options.modality,
            asked=not options.no_asking,
            batch_size=options.batch_size,
            seed=options.seed,
            cache=options.cache,
        )
    except (ValueError, OSError, MemoryError) as error:  # ours are one sentence: what to do
        parser.exit(1, f"{type(error).__name__}: {error}\n")
    limit = "all test clips" if options.limit is None else f"{options.limit} test clips per class"
    settings = (
        f"{lalm.name}, asked {lalm.prompt(options.question, options.modality)!r}; {options.shots} "
        f"shots, mean ± 95 % interval over {options.episodes} support sets for each test part; "
        f"{limit}."
    )
    text = written(table, options.data, options.modality, settings, above)
    (out / "table.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nwrote {out / 'table.md'}")


if __name__ == "__main__":
    main()
