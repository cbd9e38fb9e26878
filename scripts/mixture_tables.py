"""Tables and sentences on several sounds at once, from the entry mixtures of results.json."""

from documents import difference, markdown

SHOWN = ("SAV", "CALM", "CCSAV, prototypes", "CCSAV", "ridge, all heads")
MIDDLE = 120  # support clips, in the table of methods
LEAST = 2  # sounds that are several


def mixtures_methods_table(study: dict) -> str:
    """Mean average precision of the methods, with exact match and macro-F1, by data and sounds."""
    rows = []
    for entry in cells(study, "sounds", support=MIDDLE):
        found = {m["method"]: m for m in entry["methods"]}
        texts = [
            f"{100 * m['mean_average_precision']:.1f} ± "
            f"{100 * m['mean_average_precision_interval']:.1f} "
            f"({100 * m['exact_match']:.0f}, {100 * m['macro_f1']:.0f})"
            for m in (found[name] for name in SHOWN)
        ]
        rows.append([entry["data"], entry["sounds"], entry["classes"], *texts])
    return markdown(["data", "sounds", "classes", *SHOWN], rows)


def mixtures_gains_table(study: dict) -> str:
    """What weights per class gain over averaged ones, by data, sounds and support clips."""
    entries = cells(study, "sounds")
    support = sorted({e["support"] for e in entries})
    lines = {}
    for entry in entries:
        for gain in entry["gains"]:
            line = lines.setdefault((entry["data"], gain["method"], entry["sounds"]), {})
            line[entry["support"]] = difference(gain, "gain", "interval")
    rows = [[*key, *(line.get(n, "-") for n in support)] for key, line in sorted_lines(lines)]
    head = ["data", "weights of", "sounds", *(f"{n} support clips" for n in support)]
    return markdown(head, rows)


def sorted_lines(lines: dict) -> list:
    """Lines by data and method, in the order in which they came, then by number of sounds."""
    data, methods = (list(dict.fromkeys(key[i] for key in lines)) for i in (0, 1))
    place = {key: (data.index(key[0]), methods.index(key[1]), key[2]) for key in lines}
    return sorted(lines.items(), key=lambda item: place[item[0]])


def mixtures_changes_table(study: dict) -> str:
    """The same gains with fewer classes to detect, and with sounds apart or at the same time."""
    rows = []
    for entry in cells(study, "classes") + cells(study, "overlap"):
        what = f"{entry['classes']} classes"
        if entry["part"] == "overlap":
            what += f", overlap {100 * entry['overlap']:.0f} %"
        gains = [difference(gain, "gain", "interval") for gain in entry["gains"]]
        names = [gain["method"] for gain in entry["gains"]]
        rows.append([entry["data"], entry["sounds"], what, *gains])
    return markdown(["data", "sounds", "what is changed", *names], rows)


def cells(study: dict, part: str, **setting) -> list[dict]:
    """The cells of one part of the study, with these settings."""
    return [
        entry
        for entry in study["cells"]
        if entry["part"] == part and all(entry[k] == v for k, v in setting.items())
    ]


def gains_of(study: dict, method: str, several: bool) -> list[dict]:
    """A method's gains with one sound in each clip, or with several."""
    return [
        gain
        for entry in cells(study, "sounds")
        for gain in entry["gains"]
        if gain["method"] == method and (entry["sounds"] >= LEAST) == several
    ]


def reach(gains: list[dict]) -> str:
    """The smallest and the largest gain, in points."""
    values = [round(100 * gain["gain"], 1) + 0.0 for gain in gains]  # without a minus zero
    return f"{min(values):+.1f} to {max(values):+.1f}"


def clear(gains: list[dict]) -> tuple[int, int]:
    """How many gains are clearly above zero, and clearly below."""
    sure = [gain["gain"] > 0 for gain in gains if abs(gain["gain"]) > gain["interval"]]
    return sum(sure), len(sure) - sum(sure)


def several_answer(study: dict) -> str:
    """Whether weights per class pay with several sounds at once, in at most 60 words."""
    one, several = (gains_of(study, "CCSAV", kind) for kind in (False, True))
    above, below = clear(several)
    pays = "it pays" if above > len(several) / 2 and not below else "it does not always pay"
    models = {entry["data"].split(", ")[0] for entry in study["cells"]}
    return (
        f"With several sounds at once {pays}: in mixtures of two or three sounds, weights per "
        f"class instead of averaged ones change CCSAV's mean average precision by "
        f"{reach(several)} points ({above} of {len(several)} settings clearly above zero, {below} "
        f"below; {len(models)} model{'s' * (len(models) > 1)}). With one sound of the same "
        f"sources they change it by {reach(one)}."
    )


def mixtures_answer(study: dict) -> str:
    """What the table of gains shows, by method, in one sentence for each."""
    texts = []
    for method in dict.fromkeys(g["method"] for e in study["cells"] for g in e["gains"]):
        one, several = (gains_of(study, method, kind) for kind in (False, True))
        texts.append(
            f"{method}: {reach(one)} points with one sound ({clear(one)[0]} of {len(one)} clearly "
            f"above zero, {clear(one)[1]} below), {reach(several)} with two or three "
            f"({clear(several)[0]} of {len(several)}, {clear(several)[1]})"
        )
    draws = {entry["draws"] for entry in study["cells"]}
    clips = {entry["data"]: entry["clips"] for entry in study["cells"]}
    mixed = ", ".join(f"{n} ({data})" for data, n in clips.items())
    return (
        f"Gain of weights per class over averaged ones, over {min(draws)} draws of support clips. "
        f"{'; '.join(texts)}. Mixtures of each number of sounds: {mixed}."
    )
