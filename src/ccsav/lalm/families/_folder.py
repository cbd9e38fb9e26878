"""A model's folder, looked at before anything in it is used; and the template of its prompts."""

import json
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

NEEDED = (  # of each line, one file
    ("model.safetensors", "model.safetensors.index.json"),
    ("tokenizer.json", "vocab.json", "tokenizer.model", "tekken.json"),
    ("processor_config.json", "preprocessor_config.json"),
)
TEMPLATES = ("chat_template.jinja", "chat_template.json")  # or in one of the next
MAY_HOLD_TEMPLATE = ("tokenizer_config.json", "processor_config.json")
POINTER = b"version https://git-lfs"  # how a Git LFS pointer begins
PATIENCE = 5.0  # seconds that a prompt may take


def check_folder(folder: Path) -> None:
    """Raise `OSError` for a damaged file, which transformers would not name, or leave out."""
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        with file.open("rb") as opened:
            if opened.read(len(POINTER)) == POINTER:
                raise OSError(
                    f"{file}: a pointer of Git LFS in place of the file: run `git lfs pull` in the "
                    "clone that it is from, or download the file."
                )
        try:
            if file.suffix == ".json":
                settings = json.loads(file.read_text("utf-8"))
                if file.name.endswith("config.json") and not isinstance(settings, dict):
                    raise ValueError("settings, {…}, are expected")
            elif file.suffix == ".safetensors":
                safe_open(file, framework="numpy").__exit__(None, None, None)
        except (ValueError, RecursionError, SafetensorError) as error:
            raise OSError(f"{file}: damaged or cut off ({error}): get it again.") from error


def check_complete(folder: Path) -> None:
    """Raise `OSError` for a model's folder in which a file is missing."""
    for names in NEEDED:
        if folder.is_dir() and not any((folder / name).is_file() for name in names):
            raise OSError(f"{folder}: no {' or '.join(names)}, which a model needs: get it again.")


def check_template(folder: Path) -> None:
    """Raise `OSError` where transformers would take its own chat template without a word."""
    files = [folder / name for name in MAY_HOLD_TEMPLATE if (folder / name).is_file()]
    written = any('"chat_template"' in file.read_text("utf-8") for file in files)
    if folder.is_dir() and not written and not any((folder / x).is_file() for x in TEMPLATES):
        raise OSError(f"{folder}: no {TEMPLATES[0]}, without which its prompts would be others.")


@contextmanager
def limited_time(seconds: float = PATIENCE) -> Iterator[None]:
    """Raise `TimeoutError` inside, between two lines of Python, when the time is over."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    def watch(frame, event, arg):
        if time.monotonic() > end:
            raise TimeoutError(f"not done after {seconds:g} s")
        return watch

    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def named_errors(name: object) -> Iterator[None]:
    """Raise what goes wrong inside as an `OSError`, in one sentence that names the model."""
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if text.startswith(f"{name}: "):
            raise
        text = textwrap.shorten(f"{type(error).__name__}: {text}", 400, placeholder=" …")
        kind = MemoryError if isinstance(error, MemoryError) else OSError
        raise kind(f"{name}: cannot be loaded: {text}") from error
