"""Twenty written questions with one right word each; none of them is used in training.

SmolLM2 itself answers all of them right; it did not answer all others that were tried.
"""

import re

from small_lalm.written import written_answers

QUESTIONS = {
    "What is the capital of France?": "Paris",
    "What is the capital of Spain?": "Madrid",
    "What is the capital of England?": "London",
    "What is the capital of Germany?": "Berlin",
    "What is the capital of China?": "Beijing",
    "What colour is blood?": "red",
    "What is the opposite of up?": "down",
    "What is the opposite of cold?": "hot|warm",
    "Which planet is known as the red planet?": "Mars",
    "Who wrote Romeo and Juliet?": "Shakespeare",
    "What language is spoken in France?": "French",
    "What is the main language of Italy?": "Italian",
    "What is H2O?": "water",
    "Which metal is attracted by a magnet?": "iron|steel",
    "What is the chemical symbol of gold?": "Au",
    "Who developed the theory of relativity?": "Einstein",
    "What is the currency of Japan?": "yen",
    "Which country is Sydney in?": "Australia",
    "In which country is the Great Wall?": "China",
    "On which continent is Kenya?": "Africa",
}


def right_words(model, tokenizer) -> list[bool]:
    """For each question, whether the right word is in the answer of a model with a chat format."""
    answers = written_answers(model, tokenizer, list(QUESTIONS))
    return [
        re.search(rf"\b({word})\b", answer, re.IGNORECASE) is not None
        for word, answer in zip(QUESTIONS.values(), answers, strict=True)
    ]
