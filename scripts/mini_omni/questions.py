"""Questions about what is heard and seen, in several phrasings, and the answers in words."""

import numpy as np

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")
VERDICTS = ("yes", "no")
PHRASINGS = {
    "name": ["What is this?", "What happens here?", "Name this clip."],
    "sound": ["What sound is this?", "What do you hear?", "Name the sound."],
    "motion": ["How does it move?", "What does it do?", "Name the motion."],
    "events": ["How many times does it happen?", "Count the events."],
    "colour": ["Which colour is it?", "What colour do you see?"],
    "shape": ["Which shape is it?", "What shape do you see?"],
    "together": ["Do sight and sound belong together?", "Does the sound fit the picture?"],
}
WEIGHTS = {"name": 4, "sound": 2, "motion": 2, "events": 3, "colour": 1, "shape": 1, "together": 8}
SETTLED = {"name": {"name", "sound", "motion"}}  # tasks whose answer is clear once it is answered
AUDIO, VIDEO, BOTH = "audio", "video", "audio+video"


def possible(facts: dict, modality: str) -> list[str]:
    """The tasks that a clip's facts can answer with a modality, in a fixed order.

    facts: name, sound, motion, colour, shape, fits (whether sight and sound are of one scene), and,
    for motions with events that the sound follows, events (their number).
    """
    able = {
        "name": facts["fits"],
        "sound": "audio" in modality,
        "motion": "video" in modality,
        "events": facts["fits"] and 1 <= facts.get("events", 0) < len(NUMBERS),
        "colour": "video" in modality,
        "shape": "video" in modality,
        "together": modality == BOTH,
    }
    return [task for task, can in able.items() if can]


def answer(task: str, facts: dict) -> str:
    """The answer to a question about a clip."""
    if task == "events":
        return NUMBERS[facts["events"]]
    if task == "together":
        return VERDICTS[0] if facts["fits"] else VERDICTS[1]
    return facts[task]


def draw_questions(rng: np.random.Generator, facts: dict, modality: str, most: int) -> list[tuple]:
    """Draw up to `most` questions about a clip, each as (task, question, answer)."""
    asked, left = [], possible(facts, modality)
    while left and len(asked) < most:
        chances = np.array([WEIGHTS[task] for task in left], float)
        task = str(rng.choice(left, p=chances / chances.sum()))
        asked.append((task, str(rng.choice(PHRASINGS[task])), answer(task, facts)))
        left = [t for t in left if t not in SETTLED.get(task, {task})]
    return asked
