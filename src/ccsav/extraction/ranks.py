"""Which part of the clips a process computes, when several share the work."""

import os
from collections.abc import Mapping


def find_rank(environment: Mapping[str, str] | None = None) -> tuple[int, int]:
    """Number of this process, from 0, and how many share the work, as an engine has set them.

    Looks for torchrun and accelerate (RANK, WORLD_SIZE), then for tasks (SLURM_PROCID,
    SLURM_NTASKS) and arrays of Slurm (SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT; the first number
    is SLURM_ARRAY_TASK_MIN, in steps of SLURM_ARRAY_TASK_STEP). Several tasks in each of several
    array jobs share all the work. Without any: (0, 1).

    Examples
    --------
    >>> find_rank({"RANK": "1", "WORLD_SIZE": "4"})
    (1, 4)
    """
    found = os.environ if environment is None else environment
    if "RANK" in found and "WORLD_SIZE" in found:
        return checked_rank((int(found["RANK"]), int(found["WORLD_SIZE"])))
    task, tasks = int(found.get("SLURM_PROCID", 0)), int(found.get("SLURM_NTASKS", 1))
    first, step = (int(found.get(f"SLURM_ARRAY_TASK_{x}", i)) for x, i in (("MIN", 0), ("STEP", 1)))
    job = (int(found.get("SLURM_ARRAY_TASK_ID", first)) - first) // step
    jobs = int(found.get("SLURM_ARRAY_TASK_COUNT", 1))
    return checked_rank((job * tasks + task, jobs * tasks))


def checked_rank(rank) -> tuple[int, int]:
    """A pair (rank, number of ranks); raises `ValueError` for one that is not possible."""
    try:
        number, count = (int(x) for x in rank)
    except (TypeError, ValueError):
        raise ValueError(f'rank={rank!r}: give "auto", None, or (rank, number of ranks).') from None
    if not 0 <= number < count:
        raise ValueError(f"rank={rank!r}: ranks go from 0 to {count - 1}.")
    return number, count


def local_device(devices: int, environment: Mapping[str, str] | None = None) -> int:
    """Which of a machine's devices this process takes: one after the other by its local number."""
    found = os.environ if environment is None else environment
    local = found.get("LOCAL_RANK", found.get("SLURM_LOCALID", "0"))
    return int(local) % max(1, devices)
