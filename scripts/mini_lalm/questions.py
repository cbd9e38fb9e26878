"""Questions about a clip, in several phrasings, and the answers in words."""

import numpy as np

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PHRASINGS = {
    "name": ["What sound is this?", "What do you hear?", "Name this sound.", "Which sound is it?"],
    "digit": ["Which digit is spoken?", "What number do you hear?", "Which number is this?"],
    "family": ["What kind of sound is this?", "Which family does this sound belong to?"],
    "is it": ["Is this {x}?", "Do you hear {x}?", "Could this be {x}?"],
    "options": ["Which of these is it: {x}?", "Choose one: {x}.", "Is it one of these: {x}?"],
    "pitch": ["Is the sound high or low?", "High or low?", "Is its pitch high or low?"],
    "events": ["How many events are there?", "How often does it happen?", "Count the events."],
    "level": ["Is the sound loud or soft?", "Loud or soft?", "How loud is it?"],
    "real": [
        "Is this real or resynthesised?",
        "Real or resynthesised?",
        "Is this a real recording?",
    ],
}
WEIGHTS = {"name": 8, "digit": 8, "family": 2, "is it": 24, "options": 2, "pitch": 1, "events": 3,
           "level": 1, "real": 5}  # fmt: skip
ABOUT_THE_NAME = frozenset({"name", "digit", "family", "is it", "options"})
LOW_HZ, HIGH_HZ = 350.0, 800.0  # no question about pitches in between
SOFT_DB, LOUD_DB = -40.0, -28.0  # root mean square re full scale, likewise
MOST_EVENTS = 6
WRONG_OPTIONS = 3


def ask(
    rng: np.random.Generator,
    facts: dict,
    names: list[str],
    asked: frozenset = frozenset(),
    weights: dict = WEIGHTS,
) -> tuple[str, str, str]:
    """Draw a question about a clip: (task, question, answer).

    The answer to "is it X" is the true name, and then yes or no: the comparison is a second step.

    Parameters
    ----------
    facts : about the clip, see `possible`.
    names : candidates for wrong options; for a digit they are the other digits.
    asked : tasks that are left out.
    weights : of the tasks, for the draw.

    Raises
    ------
    ValueError
        If no task is left.
    """
    tasks = [task for task in possible(facts) if task not in asked]
    if not tasks:
        raise ValueError(f"no question is left about a clip with the facts {sorted(facts)}.")
    chances = np.array([weights[task] for task in tasks], float)
    task = str(rng.choice(tasks, p=chances / chances.sum()))
    question = str(rng.choice(PHRASINGS[task]))
    if task in ("is it", "options"):
        name, others = (facts["name"], names) if "name" in facts else (facts["digit"], DIGITS)
        wrong = [str(n) for n in rng.permutation(others) if n != name][:WRONG_OPTIONS]
        if task == "options":
            shown = ", ".join(map(str, rng.permutation([name, *wrong])))
            return task, question.format(x=shown), name
        truth = rng.random() < 0.5
        shown = name if truth else wrong[0]
        return task, question.format(x=shown), f"{name}, so {'yes' if truth else 'no'}"
    return task, question, answer(task, facts)


def settled(task: str) -> frozenset:
    """The tasks whose answer is clear once this one has been answered."""
    named = task in ("name", "digit", "options", "is it")
    return ABOUT_THE_NAME if named else frozenset({task})


def answer(task: str, facts: dict) -> str:
    """The answer to an open question."""
    if task == "pitch":
        return "high" if facts["pitch"] > HIGH_HZ else "low"
    if task == "level":
        return "loud" if facts["level"] > LOUD_DB else "soft"
    return str(facts[task])


def possible(facts: dict) -> list[str]:
    """The tasks that a clip's facts can answer, in a fixed order.

    facts: any of name, digit, family, real ("real" or "resynthesised"), pitch (Hz), events
    (their number) and level (dB re full scale).
    """
    able = {
        "name": "name" in facts,
        "digit": "digit" in facts,
        "family": "family" in facts,
        "is it": "name" in facts or "digit" in facts,
        "options": "name" in facts or "digit" in facts,
        "pitch": not LOW_HZ <= facts.get("pitch", LOW_HZ) <= HIGH_HZ,
        "events": 1 <= facts.get("events", 0) <= MOST_EVENTS,
        "level": not SOFT_DB <= facts.get("level", SOFT_DB) <= LOUD_DB,
        "real": "real" in facts,
    }
    return [task for task, can in able.items() if can]
