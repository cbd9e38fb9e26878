"""The residual stream at the last prompt token: what each layer reads there, and what it adds."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import nn

from ccsav.lalm.batch_inputs import model_arguments
from ccsav.lalm.model import LALM


@dataclass(frozen=True, eq=False)
class Pass:
    """One forward pass of B clips at the last position, on the CPU in float32.

    Attributes
    ----------
    model, norm : the model and its decoder's final norm.
    before, after : (B, F) of each of L layers: the stream that it is given, and that it gives.
    vectors : path of an output projection → its input, (B, H·dim).
    multiplier : path of an output projection → the factor before it is added to the stream.
    mlps : (B, F) of each layer: all that the layer adds and its heads do not.
    written : (B, F) of each layer, what the layer's own MLP gives, or None where it is not known.
    unembedding, output_bias : weights of the output layer, (V, F) and (V,).
    factor : what the model multiplies the output layer's numbers by.
    logits : (B, V)
    """

    model: nn.Module
    norm: nn.Module
    before: Sequence[torch.Tensor]
    after: Sequence[torch.Tensor]
    vectors: Mapping[str, torch.Tensor]
    multiplier: Mapping[str, float]
    mlps: Sequence[torch.Tensor]
    written: Sequence[torch.Tensor | None]
    unembedding: torch.Tensor
    output_bias: torch.Tensor
    factor: float
    logits: torch.Tensor

    def check_sum(self) -> None:
        """Raise `ValueError` unless each layer adds its heads and its MLP to the stream as is."""
        tolerance = max(1e-3, 8 * torch.finfo(self.model.dtype).eps)
        for layer, (rest, own) in enumerate(zip(self.mlps, self.written, strict=True)):
            size = self.after[layer].abs().max()
            if own is None or (rest - own).abs().max() > tolerance * size:
                raise ValueError(
                    f"layer {layer} of {type(self.model).__name__} does not add its heads' output "
                    "to the stream as it is: what a head writes is not defined. Use activation "
                    "patching, which needs no such sum."
                )


def last_position(lalm: LALM, inputs: dict) -> Pass:
    """Run the model on what `LALM.inputs` prepared, and keep what is needed at the last position.

    Raises `ValueError` for models whose stream has several parts, or whose output layer is followed
    by more than a factor.
    """
    model, decoder, kept = lalm.model, lalm.model.get_decoder(), {}
    site = next(site for site in lalm.family.sites if site.kind == "decoder")
    layers = model.get_submodule(site.layers)
    paths = lalm.select(None)["module"].unique()
    projections = {path: model.get_submodule(path) for path in paths}
    mlps = [getattr(layer, "mlp", None) or getattr(layer, "fc2", None) for layer in layers]
    output = model.get_output_embeddings()
    with ExitStack() as stack, torch.inference_mode(), model_arguments(lalm, inputs) as arguments:
        for module in (*layers, *projections.values(), *filter(None, mlps), output):
            hook = module.register_forward_hook(_keeper(kept), with_kwargs=True)
            stack.enter_context(hook)
        stack.enter_context(output.register_forward_pre_hook(_last_of))
        logits = model(**arguments, use_cache=False).logits[:, -1].float().cpu()
    before, after = zip(*(kept[layer] for layer in layers), strict=True)
    multiplier, added = {}, []
    for i, layer in enumerate(layers):
        factor = float(getattr(layer, "residual_multiplier", 1.0))
        own = [path for path in paths if path.startswith(f"{site.layers}.{i}.")]
        multiplier |= dict.fromkeys(own, factor)
        added.append(after[i] - before[i] - factor * sum(kept[projections[p]][1] for p in own))
    scaled = [float(getattr(layer, "residual_multiplier", 1.0)) for layer in layers]
    written = [None if m is None else s * kept[m][1] for m, s in zip(mlps, scaled, strict=True)]
    bias = getattr(output, "bias", None)
    return Pass(
        model=model,
        norm=getattr(decoder, "norm", None) or decoder.layer_norm,
        before=before,
        after=after,
        vectors={path: kept[projections[path]][0] for path in paths},
        multiplier=multiplier,
        mlps=added,
        written=written,
        unembedding=output.weight.float().cpu(),
        output_bias=torch.zeros(len(output.weight)) if bias is None else bias.float().cpu(),
        factor=_factor(kept[output][1], logits),
        logits=logits,
    )


def _keeper(kept):
    """A hook that keeps a module's input and output at the last position."""

    def keep(module, args, kwargs, output):
        given = args[0] if args else kwargs["hidden_states"]
        output = output[0] if isinstance(output, tuple) else output
        if given.ndim != 3 or output.ndim != 3:
            raise ValueError(
                f"{type(module).__name__}: the stream has several parts in this model."
            )
        kept[module] = [x[:, -1].float().cpu() for x in (given, output)]

    return keep


def _last_of(_, args):
    """A hook that leaves the last position alone: logits of all would fill the memory."""
    return (args[0][:, -1:], *args[1:])


def _factor(raw, logits) -> float:
    """The factor between what the output layer gives and the logits; `ValueError` if it is more."""
    factor = float((raw * logits).sum() / raw.square().sum())
    if (factor * raw - logits).abs().max() > 1e-3 * logits.abs().max():
        raise ValueError("the logits are more than a factor times what the output layer gives.")
    return factor
