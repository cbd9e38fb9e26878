"""Miniatures of the released lists, in their form, about procedural sounds."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ccsav.disk.writing import write_whole
from ccsav_lab import sounds

from .miniature import mark_folder, write_clip

AWAY = "/data/authors"  # the lists name files on another machine, as the released ones do
CAPTION = "What caption does the given audio belong to?\n{}"
EVENT = "What audio event is present in this audio clip? Choose from: {}"
SPOOFED = "Is this audio bonafide or spoofed? \n bonafide\n spoofed"
NAMES = ("car", "cat", "piano", "rain", "siren", "whispering")  # of the mini LALM's classes
CLASS = 10_000  # numbers of clips per class


def write_lists(
    folder: str | Path,
    data: str = "esc50",
    names: Sequence[str] = NAMES,
    shots: int = 4,
    test: int = 3,
    seconds: float = 1.0,
    seed: int = 0,
) -> Path:
    """Write lists in the form of those that CALM's authors released, and their clips in `audio/`.

    The sounds are made by rule, not recorded. As in the released lists, the questions of ESC-50 and
    VGGSound name four options, those of AudioSet are one per clip and label, ESC-50's clips of one
    source stand in several lists, and the files are named where they are on another machine.

    Parameters
    ----------
    folder : made if it is missing; clips that it already has are kept.
    data : "esc50", "vggsound", "audioset" or "asvspoof2019".
    names : classes, from `sounds.CLASSES`, four or more; the sounds that are copied, for spoofing.
    shots, test : questions per class to learn from, and for the test (as many again for validation,
        where there is such a list).
    seconds : length of each clip.
    seed : of the division into lists and of the wrong options.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        For another `data`.

    Examples
    --------
    >>> import tempfile
    >>> folder = write_lists(tempfile.mkdtemp(), shots=1, test=1, seconds=0.1)
    >>> sorted(file.name for file in folder.glob("*.json"))
    ['esc50_mcq_1shot_train.json', 'esc_mcq_test_split.json', 'esc_mcq_val.json']
    >>> record = json.loads((folder / "esc_mcq_val.json").read_text())[0]
    >>> sorted(record)
    ['answer', 'label', 'mapped_label', 'options', 'question', 'wav']
    """
    if data not in _LISTS:
        raise ValueError(f"data={data!r}: choose one of {', '.join(_LISTS)}.")
    folder, rng = mark_folder(folder, f"the released lists of {data}", "audio"), _rng(seed)
    for name, records in _LISTS[data](folder / "audio", list(names), shots, test, seconds, rng):
        text = json.dumps(records, indent=2, ensure_ascii=False)
        write_whole(folder / name, lambda path, text=text: path.write_text(text, "utf-8"))
    return folder


def _rng(seed):
    return np.random.default_rng(seed)


def _save(folder: Path, name: str, make: Callable) -> str:
    """Write a clip unless it is there; returns where the list says that it is."""
    if not (folder / name).is_file():
        write_clip(folder / name, make(), 16_000)
    return str(PurePosixPath(AWAY, "audio_16k", name))


def _options(label, others, rng):
    """Four labels, the right one among them, and the letter of the right one."""
    wrong = rng.permutation([other for other in others if other != label])[:3]
    options = rng.permutation([label, *wrong]).tolist()
    return options, "ABCD"[options.index(label)]


def _caption(wav, label, labels, code, rng):
    """A record of ESC-50 or VGGSound."""
    options, letter = _options(label, labels, rng)
    text = " ".join(f"{a}. {option}" for a, option in zip("ABCD", options, strict=False))
    record = {"wav": wav, "question": CAPTION.format(text), "answer": letter, "label": code}
    return record | {"mapped_label": label, "options": options}


def _esc50(folder, names, shots, test, seconds, rng):
    """Two clips of every source, dealt to the lists at random."""
    labels = [name.replace(" ", "_") for name in names]
    parts = {f"esc50_mcq_{shots}shot_train.json": [], "esc_mcq_val.json": []}
    parts["esc_mcq_test_split.json"] = []
    for target, name in enumerate(names):
        clips = [(i // 2, "AB"[i % 2]) for i in range(shots + 2 * test)]
        lists = np.repeat(list(parts), [shots, test, test])
        for (source, take), part in zip(clips, rng.permutation(lists), strict=True):
            number = target * CLASS + source

            def cut(name=name, number=number, take=take):
                whole = sounds.render(name, number, seconds=1.5 * seconds).waveform
                start = 0 if take == "A" else len(whole) // 3
                return whole[start : start + round(16_000 * seconds)]

            wav = _save(folder, f"{1 + source % 5}-{number:06d}-{take}-{target}.wav", cut)
            record = _caption(wav, labels[target], labels, f"/m/07rwj{target:02d}", rng)
            parts[part].append(record)
    return parts.items()


def _vggsound(folder, names, shots, test, seconds, rng):
    """Clips that each have a source of their own, class by class."""
    parts = {f"vggsound_mcq_train_{shots}shot.json": shots, "vggsound_mcq_val.json": test}
    parts["vggsound_mcq_test_split.json"] = test
    start = 0
    for part, n in parts.items():
        records = []
        for target, name in enumerate(names):
            for number in range(target * CLASS + start, target * CLASS + start + n):

                def make(name=name, number=number):
                    return sounds.render(name, number, seconds=seconds).waveform

                wav = _save(folder, f"mini-{number:06d}_000030.flac", make)
                records.append(_caption(wav, name, names, f"vgg_{target}", rng))
        yield part, records
        start += n


def _audioset(folder, names, shots, test, seconds, rng):
    """Clips of one to three sounds, and a question for each of them; the lists go by class."""
    lists = (
        (f"audioset_{shots}shot_train_individual_mcqs.json", "mapped_label", shots),
        ("audioset_test_individual_mcqs.json", "correct_label", test),
    )
    start = 0
    for part, field, n in lists:
        by_class = {name: [] for name in names}
        for i in range(math.ceil(n * len(names) / 2)):
            own = [names[(i + j * (1 + i // len(names))) % len(names)] for j in range(1 + i % 3)]
            own = list(dict.fromkeys(own))
            number = start + i

            def mix(own=own, number=number):
                waves = [sounds.render(x, number, seconds=seconds).waveform for x in own]
                return np.mean(waves, axis=0)

            wav = _save(folder, f"AS_{number:08d}.flac", mix)
            for place, label in enumerate(own):
                others = [name for name in names if name not in own]
                record = _event(wav, label, others, field, rng)
                record |= {"original_labels": own, "original_sample_id": number}
                several = {"label_index_in_original": place} if len(own) > 1 else {}
                by_class[label].append(record | several)
        yield part, [record for records in by_class.values() for record in records[:n]]
        start += CLASS


def _event(wav, label, others, field, rng):
    """A record of AudioSet."""
    options, letter = _options(label, others, rng)
    text = ", ".join(f"{a}) {option}" for a, option in zip("ABCD", options, strict=False))
    record = {"wav": wav, "question": EVENT.format(text), "options": options}
    right = {"correct_answer": letter, "correct_answer_index": options.index(label)}
    return record | right | {field: label}


def _asvspoof(folder, names, shots, test, seconds, rng):
    """Sounds, and two machines' copies of each, in place of speech; no options beside the question.

    The training list goes by class, the list for the test is mixed.
    """
    for part, letter, start, n in (("train", "T", 0, shots), ("eval", "E", CLASS, test)):
        records = []
        for i in range(4 * n):
            name, number = names[i % len(names)], start + i
            for kind, label in enumerate(("bonafide", "spoof", "spoof")):

                def make(name=name, number=number, kind=kind):
                    wave = sounds.render(name, number, seconds=seconds).waveform
                    machines = ("griffin-lim", "vocoder")
                    return sounds.resynthesise(wave, 16_000, machines[kind - 1]) if kind else wave

                utterance = f"LA_{letter}_{1_000_000 + 10 * number + kind}"
                wav = _save(folder, f"{utterance}.flac", make)
                record = {"wav": wav, "question": SPOOFED, "answer": label}
                records.append(record | {"mapped_label": label})
        if part == "train":
            records.sort(key=lambda record: record["mapped_label"])
        else:
            records = [records[i] for i in rng.permutation(len(records))]
        yield f"LA_{part}.json", records


_LISTS = {
    "esc50": _esc50,
    "vggsound": _vggsound,
    "audioset": _audioset,
    "asvspoof2019": _asvspoof,
}
