"""The machine that the numbers were measured on, and the file of the results."""

import json
import os
import platform
from pathlib import Path

import torch
import transformers

from ccsav.disk.writing import write_whole

RESULTS = Path(__file__).parent / "results.json"


def describe() -> dict:
    """Processor, cores, memory and versions of this machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def keep(name: str, rows: list[dict]) -> None:
    """Write a table to results.json; the tables of other benchmarks stay."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results |= {"machine": describe(), name: rows}
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    write_whole(RESULTS, lambda path: path.write_text(text, "utf-8"))
