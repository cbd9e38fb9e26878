"""What tests of several families compare: projections' outputs, batches with single clips."""

import torch

from ccsav.lalm.batch_inputs import model_arguments


def outputs_of_projections(lalm, waves, question=None):
    """What each output projection gives at the read-out positions, module → (B, width)."""
    taken, hooks = {}, []
    prompts = [lalm.prompt(question)] * len(waves)
    inputs, frames = lalm.inputs(waves, prompts)
    for module, rows in lalm.heads.groupby("module"):

        def keep(_, __, output, module=module, pool=rows["pool"].iloc[0]):
            if pool == "last":
                taken[module] = output[:, -1]
            else:  # clips padded to one length, or one after the other
                packed = output.ndim == 2
                parts = output[: frames.sum()].split(frames.tolist()) if packed else output
                taken[module] = torch.stack(
                    [x[:n].mean(0) for x, n in zip(parts, frames, strict=True)]
                )

        hooks.append(lalm.model.get_submodule(module).register_forward_hook(keep))
    try:
        with torch.inference_mode(), model_arguments(lalm, inputs) as arguments:
            lalm.model.base_model(**arguments, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return taken


def check_sums(lalm, waves):
    """Σ_k W_O[:, slice k] h_k + bias is the projection's output, in every layer."""
    vectors = lalm.head_vectors(waves, heads="all")
    expected = outputs_of_projections(lalm, waves)
    assert len(expected) == lalm.heads["module"].nunique() > 0
    for module, rows in lalm.heads.groupby("module"):
        projection = lalm.model.get_submodule(module)
        dim = rows["dim"].iloc[0]
        total = torch.zeros(len(waves), projection.weight.shape[0])
        for k, row in rows.iterrows():
            columns = slice(row["head"] * dim, (row["head"] + 1) * dim)
            total += vectors[:, k, :dim] @ projection.weight[:, columns].T
        if projection.bias is not None:
            total += projection.bias
        torch.testing.assert_close(total, expected[module], rtol=1e-5, atol=1e-5)


def relative_error(a, b):
    """Largest difference of any head vector, relative to its length."""
    return ((a - b).norm(dim=-1) / b.norm(dim=-1)).max().item()


def check_batching(lalm, waves, heads="all"):
    together = lalm.head_vectors(waves, heads=heads)
    alone = torch.cat([lalm.head_vectors([wave], heads=heads) for wave in waves])
    assert relative_error(together, alone) <= 1e-4
