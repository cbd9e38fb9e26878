"""Text in tables is text: no name is missing, a number, or another name in a second spelling."""

import unicodedata

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from ccsav.clips.loading import from_csv
from ccsav_lab.paper.kept import add_rows, in_chunks, read_rows
from ccsav_lab.paper.spoofing import verification_errors
from tests import ROOT
from tests.ccsav.clips.recordings import write

WORDS = ["None", "NA", "null", "nan", "N/A", "#N/A", "-1.#IND", "001", "01", "1", "1.0"]


@pytest.fixture
def table(tmp_path):
    """A CSV file whose labels, groups and paths are words that pandas takes for missing."""
    for word in WORDS:
        write(tmp_path / f"{word.replace('/', '-')}.wav")
    rows = [f"{word.replace('/', '-')}.wav,{word},{word},{word},7" for word in WORDS]
    file = tmp_path / "list.csv"
    file.write_text("\n".join(["path,label,group,speaker,take", *rows]) + "\n")
    return file


def test_words_that_pandas_reads_as_missing(table):
    dataset = from_csv(table)
    for column in ("label", "group", "speaker"):
        assert dataset.table[column].tolist() == WORDS, column
    assert dataset.table["take"].tolist() == [7] * len(WORDS)
    assert from_csv(table, group="speaker").table["group"].nunique() == len(WORDS)
    bare = table.with_name("bare.csv")
    bare.write_text("path,label\n" + "\n".join(f"{i},{i}" for i in ("NA", "null")) + "\n")
    for name in ("NA", "null"):
        (table.parent / name).write_bytes((table.parent / f"{name}.wav").read_bytes())
    assert from_csv(bare).table["path"].tolist() == ["NA", "null"]


def test_groups_that_are_text_stay_apart(table):
    dataset = from_csv(table).table
    y = np.tile([0, 1], len(WORDS))
    for support, query in ccsav.episodes(y, np.repeat(dataset["group"], 2), shots=3, n_episodes=3):
        groups = np.repeat(dataset["group"].to_numpy(), 2)
        assert not set(groups[support]) & set(groups[query])
        assert len(set(groups)) == len(WORDS)


def test_blank_cells_are_missing(tmp_path):
    write(tmp_path / "a.wav")
    write(tmp_path / "b.wav")
    (tmp_path / "list.csv").write_text("path,label,group,video\na.wav,x,1,\nb.wav, ,,\n")
    with pytest.raises(
        DatasetError, match=r"1 rows without a label: 1\n- 1 rows without a group: 1"
    ):
        from_csv(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"path,label\na.wav,x\na.wav,y,z\n",
            "1 problems with the 2 columns: line 3 has 3",
        ),
        (b"path,label\na.wav\n", "1 problems with the 2 columns: line 2 has 1"),
        (b"path,label,label\na.wav,x,y\n", "1 problems with the 3 columns: 'label' twice"),
        ("path,label\na.wav,café\n".encode("cp1252"), "not in UTF-8: save it as CSV in UTF-8"),
        ("path,label\na.wav,x\n".encode("utf-16"), "not in UTF-8: save it as CSV in UTF-8"),
        (b"", "a line with the names of the columns and clips are expected"),
        (b"path,label\n", "a line with the names of the columns and clips are expected"),
        (b"a;b\nc;d\n", r"no column \['path', 'label'\]; the columns are \['a;b'\]"),
    ],
)
def test_files_that_are_no_table(tmp_path, content, sentence):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"list\.csv: {sentence}\.$") as error:
        from_csv(tmp_path / "list.csv")
    assert "\n" not in str(error.value)


def test_tables_as_programs_write_them(tmp_path):
    write(tmp_path / "a.wav")
    write(tmp_path / "b c, d.wav")
    lines = ["path,label,,", "a.wav,x,,", '"b c, d.wav",y,,', ",,,", ""]
    for name, text in (("bom.csv", "\ufeff" + "\r\n".join(lines)), ("a.tsv", None)):
        text = text or 'path\tlabel\na.wav\tx\n"b c, d.wav"\ty\n'
        (tmp_path / name).write_bytes(text.encode())
        assert ccsav.load_dataset(tmp_path / name).table["path"].tolist() == ["a.wav", "b c, d.wav"]


def test_results_that_the_paper_run_keeps(tmp_path):
    rows = pd.DataFrame({"label": WORDS, "predicted": [*WORDS[1:], None], "answer": WORDS})
    add_rows(rows[:4], tmp_path / "kept.csv")
    kept = in_chunks(len(rows), tmp_path / "kept.csv", lambda r: rows.iloc[r.start : r.stop])
    assert kept["label"].tolist() == kept["answer"].tolist() == WORDS
    assert kept["predicted"].tolist()[:-1] == WORDS[1:] and pd.isna(kept["predicted"].iloc[-1])
    assert not (kept["label"] == kept["predicted"]).any()
    scores = pd.DataFrame({"method": ["NA", "1"], "accuracy": [0.1, np.nan], "episode": [0, 1]})
    add_rows(scores, tmp_path / "scores.csv")
    found = read_rows(tmp_path / "scores.csv", ["accuracy", "episode", "min_tdcf"])
    assert found["method"].tolist() == ["NA", "1"]
    assert found["accuracy"].tolist()[0] == 0.1 and np.isnan(found["accuracy"][1])


def test_csv_files_are_read_by_one_reader():
    sources = [f for d in ("src", "scripts", "benchmarks") for f in (ROOT / d).rglob("*.py")]
    found = {f.name for f in sources if "read_csv(" in f.read_text("utf-8")}
    assert found == {"kept.py"}  # which reads as text what it wrote itself


@pytest.mark.parametrize(
    ("damaged", "sentence"),
    [
        ("café".encode("cp1252"), "not in UTF-8"),
        (b"", "a line with the names of the columns"),
        (b"filename,fold,category,esc10\n1-1-A-0.wav,1\n", "line 2 has 2"),
        (b"filename,fold,category,esc10\n1-1-A-0.wav,one,dog,True\n", "folds that are no numbers"),
    ],
)
def test_damaged_lists_of_a_release(tmp_path, damaged, sentence):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "esc50.csv").write_bytes(damaged)
    with pytest.raises(DatasetError, match=rf"esc50\.csv: .*{sentence}"):
        corpora.load_esc50(tmp_path)


def test_damaged_scores_of_speaker_verification(tmp_path):
    for content in (b"", b"a target\n", b"a target 1\nb spoof 2 3\n", b"\xff\xfe \0 1\n"):
        (tmp_path / "asv.txt").write_bytes(content)
        with pytest.raises(DatasetError, match=r"asv\.txt: not lines of source, key"):
            verification_errors(tmp_path / "asv.txt")


def test_a_class_of_a_release_is_called_none(tmp_path):
    rows = [f"1-{i}-A-0.wav,1,0,{name},True,{i},A" for i, name in enumerate(["None", "dog"])]
    for row in rows:
        write(tmp_path / "audio" / row.split(",")[0])
    (tmp_path / "meta").mkdir()
    names = "filename,fold,target,category,esc10,src_file,take"
    (tmp_path / "meta" / "esc50.csv").write_text("\n".join([names, *rows]))
    assert corpora.load_esc50(tmp_path).labels.tolist() == ["None", "dog"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")),
        ("dog", "dog\u200b"),
        ("\ufeffdog", "dog"),
        ("rock music", "rock\u00a0music"),
        ("dog\u00a0", "dog"),
        ("re\u00adcord", "record"),
    ],
)
def test_names_that_look_alike_are_one(one, other, tmp_path):
    waves = [np.sin(np.arange(800) / n) for n in (10, 20, 30)]
    table = ccsav.Dataset.from_arrays(waves, 8_000, [one, other, "x"], [one, other, "y"])
    assert len(table.labels) == 2 and table.table["group"].nunique() == 2
    for number, label in enumerate((one, other, "x")):
        write(tmp_path / label / f"{number}.wav")
    assert len(ccsav.load_dataset(tmp_path).labels) == 2


def test_spaces_at_the_end_are_still_refused():
    waves = [np.sin(np.arange(800) / n) for n in (10, 20)]
    with pytest.raises(DatasetError, match="labels that differ only by case or spaces"):
        ccsav.Dataset.from_arrays(waves, 8_000, ["dog", "dog "])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_files_are_found_in_either_form_of_their_name(tmp_path, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    for number, name in enumerate(("é.wav", "ü/ñ.wav")):
        write(tmp_path / unicodedata.normalize(form, name), 0.1 * (number + 1))
    names = [unicodedata.normalize(other, name) for name in ("é.wav", "ü/ñ.wav")]
    dataset = ccsav.Dataset(pd.DataFrame({"path": names, "label": ["a", "b"]}), tmp_path)
    assert [dataset.seconds(i) for i in (0, 1)] == pytest.approx([0.1, 0.2])
    assert dataset.digest(0) != dataset.digest(1)


def test_paths_that_no_system_takes(tmp_path):
    (tmp_path / "list.csv").write_text(f"path,label\n{'x' * 300}.wav,a\nb\0.wav,b\n", "utf-8")
    with pytest.raises(DatasetError, match="2 files that do not exist"):
        from_csv(tmp_path / "list.csv")


def test_json_as_programs_write_it(tmp_path):
    write(tmp_path / "a.wav")
    record = '{"wav": "a.wav", "mapped_label": "a\u2028b", "question": "x\u2028y"}'
    for name in ("a.json", "a.jsonl"):
        text = f"[{record}]" if name == "a.json" else record + "\r\n"
        (tmp_path / name).write_bytes(("\ufeff" + text).encode())
        table = ccsav.load_dataset(tmp_path / name).table
        assert table["question"].tolist() == ["x\u2028y"]
    for content in (b"[1]", b"{", '["\xe9"]'.encode("cp1252"), b"[" * 100_000):
        (tmp_path / "b.json").write_bytes(content)
        with pytest.raises(DatasetError, match=r"b\.json: (neither JSON|not a list of records)"):
            ccsav.load_dataset(tmp_path / "b.json")
