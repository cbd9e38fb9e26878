"""Results kept on disk while they are computed, so that an interrupted run continues."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ccsav.disk.writing import remove_unfinished, write_whole

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows, where a byte of the file is locked
    import msvcrt

    LOCK_EX, LOCK_NB = msvcrt.LK_NBLCK, 0

    def flock(file, kind):
        """Lock the first byte; `PermissionError` if another process holds it."""
        msvcrt.locking(file.fileno(), kind, 1)


CHUNK = 256  # clips or questions after which answers are written to the file


def add_rows(table: pd.DataFrame, file: Path) -> None:
    """Add rows to a CSV file: all of them or, if the process dies, none."""
    before = file.read_text("utf-8") if file.is_file() else ""
    text = before + table.to_csv(index=False, header=not before)
    write_whole(file, lambda path: path.write_text(text, "utf-8"))


def read_rows(file: Path, numbers: Sequence[str] = ()) -> pd.DataFrame:
    """Read what `add_rows` wrote: text as it is, also "None", "NA" and "001"; blank cells are NaN.

    Parameters
    ----------
    file : CSV file.
    numbers : the columns that are numbers, where they are there.
    """
    table = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
    return table.astype({name: float for name in numbers if name in table})


def in_chunks(n: int, file: Path, compute: Callable[[range], pd.DataFrame]) -> pd.DataFrame:
    """The table in a CSV file, as text; `CHUNK` of its `n` rows are computed at a time.

    Parameters
    ----------
    n : number of rows of the whole table.
    file : to which each part is added when it is computed, from where the file ends.
    compute : gives the rows of a range.
    """
    done = len(read_rows(file)) if file.is_file() else 0
    for start in range(done, n, CHUNK):
        add_rows(compute(range(start, min(start + CHUNK, n))), file)
    return read_rows(file)


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Hold a folder of results, which is made if it is not there, until the block or process ends.

    The lock is the system's, on the file `.lock`, which stays: what a killed run leaves holds
    nothing. On a file system without locks there is a warning.

    Raises
    ------
    ValueError
        If another run, of any process, holds the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("a") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise ValueError(
                f"{out}: another run writes into this folder: wait for its end, or choose another."
            ) from error
        except OSError as error:
            warnings.warn(f"{out}: no locks here ({error}): start one run only.", stacklevel=3)
        remove_unfinished(out)
        yield


def digest_of(*tables: pd.DataFrame) -> str:
    """SHA-256 of all that stands in tables: names of columns, rows, and their order."""
    text = "\n".join(table.to_csv(index=False) for table in tables)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def keep_settings(out: Path, settings: dict) -> None:
    """Write `settings.json` into a folder of results, unless it is there.

    Raises
    ------
    ValueError
        If the folder holds results of other settings; names those that differ. If the file is
        damaged.
    """
    file = out / "settings.json"
    if not file.is_file():
        text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
        write_whole(file, lambda path: path.write_text(text, "utf-8"))
    try:
        before = dict(json.loads(file.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file}: damaged, no JSON: choose another folder.") from error
    other = [name for name, value in settings.items() if before.get(name) != value]
    if other:
        raise ValueError(f"{out} holds results of other {', '.join(other)}: choose another folder.")
