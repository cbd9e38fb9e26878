"""Written questions for training, with SmolLM2's own answers, so that it goes on answering them."""

import torch

QUESTIONS = """
What is the capital of Italy?|What is the capital of Japan?|What is the capital of Egypt?
How many legs does a spider have?|How many days are in a week?|How many hours are in a day?
What is 2 plus 2?|What is 5 plus 3?|What is 10 minus 4?|What is 3 times 3?
What colour is the sky?|What colour is grass?|What colour is a ripe banana?
What is the opposite of hot?|What is the opposite of big?|What is the opposite of happy?
Which planet do we live on?|Which planet is the largest?|What is the closest star to Earth?
What do bees make?|What do cows drink?|What animal says meow?|What do you call a baby cat?
What is frozen water called?|What gas do plants take in?|What gas do we breathe in?
Who wrote Hamlet?|Who painted the Mona Lisa?|Who discovered gravity?
What language is spoken in Brazil?|What language is spoken in Germany?|Where is the Eiffel Tower?
What is the largest ocean?|What is the longest river?|What is the highest mountain?
Write one sentence about winter.|Write one sentence about music.|Say hello in French.
What is a violin?|What is rain?|What is a dog?|What is a train?|What is thunder?|What is a clock?
Name a fruit.|Name a colour.|Name a bird.|Name a metal.|Name a season.|Name a musical instrument.
Translate 'thank you' into Spanish.|Give a synonym of fast.|Give a synonym of small.
What is the plural of child?|What is the past tense of go?|What comes after the number nine?
Is ice cold?|Is fire hot?|Can fish fly?|Can birds swim?|Do trees have leaves?
What do we use a hammer for?|What do we use an umbrella for?|Why do we sleep?|Why do birds sing?
"""
LONGEST = 32  # tokens of an answer


def written_chats(language, tokenizer) -> list[tuple[str, str]]:
    """Each question with the answer that the untouched language model gives to it."""
    questions = [q for line in QUESTIONS.strip().splitlines() for q in line.split("|")]
    return list(zip(questions, written_answers(language, tokenizer, questions), strict=True))


def written_answers(model, tokenizer, questions: list[str]) -> list[str]:
    """The likeliest answers of a model with SmolLM2's chat format to questions without a clip."""
    prompts = [f"<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n" for q in questions]
    rows = tokenizer(prompts, padding=True, padding_side="left", return_tensors="pt")
    with torch.inference_mode():
        tokens = model.generate(
            **rows, max_new_tokens=LONGEST, do_sample=False, pad_token_id=tokenizer.eos_token_id
        )[:, rows["input_ids"].shape[1] :]
    return [text.strip() for text in tokenizer.batch_decode(tokens, skip_special_tokens=True)]
