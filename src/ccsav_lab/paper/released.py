"""Read the lists that CALM's authors released: JSON files of questions about clips.

They are in the repository mvideet/CALM, folder SAVs/data: per dataset a list to learn from
(`…train…`, some with the number of shots in their name), one for the test (`…test…` or `…eval…`),
and for some datasets half of the test as `…val…`.
"""

import json
import re
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from .places import drop_missing, find_recordings
from .protocol_split import Split
from .sources import name_sources

PROMPT = "{question} Answer with the class name."  # of the published code
FIELDS = {
    *("wav", "video", "question", "options", "answer", "label", "mapped_label"),
    *("correct_answer", "correct_answer_index", "correct_label"),  # AudioSet
    *("original_labels", "original_sample_id", "label_index_in_original"),
    *("pseudo_label_confidence", "average_max_probability", "trial_predictions", "vote_count"),
    *("_raw_matched_label", "_was_normalized"),  # of lists labelled by a model
}
SAME = {"spoofed": "spoof"}  # labels that the published code takes for another
_PART_OF_WORD = {"train": "train", "val": "val", "test": "test", "eval": "test"}


def read_released(
    folder: str | Path,
    recordings: str | Path | None = None,
    *,
    train: str | None = None,
    val: str | None = None,
    test: str | None = None,
    modality: str = "audio",
    missing: str = "raise",
) -> Split:
    """Read the released lists of one dataset: clips, questions, options and support as they are.

    One clip may have several questions (AudioSet has one for each label). As in the published code,
    a question ends in "Answer with the class name.", labels that differ only by case are one, and
    "spoofed" is "spoof".

    Parameters
    ----------
    folder : of the lists.
    recordings : folder in whose sub-folders the clips are, named as in the lists, with any suffix;
        default: where the lists say, else the folder of the lists.
    train, val, test : names of the lists in `folder`; default: the only one for each part.
    modality : with "video" in it, the videos of the clips are looked for as well.
    missing : "raise", or "warn": leave out the questions about clips that are not there, and count
        them.

    Raises
    ------
    DatasetError
        For a list that is missing, ambiguous or altered, or a recording that is missing; names the
        file and the record, counted from 1.
    """
    if missing not in ("raise", "warn"):
        raise ValueError(f'missing={missing!r}: choose "raise" or "warn".')
    folder = Path(folder)
    lists = find_lists(folder, {"train": train, "val": val, "test": test})
    table = pd.concat([read_questions(file).assign(part=p) for p, file in lists.items()])
    table = _one_spelling(table.reset_index(drop=True))
    root = Path(recordings) if recordings else folder
    table = find_recordings(table, root, recordings is None, modality)
    table, absent = drop_missing(table, root, missing)
    columns = [column for column in ("path", "video_path") if column in table]
    clips = table[columns].drop_duplicates("path").reset_index(drop=True)
    number = pd.Series(clips.index, clips["path"])
    data, sources = name_sources(clips["path"])
    source = sources["source"].astype(object).fillna(clips["path"])
    table = table.assign(clip=number[table["path"]].to_numpy())
    table = table.assign(source=source.to_numpy()[table["clip"]])
    dataset = Dataset(clips.rename(columns={"video_path": "video"}), root)
    kept = ["part", "clip", "question", "label", "options", "source", "list", "record"]
    return Split(data, dataset, table[kept].reset_index(drop=True), absent)


def find_lists(folder: str | Path, names: dict[str, str | None]) -> dict[str, Path]:
    """The lists of the parts train, val (if there is one) and test in a folder.

    Parameters
    ----------
    folder : of the lists.
    names : of the files, {part: name or None}; None: the only file for the part by its name.

    Raises
    ------
    DatasetError
        If a list is missing, or if there are several for a part.
    """
    folder = Path(folder)
    files = sorted(folder.glob("*.json"))
    found = {}
    for part in ("train", "val", "test"):
        name = names.get(part)
        fitting = [folder / name] if name else [f for f in files if _part_of(f.stem) == part]
        if len(fitting) > 1:
            raise DatasetError(
                f"{folder}: several lists for {part}, {', '.join(f.name for f in fitting)}: choose "
                f"one ({part}=…, on the command line --{part}), or put the others elsewhere."
            )
        if fitting and fitting[0].is_file():
            found[part] = fitting[0]
        elif name or part != "val":
            raise DatasetError(
                f"{folder / name if name else folder}: no list for {part} here. Get the released "
                "lists from github.com/mvideet/CALM, folder SAVs/data."
            )
    return found


def _part_of(stem):
    """The part that the words of a file name tell, or None."""
    words = re.split(r"[\W_]+", stem.lower())
    return next((_PART_OF_WORD[word] for word in words if word in _PART_OF_WORD), None)


def read_questions(file: str | Path) -> pd.DataFrame:
    """The records of one released list: wav, video, question, label, options, list, record.

    Raises
    ------
    DatasetError
        Names the file, and the first record (counted from 1) that cannot be used, and why.
    """
    file = Path(file)
    try:
        records = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{file}: not JSON: {error}.") from error
    records = list(records.values()) if isinstance(records, dict) else records
    if not isinstance(records, list) or not records:
        raise DatasetError(f"{file}: not a list of records.")
    rows = []
    for number, record in enumerate(records, start=1):
        if problem := _problem(record):
            raise DatasetError(f"{file}: record {number}: {problem}")
        question = PROMPT.format(question=record["question"])
        options = record.get("options") or None
        rows.append((record["wav"], record.get("video"), question, _label(record), options, number))
    columns = ["wav", "video", "question", "label", "options", "record"]
    return pd.DataFrame(rows, columns=columns).assign(list=file.name)


def _label(record):
    """The class of a record: AudioSet's test list has another name for it."""
    label = record.get("mapped_label", record.get("correct_label"))
    return label.strip() if isinstance(label, str) else label


def _problem(record) -> str | None:
    """Why a record cannot be used, or None."""
    if not isinstance(record, dict):
        return f"{record!r} is not a record with fields."
    if unknown := sorted(record.keys() - FIELDS):
        return f"unknown fields {unknown}; those of the released lists are {sorted(FIELDS)}."
    texts = {"wav": record.get("wav"), "question": record.get("question")}
    texts["mapped_label (or correct_label)"] = _label(record)
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            return f"no {name}."
    options = record.get("options")
    if not options:
        return None
    if not isinstance(options, list) or not all(isinstance(x, str) and x.strip() for x in options):
        return f"options {options!r} are not a list of texts."
    if len({x.strip().casefold() for x in options}) < max(len(options), 2):
        return f"options {options!r} are not two or more different ones."
    if _label(record).casefold() not in [x.strip().casefold() for x in options]:
        return f"mapped_label {_label(record)!r} is not among the options {options}."
    return None


def _one_spelling(table):
    """Labels and options that differ only by case, or are the same, in their first spelling."""
    first = {}

    def spell(label):
        key = SAME.get(label.strip().casefold(), label.strip())
        return first.setdefault(key.casefold(), key)

    labels = [spell(label) for label in table["label"]]
    options = [None if few is None else list(map(spell, few)) for few in table["options"]]
    return table.assign(label=labels, options=options)
