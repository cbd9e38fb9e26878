"""Miniatures of the official releases, in the layouts that people have them in."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from ccsav import episodes, load_dataset
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from ccsav_lab.sounds.tasks import spoof
from tests import videos


def write(path, seconds=0.1, rate=8_000):
    """A short recording that no other name has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16)
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)), rate)


def video(path, seconds=0.3):
    path.parent.mkdir(parents=True, exist_ok=True)
    return videos.write(path, seconds=seconds, size=(32, 32))


def same(table, **columns):
    for name, values in columns.items():
        assert table[name].tolist() == values, name


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


def test_vggsound(vgg):
    with pytest.warns(UserWarning, match=LOST) as caught:
        clips = corpora.load_vggsound(vgg)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    same(
        clips.table,
        group=["---g-f_I2yQ", "--9O4XZOge4", "_bcdefgh_30", "YbcdefghiJK"],
        label=[
            "people marching",
            "female speech, woman speaking",
            "cricket chirping",
            "people marching",
        ],
        split=["test", "train", "test", "train"],
        start=[1, 30, 185, 30],
        path=[
            "video/test/---g-f_I2yQ_000001.mp4",
            "audio/--9O4XZOge4_000030.wav",
            "audio/_bcdefgh_30_000185.FLAC",
            "audio/YbcdefghiJK_000030.ogg",
        ],
    )
    beside = clips.table["video"]
    assert beside.isna().tolist() == [True, False, True, True]
    assert clips.video_path(1) == vgg / "video" / "train" / "--9O4XZOge4_000030.mp4"
    assert clips.video_path(0) == clips.path(0)
    assert clips.frames(0, 4.0).shape[1:] == (32, 32, 3)
    assert len(clips.waveform(0, 16_000)) == pytest.approx(0.3 * 16_000, abs=2_000)
    assert len(clips.waveform(1, 16_000)) == 1_600  # the sound's own file, not the video's


def test_vggsound_that_lacks_clips(vgg):
    with pytest.raises(DatasetError, match=r'not here: --Aa4M484QM\. .* missing="warn"'):
        corpora.load_vggsound(vgg, missing="raise")
    assert (
        len(corpora.load_vggsound(vgg, split="test", missing="raise")) == 2
    )  # the test clips are there
    with pytest.raises(ValueError, match='missing=\'skip\': choose "warn" or "raise"'):
        corpora.load_vggsound(vgg, missing="skip")
    write(vgg / "--Aa4M484QM_000010.wav")  # another ten seconds of the video: not the clip
    write(vgg / "notes" / "hello.wav")
    left = (
        r"2 recordings that are not clips of vggsound\.csv were left out: --Aa.*10\.wav, notes/hel"
    )
    with pytest.warns(UserWarning, match=left), pytest.warns(UserWarning, match=LOST):
        corpora.load_vggsound(vgg)


def test_vggsound_of_which_there_is_nothing(tmp_path):
    with pytest.raises(
        DatasetError, match=r"no such folder\. Get vggsound\.csv from https://www\."
    ):
        corpora.load_vggsound(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"no vggsound\.csv here\. Get .*robots\.ox\.ac\.uk"):
        corpora.load_vggsound(tmp_path)
    (tmp_path / "vggsound.csv").write_text(VGG)
    with pytest.raises(DatasetError, match=r"none of the 5 clips in vggsound\.csv is here\. Get "):
        corpora.load_vggsound(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (VGG + "--Bu2xe4OSo,430,wind noise\n", "1 lines without the 4 columns.*line 6 has 3"),
        (VGG.replace('"', ""), "line 2 has 5"),  # unquoted, a label falls apart at its comma
        ("youtube,start,label,split\n" + VGG, "1 ids that are not YouTube's 11 .*: youtube"),
        (VGG.replace("---g-f_I2yQ", "#NAME?"), r"1 ids that are not .*alter them\): #NAME\?"),
        (VGG.replace(",185,", ",3:05,"), "1 starts that are not seconds: 3:05"),
        (VGG.replace(",train", ",training"), "3 unknown splits: training"),
        ("", "it is empty"),
        ('"' + "x" * 200_000, "field larger"),
    ],
)
def test_wrong_lists_are_refused_by_name(vgg, text, complaint):
    (vgg / "vggsound.csv").write_text(text)
    with pytest.raises(DatasetError, match=rf"vggsound\.csv: .*{complaint}"):
        corpora.load_vggsound(vgg)


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


def test_audioset(audioset):
    clips = corpora.load_audioset(audioset, missing="raise")
    same(
        clips.table,
        group=[line.split(",")[0] for line in (BALANCED + EVAL).splitlines()],
        labels=[
            "Dog; Domestic animals, pets",
            "Car; Keys jangling",
            "Speech",
            "Male singing; Speech",
            "Dog",
            "Dog",
        ],
        split=["balanced_train"] * 3 + ["eval"] * 3,
        start=[0, 420, 21, 30, 30, 0],
        end=[10, 430, 31, 40, 36, 10],
        path=[
            "balanced_train/--4gqARaEJE.wav",
            "balanced_train/Y-0RWZT-miFs.wav",
            "balanced_train/-0jeONf82dE_21000_31000.mp4",
            "eval/Y_defghijk__30.flac",
            "eval/YYbcdefghiJ_.wav",
            "eval/_1234567890_0.0-10.0.ogg",
        ],
    )
    assert "label" not in clips.table and "video" not in clips.table
    assert clips.seconds(2) > 0.2
    assert corpora.load_audioset(audioset, split="eval").table["path"].str.startswith("eval/").all()


@pytest.mark.parametrize(
    "name",
    [
        "-0RWZT-miFs_420.wav",
        "-0RWZT-miFs_420.000.wav",
        "-0RWZT-miFs_420_430.wav",
        "-0RWZT-miFs_420.0_430.0.wav",
        "-0RWZT-miFs_420.0-430.0.mp3",
        "-0RWZT-miFs_420000.wav",
        "-0RWZT-miFs_420000_430000.flac",
        "-0RWZT-miFs_000420.wav",
        "Y-0RWZT-miFs_420000_430000.wav",
    ],
)
def test_what_downloaders_call_a_clip(audioset, name):
    (audioset / "balanced_train" / "Y-0RWZT-miFs.wav").unlink()
    write(audioset / "deep" / "down" / name)
    clips = corpora.load_audioset(audioset, missing="raise")
    assert clips.table["path"][1] == f"deep/down/{name}"


@pytest.mark.parametrize("name", ["-0RWZT-miFs_430.wav", "x-0RWZT-miFs.wav", "-0RWZT-miF.wav"])
def test_what_is_another_clip(audioset, name):
    (audioset / "balanced_train" / "Y-0RWZT-miFs.wav").rename(audioset / name)
    with (
        pytest.warns(UserWarning, match=f"1 recordings .* left out: {name}"),
        pytest.warns(UserWarning, match="1 of the 6 clips in balanced_train.*here: -0RWZT-miFs"),
    ):
        assert len(corpora.load_audioset(audioset)) == 5


def test_a_copy_in_every_class_is_one_clip(audioset):
    write(audioset / "Car" / "-0RWZT-miFs_420.wav")
    assert (
        corpora.load_audioset(audioset, missing="raise").table["path"][1]
        == "Car/-0RWZT-miFs_420.wav"
    )


def test_audioset_with_the_table_of_classes(audioset):
    before = corpora.load_audioset(audioset).table
    (audioset / "ontology.json").unlink()
    with pytest.raises(DatasetError, match=r"neither ontology\.json nor class_labels_indices\.csv"):
        corpora.load_audioset(audioset)
    table = pd.DataFrame({"mid": NAMES.keys(), "display_name": NAMES.values()})
    (audioset / "metadata").mkdir()
    table.to_csv(audioset / "metadata" / "class_labels_indices.csv", index_label="index")
    (audioset / "eval_segments.csv").rename(audioset / "metadata" / "eval_segments.csv")
    pd.testing.assert_frame_equal(corpora.load_audioset(audioset).table, before)
    (audioset / "metadata" / "class_labels_indices.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match=r"class_labels_indices\.csv: not AudioSet's names"):
        corpora.load_audioset(audioset)


def test_wrong_audiosets_are_refused(audioset, tmp_path):
    (audioset / "ontology.json").write_text(json.dumps([{"id": "/m/0bt9lr", "name": "Dog"}]))
    with pytest.raises(
        DatasetError, match=r"ontology\.json: 5 class ids of the lists .*: /m/03v3yw, "
    ):
        corpora.load_audioset(audioset)
    for text in ("{broken", "[1, 2]", '[{"id": "/m/0bt9lr"}]'):
        (audioset / "ontology.json").write_text(text)
        with pytest.raises(DatasetError, match=r"ontology\.json: not AudioSet's names"):
            corpora.load_audioset(audioset)
    (audioset / "ontology.json").write_text(json.dumps([{"id": i, "name": i} for i in NAMES]))
    with pytest.raises(DatasetError, match="split='unbalanced_train': choose one of balanced_tr"):
        corpora.load_audioset(audioset, split="unbalanced_train")
    with (audioset / "eval_segments.csv").open("a") as file:
        file.write("-abcdefghij, 0.000, 10.000\n")
    with pytest.raises(DatasetError, match=r"eval_segments\.csv: .*line 7 has 3"):
        corpora.load_audioset(audioset)
    with pytest.raises(DatasetError, match=r"none of balanced_train_segments\.csv, .*google\.com"):
        corpora.load_audioset(tmp_path / "audioset" / "eval")


def test_indicator(audioset):
    table = corpora.load_audioset(audioset).table
    ones = corpora.indicator(table["labels"])
    assert ones.columns.tolist() == sorted(NAMES.values())
    for row, labels in zip(ones.itertuples(index=False), table["labels"], strict=True):
        assert [n for n, one in zip(ones.columns, row, strict=True) if one] == labels.split("; ")


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


def test_asvspoof(asvspoof):
    clips = corpora.load_asvspoof2019(asvspoof, missing="raise")
    table = clips.table
    assert (
        clips.labels.tolist() == spoof(clips=1, seconds=0.2, progress=False).labels.tolist()
    )  # the second is positive
    assert len(table) == 4 * (3 + 3 + 4)
    first = table.loc[0, ["path", "label", "split", "speaker", "attack", "group"]].tolist()
    path = "ASVspoof2019_LA_train/flac/LA_T_1000000.flac"
    assert first == [path, "bona fide", "train", "LA_0000", "none", "LA_0000"]
    assert table.groupby("split")["attack"].unique().map(sorted).to_dict() == {
        split: [*attacks, "none"] for split, attacks in ATTACKS.items()
    }
    assert ((table["attack"] == "none") == (table["label"] == "bona fide")).all()
    assert table["split"].tolist() == [s for s, a in ATTACKS.items() for _ in range(4 + 4 * len(a))]
    assert "LA_E_9999999" not in " ".join(table["path"])
    assert clips.seconds(0) == pytest.approx(0.05)


def test_asvspoof_by_attack(asvspoof):
    table = corpora.load_asvspoof2019(asvspoof, group="attack").table
    spoofs = table[table["label"] == "spoof"].groupby("attack")["group"].unique()
    known = {"A16": ["A04"], "A19": ["A06"]}  # the same machines under another number
    assert spoofs.map(list).to_dict() == {a: known.get(a, [a]) for a in spoofs.index}
    real = table[table["label"] == "bona fide"]
    assert (real["group"] == real["speaker"]).all()
    y, groups = (table["label"] == "spoof").to_numpy(), table["group"].to_numpy()
    for support, query in episodes(y, groups, shots=4, n_episodes=10):
        assert not set(groups[support]) & set(groups[query])
        assert not set(table["attack"][support]) & set(table["attack"][query]) - {"none"}
    with pytest.raises(ValueError, match='group=\'sex\': choose "speaker" or "attack"'):
        corpora.load_asvspoof2019(asvspoof, group="sex")


def test_asvspoof_that_is_not_whole(asvspoof, tmp_path):
    flac = asvspoof / "ASVspoof2019_LA_dev" / "flac"
    (flac / "LA_D_1000002.flac").unlink()
    with pytest.warns(UserWarning, match="1 of the 40 clips in the protocols .*: LA_D_1000002$"):
        assert len(corpora.load_asvspoof2019(asvspoof)) == 39
    with pytest.raises(DatasetError, match=r'LA_D_1000002\. .*missing="warn"'):
        corpora.load_asvspoof2019(asvspoof, split="dev", missing="raise")
    for file in flac.iterdir():
        file.unlink()
    with pytest.raises(DatasetError, match=r"none of the 12 clips .*datashare\.ed\.ac\.uk"):
        corpora.load_asvspoof2019(asvspoof, split="dev")
    assert len(corpora.load_asvspoof2019(asvspoof, split="eval", missing="raise")) == 16
    with pytest.raises(DatasetError, match="split='test': choose one of train, dev, eval"):
        corpora.load_asvspoof2019(asvspoof, split="test")
    with pytest.raises(DatasetError, match=r"cm\.train\.trn\.txt: there is no such file\. Get LA"):
        corpora.load_asvspoof2019(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (" - A07 spoof", " A07 spoof", "4 lines without the 5 columns of the list: line 2 has 4"),
        ("- - bonafide", "- - genuine", "4 keys other than bonafide and spoof: genuine"),
        ("A16 spoof", "A16 bonafide", "4 attacks that do not fit their key: A16"),
        ("A16 spoof", "- spoof", "4 attacks that do not fit their key: -"),
    ],
)
def test_wrong_protocols_are_refused_by_name(asvspoof, old, new, complaint):
    file = asvspoof / "ASVspoof2019_LA_cm_protocols" / "ASVspoof2019.LA.cm.eval.trl.txt"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=rf"ASVspoof2019\.LA\.cm\.eval\.trl\.txt: .*{complaint}"):
        corpora.load_asvspoof2019(asvspoof)


# All of them


def test_folders_are_known_by_their_official_files(vgg, audioset, asvspoof):
    with pytest.warns(UserWarning, match=LOST):
        assert load_dataset(vgg).labels.tolist()[0] == "cricket chirping"
    assert load_dataset(vgg, split="test").table["split"].tolist() == ["test", "test"]
    assert len(load_dataset(audioset, split="balanced_train")) == 3
    for folder in (asvspoof, asvspoof.parent):
        assert len(load_dataset(folder, split="dev")) == 12
    by_attack = load_dataset(asvspoof, group="attack", split="eval")
    assert set(by_attack.table["group"]) >= {"A07", "A04", "A06"}
    (vgg / "eval_segments.csv").write_text("")
    with pytest.raises(DatasetError, match="holds vggsound and audioset; give the folder of one"):
        load_dataset(vgg)


def test_names_read_the_download_folder_and_fetch_nothing(tmp_path, monkeypatch, asvspoof):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("fetched"))
    places = {
        "vggsound": r"downloads/VGGSound: .*robots\.ox\.ac\.uk/~vgg/data/vggsound",
        "audioset": r"downloads/AudioSet: .*research\.google\.com/audioset",
        "asvspoof2019": r"downloads/LA: .*datashare\.ed\.ac\.uk/handle/10283/3336",
    }
    for name, place in places.items():
        assert name in corpora.NAMED
        with pytest.raises(DatasetError, match=place):
            load_dataset(name, fetch=True)
    asvspoof.parent.rename(tmp_path / "downloads")
    assert len(load_dataset("asvspoof2019", split="train")) == 12


def test_a_split_of_a_table_and_of_what_has_none(tmp_path, folder):
    for name in "abc":
        write(tmp_path / f"{name}.wav")
    csv = tmp_path / "manifest.csv"
    csv.write_text("path,label,split\na.wav,x,train\nb.wav,x,test\nc.wav,y,train\n")
    assert load_dataset(csv, split="train").table["path"].tolist() == ["a.wav", "c.wav"]
    with pytest.raises(
        DatasetError, match=r"manifest\.csv: split='dev': choose one of train, test"
    ):
        load_dataset(csv, split="dev")
    with pytest.raises(DatasetError, match="there are no official splits; leave split='test' out"):
        load_dataset(folder, split="test")


def test_no_video_stands_on_both_sides_of_an_episode(tmp_path):
    """Two clips of each video, as a list may have them."""
    lines = []
    for i in range(8):
        for start in (0, 10):
            lines.append(f"abcdefghi{i:02},{start},{'dog' if i % 2 else 'cat'},train")
            write(tmp_path / "audio" / f"abcdefghi{i:02}_{start:06}.wav", seconds=0.02)
    (tmp_path / "vggsound.csv").write_text("\n".join(lines))
    table = corpora.load_vggsound(tmp_path, missing="raise").table
    assert len(table) == 16 and table["path"].is_unique
    groups = table["group"].to_numpy()
    for support, query in episodes(table["label"], groups, shots=2, n_episodes=10):
        assert not set(groups[support]) & set(groups[query])
