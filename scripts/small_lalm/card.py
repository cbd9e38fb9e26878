"""The tables of the small LALM's card, from what was measured."""

from documents import markdown
from measure_mini_lalm import answers_table

from ccsav_lab.methods import METHODS

LEFT_OUT = ["clock", "dog", "rain", "sneeze"]  # classes that the ablated training never named
SHOTS = 5


def card(measured: dict) -> dict:
    """The tables of the model card, by the names of their blocks."""
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
        "curve": markdown(["step", "loss of answers", "loss of names"], steps),
        "results": markdown(["measure", "result"], results(measured)),
        "answers": answers_table(measured["answers"]),
    }


def results(measured: dict) -> list[list[str]]:
    """Rows of the card's main table: what was measured, and what came out."""
    named, speed, text_right = (measured[k] for k in ("without_examples", "speed", "text"))
    number = named["clips"]
    rows = [
        [f"{number} unheard recordings, ten names: right by likelihood", share(named["rank"])],
        [f"{number} unheard recordings: right in its own words", share(named["answer"])],
        [f"{measured['digits']['clips']} digits of two unheard speakers, in words",
         share(measured["digits"])],
        ["new procedural clips of trained classes, in words", share(measured["answers"]["name"])],
    ]  # fmt: skip
    few = f"{SHOTS} shots, decoder heads"
    tasks = [(f"unheard recordings, {few}, {model}", measured["recordings"][model])
             for model in ("small", "whisper-tiny.en")]  # fmt: skip
    tasks += [
        (f"held-out procedural sounds, {name}, {few}", table)
        for name, table in measured["heldout"].items()
    ]
    tasks += [
        (f"{', '.join(LEFT_OUT)}, {few}, {name}", table)
        for name, table in measured["left_out"].items()
    ]
    rows += [
        [f"{task}: {method}", interval(table[f"decoder heads, {method}"])]
        for task, table in tasks
        for method in METHODS
    ]
    gap = measured["recordings"]["CCSAV, decoder heads, small less whisper"]
    ratio = speed["bfloat16"] / speed["float32"]
    return [
        *rows,
        ["the same episodes: CCSAV, small less whisper-tiny.en", interval(gap)],
        [f"{text_right['questions']} written questions: right, it / SmolLM2 itself",
         f"{text_right['small']} / {text_right['SmolLM2']}"],
        [f"extraction of 5 s clips, {speed['threads']} threads, bfloat16",
         f"{speed['bfloat16']:.1f} clips/s, {ratio:.1f} × float32"],
    ]  # fmt: skip


def share(entry: dict) -> str:
    """A share in per cent."""
    return f"{100 * entry['right']:.1f} %"


def interval(pair: list[float]) -> str:
    """Mean ± 95 % interval, in per cent."""
    return f"{100 * pair[0]:.1f} ± {100 * pair[1]:.1f}"
