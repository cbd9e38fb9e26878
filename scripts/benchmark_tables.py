"""The tables of docs/benchmarks.md, from benchmarks/results.json."""

from documents import difference, markdown


def all_benchmarks(results: dict) -> str:
    """The benchmarks, and the machine that they ran on."""
    m = results["machine"]
    machine = f"{m['processor']}, {m['cores']} cores, {m['memory_gib']} GiB, torch {m['torch']}"
    seconds = f"{results['extraction'][0]['clip_s']:g}"
    return "\n\n".join(
        [
            f"Extraction, {seconds} s clips, on the CPU ({machine}):",
            extraction_table(results["extraction"]),
            "Prediction with 309 classes, 1024 heads of 128 numbers:",
            prediction_table(results["prediction"]),
            fitting_note(results["memory"]),
            memory_table(results["memory"]),
            f"bfloat16 in place of float32, threads: {results['precision'][0]['threads']}",
            precision_table(results["precision"]),
        ]
    )


def extraction_table(rows: list[dict]) -> str:
    """How many times faster than a loop, and the speed of a forward pass that reads nothing."""
    head = ["model", "window", "batch", "loop", "20 × loop", "bare forward", "nnsight", "clips/s"]
    cells = [
        [
            f"{r['model']}, {r['parameters_m']:g} M",
            f"{r['window_s']:g} s" + loop_note(r),
            r["batch_size"],
            f"{r['times_faster_than_loop']:g}×",
            f"{r['times_faster_than_published']:g}×",
            f"{r['speed_of_bare_forward']:.2f}",
            f"{r['times_faster_than_nnsight']:g}×",
            f"{r['clips_per_s']:g}",
        ]
        for r in rows
    ]
    return markdown(head, cells)


def precision_table(rows: list[dict]) -> str:
    """Speed, likeness of head vectors, and change of few-shot accuracy with bfloat16."""
    batches = [key.removeprefix("clips_per_s_") for key in rows[0] if key.startswith("clips_per")]
    head = [
        "model",
        "clips",
        *(f"clips/s, batches of {batch} (times float32)" for batch in batches),
    ]
    head += ["cosine, median", "cosine, lowest 1 %", "change of CCSAV's accuracy, 5 shots"]
    cells = [
        [
            r["model"],
            f"{r['clip_s']:g} s",
            *(f"{r[f'clips_per_s_{b}']:g} ({r[f'times_float32_{b}']:g}×)" for b in batches),
            f"{r['cosine_median']:.5f}",
            f"{r['cosine_lowest_percent']:.4f}",
            difference(r, "change", "interval"),
        ]
        for r in rows
    ]
    return markdown(head, cells)


def prediction_table(rows: list[dict]) -> str:
    """Memory of prediction with all posteriors at once, and a few clips at a time."""
    head = ["clips", "posteriors", "peak, all at once", "peak, streaming", "faster"]
    sizes = ["posteriors_mib", "peak_all_at_once_mib", "peak_streaming_mib"]
    cells = [
        [
            r["clips"],
            *(f"{r[size]} MiB" for size in sizes),
            f"{r['times_faster_than_all_at_once']:g}×",
        ]
        for r in rows
    ]
    return markdown(head, cells)


def fitting_note(rows: list[dict]) -> str:
    """What the next table is of, and how much longer CCSAV takes to fit than CALM."""
    seconds = {r["method"]: r["fit_s"] for r in rows}
    times = f"{seconds['CCSAV'] / seconds['CALM']:.1f}×"
    return (
        "Fitting and predicting with these sizes, head vectors on disk (see [scale](scale.md)). "
        f"To fit, CCSAV took {times} the time of CALM, beside other work:"
    )


def loop_note(row: dict) -> str:
    """The loop's window, where it is not the same."""
    same = row["window_s"] == row["window_of_loop_s"]
    return "" if same else f" (loop: {row['window_of_loop_s']:g} s)"


def memory_table(rows: list[dict]) -> str:
    """Time and memory with head vectors on disk."""
    head = ["method", "rows on disk", "fitted to", "predicted", "fit", "peak memory"]
    cells = [
        [
            r["method"],
            f"{r['rows']:,} ({r['data_gb']:g} GB)",
            f"{r['classes']} classes × {r['shots']} clips",
            f"{r['rows'] - r['classes'] * r['shots']:,}",
            f"{r['fit_s']:g} s",
            f"{r['peak_mib']:,} MiB",
        ]
        for r in rows
    ]
    return markdown(head, cells)


def ranks_table(rows: list[dict]) -> str:
    """Speed of several ranks."""
    cells = [[r["ranks"], f"{r['clips_per_s']:g}", f"{r['of_linear']:.2f}"] for r in rows]
    return markdown(["ranks", "clips/s", "of linear"], cells)


def store_table(rows: list[dict]) -> str:
    """Reading the store again, and the way from files."""
    found = {r["what"]: r for r in rows}
    warm, files = found["warm store"], found["end to end"]
    cells = [
        ["warm store", f"{warm['rows']:,} rows", f"{warm['rows_per_s']:,} rows/s", warm["ratio"]],
        ["end to end", f"{files['clips']:,} clips", f"{files['clips_per_s']:g} clips/s"],
    ]
    cells[1] += [files["ratio"]]
    return markdown(["what", "size", "speed", "ratio"], cells)


def simulation_table(rows: list[dict]) -> str:
    """Time and memory of the steps on a store of two million rows."""
    cells = [[r["step"], f"{r['rows']:,}", f"{r['seconds']:g} s", r["memory_mib"]] for r in rows]
    return markdown(["step", "rows", "time", "memory, MiB"], cells)


def audioset_table() -> str:
    """Hours and dollars for two million clips on eight GPUs, for some rates and a price."""
    clips, gpus, dollars = 2_000_000, 8, 2.5
    cells = []
    for rate in (5, 20, 80):
        hours = clips / (3600 * rate * gpus)
        cells.append([rate, f"{hours:.1f}", f"{hours * gpus * dollars:,.0f}"])
    return markdown([f"clips/s per GPU ({gpus} GPUs, {dollars:g} $ an hour)", "hours", "$"], cells)
