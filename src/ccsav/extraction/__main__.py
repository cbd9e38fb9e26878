"""Store the head vectors of a dataset, in one process or in one of several that share the work.

    python -m ccsav.extraction --model MODEL --data DATA --cache FOLDER
    torchrun --nproc-per-node 4 -m ccsav.extraction --model MODEL --data DATA --cache FOLDER

Afterwards `ccsav.open(cache, dataset)`, or `ccsav.extract` with this cache, reads them.
"""

import argparse

import torch

from ccsav.clips.loading import load_dataset
from ccsav.extraction.pipeline import extract
from ccsav.extraction.ranks import find_rank, local_device
from ccsav.lalm.loading import load_lalm


def main() -> None:
    """Read the command line, and store the rows of this process's part of the clips."""
    parser = argparse.ArgumentParser(prog="ccsav.extraction", description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, help="name or folder, as for load_lalm")
    parser.add_argument("--data", required=True, help="name, folder or file, as for load_dataset")
    parser.add_argument("--cache", required=True, help="folder for the head vectors")
    parser.add_argument("--split", help="of the dataset")
    parser.add_argument("--question", help="default: the family's own")
    parser.add_argument("--heads", default="all", help="kind of the heads, or all")
    parser.add_argument("--modality", default="audio")
    parser.add_argument("--window", type=float, help="seconds of a clip that are heard")
    parser.add_argument("--dtype", default="auto", help="that the model computes in")
    parser.add_argument("--device", help="default: this process's GPU, else the CPU")
    parser.add_argument("--batch-size", default="auto")
    parser.add_argument("--truncate", action="store_true", help="use the beginning of long clips")
    parser.add_argument("--skip", action="store_true", help="leave out clips that cannot be used")
    options = parser.parse_args()
    rank, device = find_rank(), options.device
    if device is None:
        gpus = torch.cuda.device_count()
        device = f"cuda:{local_device(gpus)}" if gpus else "cpu"
    lalm = load_lalm(options.model, device=device, dtype=options.dtype, window=options.window)
    dataset = load_dataset(options.data, split=options.split)
    size = options.batch_size if options.batch_size == "auto" else int(options.batch_size)
    acts = extract(
        lalm,
        dataset,
        options.question,
        heads=options.heads,
        modality=options.modality,
        batch_size=size,
        cache=options.cache,
        on_error="skip" if options.skip else "raise",
        truncate=options.truncate,
        keep="disk",
        rank=rank,
    )
    print(f"rank {rank[0]} of {rank[1]}: {len(acts.X)} of {len(dataset)} clips, {acts!r}")


if __name__ == "__main__":
    main()
