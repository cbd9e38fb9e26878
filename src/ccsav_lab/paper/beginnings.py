"""The beginnings of clips that are longer than a model's window."""

from dataclasses import dataclass, fields

from ccsav.clips.dataset import Dataset


@dataclass(frozen=True, eq=False)
class _Beginnings(Dataset):
    """A dataset whose clips end after `longest` seconds; readers stop at the model's window."""

    longest: float = float("inf")

    def seconds(self, i: int, modality: str = "audio") -> float:
        return min(super().seconds(i, modality), self.longest)


def first_seconds(dataset: Dataset, longest: float) -> Dataset:
    """The same clips, of which those that are longer are taken to end after `longest` seconds.

    Parameters
    ----------
    dataset : of any source.
    longest : the window of the model that reads the clips, in seconds.
    """
    own = {field.name: getattr(dataset, field.name) for field in fields(Dataset)}
    return _Beginnings(**own, longest=longest)
