"""The state of a training on disk, from which a run that was stopped goes on as the same run."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ccsav.disk.writing import write_whole


class SavedRun:
    """The state of one training, in a folder of its own, written whole or not at all.

    Parameters
    ----------
    work : the folder.
    options : what the course of the training depends on, as plain values. A state that was begun
        with others ends the program with a sentence that names them.
    """

    def __init__(self, work: Path, options: dict):
        self.state, self.curve = work / "state.safetensors", work / "log.json"
        work.mkdir(parents=True, exist_ok=True)
        file = work / "options.json"
        begun = json.loads(file.read_text("utf-8")) if self.state.exists() else options
        if differ := [name for name in options if begun[name] != options[name]]:
            raise SystemExit(
                f"{self.state} was begun with other options ({', '.join(differ)}): "
                f"give the same, or another --work."
            )
        write_whole(file, lambda path: path.write_text(json.dumps(options), "utf-8"))

    def save(self, weights: dict[str, nn.Parameter], optimiser, step: int, log: list) -> None:
        """Write weights by name, the optimiser's moments of them, the step, and the curve."""
        tensors = {name: weight.detach() for name, weight in weights.items()}
        for name, weight in weights.items():
            for moment, value in optimiser.state.get(weight, {}).items():
                tensors[f"optimiser.{moment}.{name}"] = value
        tensors["step"] = torch.tensor(step)
        tensors = {name: value.cpu().contiguous().clone() for name, value in tensors.items()}
        write_whole(self.state, lambda path: save_file(tensors, path))
        write_whole(self.curve, lambda path: path.write_text(json.dumps(log), "utf-8"))

    def restore(self, weights: dict[str, nn.Parameter], optimiser) -> tuple[int, list]:
        """Fill in what was saved; returns the step and the curve, 0 and none if nothing was."""
        if not self.state.exists():
            return 0, []
        tensors = load_file(self.state)
        for name, weight in weights.items():
            weight.data.copy_(tensors[name])
            moments = {m: f"optimiser.{m}.{name}" for m in ("step", "exp_avg", "exp_avg_sq")}
            if moments["step"] in tensors:  # a weight that had no gradient yet has none
                moments = {m: tensors[key].to(weight.device) for m, key in moments.items()}
                optimiser.state[weight] = moments | {"step": moments["step"].cpu()}
        step = int(tensors["step"])
        print(f"continuing from step {step}")
        return step, json.loads(self.curve.read_text("utf-8"))


def trained(**modules: nn.Module) -> dict[str, nn.Parameter]:
    """The weights of some modules that are trained, by name; a shared one once."""
    return {
        f"{part}.{name}": weight
        for part, module in modules.items()
        for name, weight in module.named_parameters()
        if weight.requires_grad
    }
