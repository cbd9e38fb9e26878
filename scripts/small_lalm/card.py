"""The tables of the small LALM's card, from what was measured."""

from documents import markdown
from measure_mini_lalm import answers_table

from ccsav_lab.methods import METHODS

LEFT_OUT = ["clock", "dog", "rain", "sneeze"]  # classes that the ablated training never named
SHOTS = 5


def card(measured: dict, two_layers: dict) -> dict:
    """The tables of the model card, by the names of their blocks.

    two_layers: what was measured of a model with two of the encoder's layers.
    """
    of = measured["size"]
    heads = " and ".join(f"{number} {kind} heads" for kind, number in of["heads"].items())
    megabytes = [of[f"{part}_bytes"] / 1e6 for part in ("encoder", "trained")]
    size = (
        f"{of['parameters'] / 1e6:.0f} M parameters, {heads}. In the repository: encoder "
        f"{megabytes[0]:.1f} MB, trained parts {megabytes[1]:.1f} MB."
    )
    steps = [
        [step, "-" if answers is None else f"{answers:.2f}", f"{names:.2f}"]
        for step, answers, names in measured["curve"]
    ]
    of = measured["data"]
    data = (
        f"It heard {of['recordings']} environmental recordings ({of['minutes']:.0f} minutes) and "
        f"{of['digits']} spoken digits, and knows the names of {of['names']} sounds and ten digits."
    )
    return {
        "size": size,
        "data": data,
        "layers": layers_table(measured, two_layers),
        "curve": markdown(["step", "loss of answers", "loss of names"], steps),
        "results": markdown(["measure", "result", "target"], results(measured)),
        "answers": answers_table(measured["answers"]),
    }


def layers_table(four: dict, two: dict) -> str:
    """The same training with four and with two encoder layers."""
    both = (four, two)
    rows = [
        ["recordings by likelihood", *(share(m["without_examples"]["rank"]) for m in both)],
        ["recordings in words", *(share(m["without_examples"]["answer"]) for m in both)],
        ["written questions", *(f"{m['text']['small']} of {m['text']['questions']}" for m in both)],
    ]
    for method in ("SAV", "CALM"):  # the same, as published, in both measurements
        name = f"decoder heads, {method}"
        tables = {"recordings": [m["recordings"]["small"] for m in both]}
        tables["held-out procedural sounds"] = [m["heldout"]["18 classes"] for m in both]
        for task, found in tables.items():
            rows.append([f"{task}, {SHOTS} shots, {name}", *(interval(t[name]) for t in found)])
    table = markdown(["measure, as below", "four layers", "two layers"], rows)
    return "\n".join(f"  {line}" for line in table.splitlines())


def results(measured: dict) -> list[list[str]]:
    """Rows of the card's main table: what was measured, what came out, and what was aimed at."""
    named, speed, text = (measured[k] for k in ("without_examples", "speed", "text"))
    unheard = f"{named['clips']} unheard recordings"
    gap = measured["recordings"]["CCSAV, decoder heads, small less whisper"]
    ratio = speed["bfloat16"] / speed["float32"]
    return [
        [f"{unheard}, ten names: right by likelihood", share(named["rank"]), "93"],
        [f"{unheard}: right in its own words", share(named["answer"]), "90"],
        [f"{measured['digits']['clips']} digits of two unheard speakers, in words",
         share(measured["digits"]), "80"],
        ["new procedural clips of trained classes, in words",
         share(measured["answers"]["name"]), "85"],
        *few_shot_rows(measured),
        ["the same episodes: CCSAV, small less whisper-tiny.en", interval(gap), "8"],
        [f"{text['questions']} written questions: right, it / SmolLM2 itself",
         f"{text['small']} / {text['SmolLM2']}", f"{text['SmolLM2'] - 2}"],
        [f"extraction of 5 s clips, {speed['threads']} threads, bfloat16",
         f"{speed['bfloat16']:.1f} clips/s, {ratio:.1f} × float32", "20"],
    ]  # fmt: skip


def few_shot_rows(measured: dict) -> list[list[str]]:
    """A row per task and method."""
    tables = {
        f"unheard recordings, {model}": measured["recordings"][model]
        for model in ("small", "whisper-tiny.en")
    }
    tables |= {f"held-out procedural sounds, {n}": t for n, t in measured["heldout"].items()}
    tables |= {f"{', '.join(LEFT_OUT)}, {n}": t for n, t in measured["left_out"].items()}
    aims = {("unheard recordings, small", "CCSAV"): "93"}
    return [
        [f"{task}, {SHOTS} shots, decoder heads, {method}",
         interval(table[f"decoder heads, {method}"]), aims.get((task, method), "")]
        for task, table in tables.items()
        for method in METHODS
        if f"decoder heads, {method}" in table
    ]  # fmt: skip


def share(entry: dict) -> str:
    """A share in per cent."""
    return f"{100 * entry['right']:.1f} %"


def interval(pair: list[float]) -> str:
    """Mean ± 95 % interval, in per cent."""
    return f"{100 * pair[0]:.1f} ± {100 * pair[1]:.1f}"
