"""What all checks do: wait for an answer, give a hint on a wrong one, confirm a right one."""

import functools
from collections.abc import Callable

import numpy as np
import torch

OTHER = "other numbers"  # of the right shape: which hint they deserve is decided by the caller


class NotYet(AssertionError):
    """The answer is not right yet; the message is a hint."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook, show the message alone, without a traceback into this library."""
        return [f"Not yet: {self}"]


def check(find_problem: Callable[..., str | None]) -> Callable[..., None]:
    """Make a check of a function that returns a hint on its first argument, or None if it is right.

    The check prints a reminder while the answer is still `...`; it raises `NotYet` with the hint on
    a wrong answer, and prints "Right." on a right one.
    """

    @functools.wraps(find_problem)
    def checked(mine, *args, **kwargs) -> None:
        if mine is ...:
            print("Your turn: put your answer in place of ... and run this cell again.")
            return
        problem = find_problem(mine, *args, **kwargs)
        if problem:
            raise NotYet(problem)
        print("Right.")

    return checked


def mismatch(mine, right, hint: str = "", tolerance: float = 1e-4) -> str | None:
    """Why an answer differs from a number or array: its type, its shape, or `hint`; None if equal.

    Parameters
    ----------
    mine : array-like
        The answer; may be a torch tensor.
    right : array-like
        Any shape.
    hint : str
        Returned where the shape is right and the numbers are not.
    tolerance : float
        Relative and absolute.
    """
    right = np.asarray(right)
    mine = mine.detach().cpu().numpy() if isinstance(mine, torch.Tensor) else mine
    try:
        mine = np.asarray(mine, dtype=float)
    except (TypeError, ValueError):
        return f"give a number or an array; this is a {type(mine).__name__}."
    if mine.shape != right.shape:
        return f"the shape should be {right.shape}; yours is {mine.shape}."
    close = np.allclose(mine, right, atol=tolerance, rtol=tolerance)
    return None if close else hint or "the numbers are not right yet."


def between(mine, low, high) -> bool:
    """Whether the answer is one number within the two."""
    is_number = mismatch(mine, low, OTHER) in (None, OTHER)
    return is_number and low - 1e-9 <= float(mine) <= high + 1e-9


def matching_hint(mine, hints: dict[str, object]) -> str | None:
    """The hint on the wrong answer that this is, or None; hints: hint → wrong answer."""
    return next((hint for hint, wrong in hints.items() if mismatch(mine, wrong) is None), None)
