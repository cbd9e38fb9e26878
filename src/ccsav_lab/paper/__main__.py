"""python -m ccsav_lab.paper --model … --data … --folder …: the paper's table on a local copy."""

import argparse
from dataclasses import replace
from pathlib import Path

from ccsav.clips.corpora import NAMED
from ccsav.clips.dataset import Dataset
from ccsav.clips.loading import load_dataset
from ccsav.disk.writing import write_whole
from ccsav.lalm.loading import load_lalm
from ccsav.lalm.model import LALM

from .arguments import EVERY, command_parser
from .audit import audit_split
from .beginnings import first_seconds
from .markdown import audit_to_markdown, senses_to_markdown, to_markdown
from .miniature import WRITERS, is_miniature
from .miniature_lists import write_lists
from .protocol import AS_RELEASED, caution, plan
from .protocol_split import Split, limit_questions, split_of
from .released import read_released
from .released_table import caution_of_lists, fill_released, notes_on_lists
from .senses import fill_each_modality
from .steps import fill_table

MOST = 40  # support clips per class in an audit, as in the largest of the released lists


def _run(options: argparse.Namespace, out: Path) -> str:
    """Fill the table, and the audit if it is asked for, and return them as Markdown."""
    if options.audit and options.modality != "audio":
        raise ValueError("--audit is of sound alone: leave out --modality, or the audit.")
    if options.split is None and options.data is None:
        raise ValueError("give --data, or --split with the folder of the released lists.")
    lalm = load_lalm(
        options.model,
        window=options.window,
        device_map=options.device_map,
        revision=options.revision,
    )
    if options.split:
        split = _released(lalm, options)
        text = _table_of_lists(lalm, split, options, out)
    else:
        dataset = _dataset(lalm, options)
        text = _table(lalm, dataset, options, out)
        split = _audited(dataset, options) if options.audit else None
    return text + (_audit(lalm, split, options, out) if options.audit else "")


def _dataset(lalm: LALM, options: argparse.Namespace) -> Dataset:
    """The official dataset, or its miniature."""
    folder = _folder(options)
    if options.data in NAMED:
        dataset = NAMED[options.data](folder)
    else:
        dataset = load_dataset(folder or options.data)
    return first_seconds(dataset, lalm.window) if options.truncate else dataset


def _folder(options: argparse.Namespace) -> Path | None:
    """The folder of the dataset, into which a miniature is written if one is asked for."""
    if not options.miniature:
        return options.folder
    if options.data not in WRITERS:
        raise ValueError(f"there is no miniature of {options.data}, only of {', '.join(WRITERS)}.")
    folder = options.folder or Path(".cache", "paper", options.data)
    _check_empty(folder)
    return WRITERS[options.data](folder)


def _check_empty(folder: Path) -> None:
    """Raise if a miniature would be written among other files."""
    if folder.exists() and any(folder.iterdir()) and not is_miniature(folder):
        raise ValueError(f"{folder}: holds other files. Give --miniature an empty folder.")


def _released(lalm: LALM, options: argparse.Namespace) -> Split:
    """The released lists, or a miniature of them."""
    if options.modality == EVERY:
        raise ValueError(f"--modality {EVERY} is not for --split: choose one of them.")
    if options.miniature:
        _check_empty(options.split)
        write_lists(options.split, options.data or "esc50")
    names = {part: getattr(options, part) for part in ("train", "val", "test")}
    missing = "warn" if options.allow_missing else "raise"
    split = read_released(
        options.split, options.folder, modality=options.modality, missing=missing, **names
    )
    if options.truncate:
        split = replace(split, clips=first_seconds(split.clips, lalm.window))
    return split if options.limit is None else limit_questions(split, options.limit, options.seed)


def _audited(dataset: Dataset, options: argparse.Namespace) -> Split:
    """The first part of an official split, with options in the questions."""
    most = None if options.data == "asvspoof2019" else MOST
    return split_of(dataset, options.data, most=most, limit=options.limit, seed=options.seed)


def _table(lalm: LALM, dataset: Dataset, options: argparse.Namespace, out: Path) -> str:
    """The table on an official split, as Markdown."""
    above = _caution(dataset, options)
    print(f"{lalm}\n{dataset}\n{above}")
    settings = {
        "shots": options.shots,
        "n_episodes": options.episodes,
        "limit": options.limit,
        "per": _per(options),
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


def _table_of_lists(lalm: LALM, split: Split, options: argparse.Namespace, out: Path) -> str:
    """The table on the released lists, as Markdown."""
    above = caution_of_lists(split)
    print(f"{lalm}\n{split.clips}\n{above}")
    table = fill_released(
        lalm,
        split,
        out,
        modality=options.modality,
        zero_shot=not options.no_zero_shot,
        batch_size=options.batch_size,
        cache=options.cache,
    )
    first = lalm.prompt(split.questions["question"].iloc[0], options.modality)
    settings = f"{lalm.name}, with prompts such as {first!r}.{_truncated(lalm, options)}"
    notes = [*notes_on_lists(split), *AS_RELEASED]
    data = options.data or split.data
    return to_markdown(table, data, options.modality, settings, above, notes)


def _audit(lalm: LALM, split: Split, options: argparse.Namespace, out: Path) -> str:
    """The audit as Markdown, and its accuracies in a file."""
    audit = audit_split(
        lalm,
        split,
        question=options.question,
        few=options.shots,
        batch_size=options.batch_size,
        cache=options.cache,
        seed=options.seed,
    )
    file = out / "audit.csv"
    write_whole(file, lambda path: audit.accuracy.rename_axis("change").to_csv(path))
    return f"\n## Audit\n\n{audit_to_markdown(audit)}"


def _caution(dataset: Dataset, options: argparse.Namespace) -> str:
    """The sentence above the table."""
    draw = (options.shots, options.episodes, options.limit, options.seed, _per(options))
    tested = len(set().union(*(episode.query for episode in plan(dataset, *draw))))
    return caution(options.data, tested, is_miniature(dataset.root))


def _per(options: argparse.Namespace) -> str:
    """What the shots are of."""
    return options.per or ("source" if options.data == "asvspoof2019" else "class")


def _truncated(lalm: LALM, options: argparse.Namespace) -> str:
    """A sentence on clips that are cut, if they are."""
    return f" Of longer clips the first {lalm.window:g} s." if options.truncate else ""


def _settings(lalm: LALM, options: argparse.Namespace) -> str:
    """One sentence on the settings, for the table's notes."""
    modality = lalm.modalities[-1] if options.modality == EVERY else options.modality
    limit = "all test clips" if options.limit is None else f"{options.limit} test clips per class"
    per = " per attack and bona fide speaker" if _per(options) == "source" else ""
    return (
        f"{lalm.name}, with the prompt {lalm.prompt(options.question, modality)!r}; "
        f"{options.shots} shots{per}, mean ± 95 % interval over {options.episodes} support sets "
        f"for each test part; {limit}.{_truncated(lalm, options)}"
    )


def main() -> None:
    """Zero-shot answers and few-shot methods on the official split of a dataset, or on the lists
    that CALM's authors released.
    """
    parser = command_parser(main.__doc__)
    options = parser.parse_args()
    data = options.data
    if options.split:  # beside the results on the official split of the same dataset
        data = f"lists-{data or options.split.resolve().name}"
    name = f"{data}-{Path(options.model).name}-{options.modality}"
    out = options.out or Path("results", name)
    try:
        text = _run(options, out)
    except (ValueError, OSError, MemoryError) as error:  # the library's errors are one sentence
        parser.exit(1, f"{type(error).__name__}: {error}\n")
    write_whole(out / "table.md", lambda path: path.write_text(text, "utf-8"))
    print(f"\n{text}\nwrote {out / 'table.md'}")


if __name__ == "__main__":
    main()
