import pytest

from ccsav import episodes
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from ccsav_lab.sounds.tasks import spoof
from tests.ccsav.clips.corpora.conftest import ATTACKS


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
