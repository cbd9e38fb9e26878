"""Miniatures of the official releases, in the layouts that people have them in."""

import json

import pytest

from tests.ccsav.clips.recordings import video, write

# VGGSound

VGG = """\
---g-f_I2yQ,1,people marching,test
--9O4XZOge4,30,"female speech, woman speaking",train
--Aa4M484QM,0,cricket chirping,train
_bcdefgh_30,185,cricket chirping,test
YbcdefghiJK,30,people marching,train
"""


@pytest.fixture
def vgg(tmp_path):
    """The list, and clips in several sub-folders; --Aa4M484QM is lost."""
    root = tmp_path / "vgg"
    root.mkdir()
    (root / "vggsound.csv").write_text(VGG)
    video(root / "video" / "test" / "---g-f_I2yQ_000001.mp4")
    write(root / "audio" / "--9O4XZOge4_000030.wav")
    video(root / "video" / "train" / "--9O4XZOge4_000030.mp4")
    write(root / "audio" / "_bcdefgh_30_000185.FLAC")
    write(root / "audio" / "YbcdefghiJK_000030.ogg")
    return root


LOST = r"1 of the 5 clips in vggsound\.csv are not here: --Aa4M484QM$"

# AudioSet

HEAD = "# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=1\n# YTID, start_seconds, end"
BALANCED = """\
--4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/0bt9lr"
-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw,/m/0k4j"
-0jeONf82dE, 21.000, 31.000, "/m/09x0r"
"""
EVAL = """\
Y_defghijk_, 30.000, 40.000, "/t/dd00003,/m/09x0r"
YbcdefghiJ_, 30.000, 36.000, "/m/0bt9lr"
_1234567890, 0.000, 10.000, "/m/0bt9lr"
"""
NAMES = {
    "/m/068hy": "Domestic animals, pets",
    "/m/0bt9lr": "Dog",
    "/m/03v3yw": "Keys jangling",
    "/m/0k4j": "Car",
    "/m/09x0r": "Speech",
    "/t/dd00003": "Male singing",
}


@pytest.fixture
def audioset(tmp_path):
    """Two of the three lists, the ontology, and clips by the names of several downloaders."""
    root = tmp_path / "audioset"
    root.mkdir()
    (root / "balanced_train_segments.csv").write_text(f"{HEAD}\n{BALANCED}")
    (root / "eval_segments.csv").write_text(f"{HEAD}\n{EVAL}")
    ontology = [{"id": i, "name": n, "child_ids": [], "restrictions": []} for i, n in NAMES.items()]
    (root / "ontology.json").write_text(json.dumps(ontology))
    write(root / "balanced_train" / "--4gqARaEJE.wav")
    write(root / "balanced_train" / "Y-0RWZT-miFs.wav")
    video(root / "balanced_train" / "-0jeONf82dE_21000_31000.mp4")
    write(root / "eval" / "Y_defghijk__30.flac")
    write(root / "eval" / "YYbcdefghiJ_.wav")
    write(root / "eval" / "_1234567890_0.0-10.0.ogg")
    return root


# ASVspoof 2019 LA

ATTACKS = {"train": ("A01", "A04"), "dev": ("A02", "A06"), "eval": ("A07", "A16", "A19")}
FILES = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}


@pytest.fixture
def asvspoof(tmp_path):
    """The archive's own folders: four speakers per split, each real and by each machine."""
    root = tmp_path / "around" / "LA"
    protocols = root / "ASVspoof2019_LA_cm_protocols"
    protocols.mkdir(parents=True)
    for number, (split, attacks) in enumerate(ATTACKS.items()):
        lines = []
        for speaker in range(4):
            for attack in ("-", *attacks):
                name = f"LA_{split[0].upper()}_{1_000_000 + len(lines)}"
                key = "bonafide" if attack == "-" else "spoof"
                lines.append(f"LA_{10 * number + speaker:04} {name} - {attack} {key}")
                write(root / f"ASVspoof2019_LA_{split}" / "flac" / f"{name}.flac", seconds=0.05)
        file = protocols / f"ASVspoof2019.LA.cm.{FILES[split]}.txt"
        file.write_text("\n".join(lines) + "\n")
    enrolment = root / "ASVspoof2019_LA_eval" / "flac" / "LA_E_9999999.flac"
    write(enrolment, seconds=0.05)  # of the speaker verification: in no protocol
    return root


# ESC-50


@pytest.fixture
def esc_release(tmp_path):
    """ESC-50's official layout, in miniature."""
    root = tmp_path / "ESC-50-master"
    rows = [("1-1-A-0.wav", 1, "dog", True), ("2-2-A-0.wav", 2, "dog", True)]
    rows += [("1-3-A-1.wav", 1, "rooster", True), ("2-4-A-2.wav", 2, "pig", False)]
    for name, *_ in rows:
        write(root / "audio" / name)
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    lines += [f"{n},{fold},0,{label},{ten},1,A" for n, fold, label, ten in rows]
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text("\n".join(lines))
    return root
