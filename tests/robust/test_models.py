"""Model folders that are damaged, cut, edited, or with code: refused by name, or known apart."""

import ast
import json
import shutil
import time
import warnings
from functools import partial

import nbformat
import numpy as np
import pytest

import ccsav
from ccsav.lalm import loading
from tests import ROOT
from tests.robust.test_mutations import mutated

ROUNDS = 6  # mutations of each file
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture
def copy(model_folders, tmp_path):
    """A function that copies a tiny model and changes one of its files: {name: bytes or None}."""

    def copied(family="qwen2_audio", **files):
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(model_folders[family], folder)
        for name, content in files.items():
            if content is None:
                (folder / name).unlink()
            else:
                (folder / name).write_bytes(content)
        return folder

    return copied


def load(folder):
    return ccsav.load_lalm(folder, device="cpu")


def files_of(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def in_place_of_a_value(data, rng):
    """A JSON file with another value, of any type, somewhere in it."""
    content = json.loads(data)
    place = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[rng.integers(len(keys))]
        if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.2:
            break
        place = place[key]
    place[key] = [None, -1, 0, 10**6, 0.5, "x", [], {}, True][rng.integers(9)]
    return json.dumps(content).encode()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["qwen2_audio", "whisper"])
def test_damaged_models(model_folders, copy, family):
    rng, accepted, tried = np.random.default_rng(len(family)), 0, 0
    for name, whole in files_of(model_folders[family]).items():
        for i in range(2 * ROUNDS if name.endswith(".json") else ROUNDS):
            damaged = mutated(whole, rng, i % 5) if i < ROUNDS else in_place_of_a_value(whole, rng)
            folder, start = copy(family, **{name: bytes(damaged)}), time.monotonic()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    load(folder)
                accepted += 1
            except (OSError, ValueError) as error:
                assert str(error).startswith(str(folder)), name
                assert "\n" not in str(error)
            tried += 1
            assert time.monotonic() - start < 10
    assert 0 < accepted < 0.6 * tried


@pytest.mark.parametrize("family", ["qwen2_audio", "whisper"])
def test_git_lfs_pointers_cut_and_missing_files(model_folders, copy, family):
    for name, whole in files_of(model_folders[family]).items():
        with pytest.raises(OSError, match=rf"/{name}: a pointer of Git LFS in place of the file"):
            load(copy(family, **{name: POINTER}))
        if name.endswith((".json", ".safetensors")):
            with pytest.raises(OSError, match=rf"/{name}: damaged or cut off \(.*\): get it again"):
                load(copy(family, **{name: whole[: len(whole) // 2]}))
    for name in ("model.safetensors", "tokenizer.json", "processor_config.json"):
        with pytest.raises(OSError, match=rf"/model: no {name} or .*, which a model needs"):
            load(copy(family, **{name: None}))
    with pytest.raises(OSError, match=r"/config\.json: damaged or cut off \(settings, \{…\}, are"):
        load(copy(family, **{"config.json": b"[]"}))


def test_an_edited_tokenizer_or_template_is_another_model(model_folders, copy, qwen):
    files = files_of(model_folders["qwen2_audio"])
    assert load(copy()).fingerprint == qwen.fingerprint
    tokenizer = json.loads(files["tokenizer.json"])
    swapped = dict(tokenizer["model"]["vocab"])
    swapped["a"], swapped["b"] = swapped["b"], swapped["a"]
    settings = json.loads(files["processor_config.json"])
    settings["feature_extractor"]["n_fft"] = 512
    edits = {
        "tokenizer.json": {**tokenizer, "model": {**tokenizer["model"], "vocab": swapped}},
        "processor_config.json": settings,
        "generation_config.json": {"eos_token_id": 1},
    }
    edits = {name: json.dumps(content).encode() for name, content in edits.items()}
    template = files["chat_template.jinja"]
    edits["chat_template.jinja"] = template.replace(b"helpful", b"careful")
    assert template != edits["chat_template.jinja"]
    found = {name: load(copy(**{name: edit})).fingerprint for name, edit in edits.items()}
    assert len({qwen.fingerprint, *found.values()}) == 1 + len(edits), found


def test_a_fingerprint_does_not_change_with_use(model_folders, waves):
    used, fresh = load(model_folders["qwen2_audio"]), load(model_folders["qwen2_audio"])
    used.head_vectors(waves[:2])
    used.answer(waves[:1])
    assert used.fingerprint == fresh.fingerprint


def test_a_missing_chat_template_is_refused(copy):
    with pytest.raises(OSError, match=r"/model: no chat_template\.jinja, without which its promp"):
        load(copy(**{"chat_template.jinja": None}))
    folder = copy()
    template = (folder / "chat_template.jinja").read_text()
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(
        json.dumps(settings | {"chat_template": template})
    )
    (folder / "chat_template.jinja").unlink()
    assert load(folder).prompt()


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (LOOP, "TimeoutError: not done after"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"),
        ("{{ raise_exception('no') }}", "no"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ 'x' * 999999999999 }}", "MemoryError"),
    ],
    ids=["loop", "recursion", "exception", "syntax", "size"],
)
def test_templates_that_give_no_prompt(copy, template, reason, monkeypatch):
    monkeypatch.setattr(loading, "limited_time", partial(loading.limited_time, 0.5))
    start = time.monotonic()
    with pytest.raises((OSError, MemoryError), match=rf"/model: cannot be loaded: .*{reason}"):
        load(copy(**{"chat_template.jinja": template.encode()}))
    assert time.monotonic() - start < 4


@pytest.mark.parametrize("given", [{"dtype": "fp16"}, {"dtype": "int8"}, {"dtype": "nn"}])
def test_number_formats_that_are_none(model_folders, given):
    with pytest.raises(ValueError, match=rf"^dtype='{given['dtype']}': choose auto, fast, float32"):
        ccsav.load_lalm(model_folders["whisper"], device="cpu", **given)


def test_devices_that_are_none(model_folders):
    with pytest.raises(ValueError, match=r"^device='gpu': Expected one of cpu, "):
        ccsav.load_lalm(model_folders["whisper"], device="gpu")


@pytest.mark.parametrize("question", ["{", "}", "{x}", "{0}", "{{", "%s %", "{% if %}", "{{ 1 }}"])
def test_questions_with_braces(lalm, waves, question):
    assert question in lalm.prompt(question)
    assert lalm.head_vectors(waves[:1], question).isfinite().all()


def test_code_is_refused_at_every_call():
    sources = [f.read_text("utf-8") for d in ("src", "scripts", "benchmarks") for f in
               (ROOT / d).rglob("*.py")]  # fmt: skip
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        cells = [c.source for c in nbformat.read(file, 4).cells if c.cell_type == "code"]
        sources += ["\n".join(x for x in c.splitlines() if x[:1] not in "%!") for c in cells]
    found = 0
    for source in sources:
        refusing = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                options = {x.arg: ast.unparse(x.value) for x in node.keywords}
                if options.get("trust_remote_code") == "False":
                    refusing |= {id(part) for part in (node.func, *node.args)}
            if isinstance(node, ast.Attribute) and node.attr == "from_pretrained":
                found += 1
                ours = ast.unparse(node.value) in ("nn.Embedding",)
                assert ours or id(node) in refusing, ast.unparse(node)
    assert found >= 10


def test_code_beside_a_supported_model_leaves_no_mark(model_folders, copy, tmp_path):
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w').close()\nclass It: pass\n".encode()
    names = ("AutoConfig", "AutoModel", "AutoProcessor", "AutoTokenizer", "AutoFeatureExtractor")
    auto_map = {name: "code.It" for name in names}
    for name in ("config.json", "tokenizer_config.json", "processor_config.json"):
        settings = json.loads((model_folders["qwen2_audio"] / name).read_text())
        edited = json.dumps(settings | {"auto_map": auto_map}).encode()
        assert load(copy(**{name: edited, "code.py": code})).family.name == "Qwen2-Audio"
    assert not mark.exists()
