"""What all checks do: wait for an answer, refuse a wrong one with a hint, praise a right one."""

import functools
from collections.abc import Callable

import numpy as np
import torch


class NotYet(AssertionError):
    """The answer is not right yet; the message says where to look."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook the message alone, without a traceback into this library."""
        return [f"Not yet: {self}"]


def check(complaint: Callable[..., str | None]) -> Callable[..., None]:
    """Make a check of a function that returns what is wrong with its first argument, or None.

    The check does nothing but ask for an answer where that is still `...`; it raises `NotYet` on a
    wrong one.
    """

    @functools.wraps(complaint)
    def checked(mine, *args, **kwargs) -> None:
        if mine is ...:
            print("Your turn: put your answer in place of ... and run this cell again.")
            return
        problem = complaint(mine, *args, **kwargs)
        if problem:
            raise NotYet(problem)
        print("Right.")

    return checked


def unlike(mine, right, hint: str = "", tolerance: float = 1e-4) -> str | None:
    """What keeps two arrays or numbers from being equal: their shape, or `hint`; None if nothing.

    mine: anything that NumPy makes numbers of, torch tensors too; right: array, any shape.
    """
    right = np.asarray(right)
    mine = mine.detach().cpu().numpy() if isinstance(mine, torch.Tensor) else mine
    try:
        mine = np.asarray(mine, dtype=float)
    except (TypeError, ValueError):
        return f"a number or an array is wanted, but this is a {type(mine).__name__}."
    if mine.shape != right.shape:
        return f"the shape should be {right.shape}, but yours is {mine.shape}."
    close = np.allclose(mine, right, atol=tolerance, rtol=tolerance)
    return None if close else hint or "the numbers are not right yet."
