import pytest

from ccsav import episodes
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.corpora.conftest import LOST, VGG
from tests.ccsav.clips.recordings import same, write


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
