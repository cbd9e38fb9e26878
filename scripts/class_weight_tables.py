"""The table and the sentences of docs/results.md on where weights per class begin to pay."""

from statistics import mean

from documents import difference, markdown

HEADS = {False: "unsure", True: "misled"}


def class_weights_table(entries: list[dict]) -> str:
    """Gains in simulated settings: a column per sharpness, all methods in each cell."""
    sharpness = sorted({e["sharpness"] for e in entries})
    lines = {}
    for misled, name in HEADS.items():
        for e in entries:
            if e["misled"] == misled or e["sharpness"] == 0:  # then heads of both kinds are equal
                key = (name, f"{e['noise']:g}", e["n_classes"], e["shots"])
                cells = lines.setdefault(key, {}).setdefault(e["sharpness"], {})
                cells[e["method"]] = difference(e, "gain", "interval")
    rows = [
        [*key, *(", ".join(cells[s].values()) if s in cells else "-" for s in sharpness)]
        for key, cells in lines.items()
    ]
    head = ["heads", "noise", "classes", "shots", *(f"sharpness {s:g}" for s in sharpness)]
    return markdown(head, rows)


def class_weights_answer(study: dict) -> str:
    """Where the border is for each method, and which real models lie on which side of it."""
    settings = study["settings"]
    counted = [e for e in study["simulated"] if e["shots"] >= settings["border_shots"]]
    shares = [
        f"{name} {per_cent(entry['share'])} ({100 * entry['share_low']:.0f} to "
        f"{per_cent(entry['share_high'])})"
        for name, entry in study["models"].items()
    ]
    sentences = [
        f"The real heads have these reliable shares: {', '.join(shares)}; in brackets the smallest "
        f"and the largest of {settings['divisions']} divisions of the clips into halves."
    ]
    for method, border in study["borders"].items():
        own = [e for e in counted if e["method"] == method]
        sentences += [border_text(method, border, own, settings), sides(method, study)]
    return " ".join([*sentences, accuracy_text(counted)])


def accuracy_text(entries: list[dict]) -> str:
    """In how many simulated settings CCSAV is more accurate than CALM, and in how many less."""
    names = ("n_classes", "noise", "misled", "sharpness", "shots")
    by_class = {(e["method"], *(e[n] for n in names)): e["by_class"] for e in entries}
    leads = {
        key[1:]: 100 * (value - by_class["CALM", *key[1:]])
        for key, value in by_class.items()
        if key[0] == "CCSAV"
    }

    def named(setting):
        n_classes, _, misled, _, shots = setting
        return f"{leads[setting]:+.1f}: {n_classes} classes, {shots} shots, {HEADS[misled]}"

    ahead = sum(lead > 0 for lead in leads.values())
    return (
        f"In accuracy, with weights per class, CCSAV is ahead of CALM in {ahead} of {len(leads)} "
        f"of these settings (at most {named(max(leads, key=leads.get))}) and behind in "
        f"{sum(lead < 0 for lead in leads.values())} (at most {named(min(leads, key=leads.get))})."
    )


def border_text(method: str, border: dict, own: list[dict], settings: dict) -> str:
    """From which share on a method gains, and how much the sharpest heads of each kind gain."""
    least = f"{100 * settings['least']:g} point{'s' * (settings['least'] != 0.01)}"
    if border["share"] is None:
        text = f"In {method}, at no share does the mean gain reach {least}"
    else:
        high = "no end" if border["high"] is None else per_cent(border["high"])
        text = f"In {method}, the mean gain reaches {least} at a share of "
        text += f"{per_cent(border['share'])} (95 % interval {per_cent(border['low'])} to {high})"
    clear = [e["share"] for e in own if e["gain"] >= max(settings["least"], e["interval"])]
    if clear:
        text += f"; no single setting below {per_cent(min(clear))} gains as much and clearly"
    best = max(own, key=lambda e: e["gain"])
    sharpest = [e for e in own if e["sharpness"] == max(e["sharpness"] for e in own)]
    gains = {
        name: mean(100 * e["gain"] for e in sharpest if e["misled"] == misled)
        for misled, name in HEADS.items()
    }
    return (
        f"{text}. Of the {len(own)} simulated settings of at least {settings['border_shots']} "
        f"shots, those with the sharpest heads gain {gains['unsure']:+.1f} on average if they are "
        f"unsure, {gains['misled']:+.1f} if they are misled; the largest gain is "
        f"{100 * best['gain']:+.1f} ({best['n_classes']} classes, {best['shots']} shots, "
        f"{HEADS[best['misled']]})."
    )


def sides(method: str, study: dict) -> str:
    """Which models lie below a method's border, within its interval and above, with gains."""
    low, high = (study["borders"][method][end] for end in ("low", "high"))
    found = {}
    for name, entry in study["models"].items():
        gains = [100 * row["gain"] for row in entry["gains"] if row["method"] == method]
        side = "within the interval of"
        if low is None or entry["share"] < low:
            side = "below"
        elif high is not None and entry["share"] > high:
            side = "above"
        text = f"{name} (gains of {min(gains):+.1f} to {max(gains):+.1f})"
        found.setdefault(side, []).append(text)
    if study["borders"][method]["share"] is None:
        return f"Measured: {'; '.join(text for names in found.values() for text in names)}."
    return " ".join(f"Real heads {side} that border: {'; '.join(n)}." for side, n in found.items())


def per_cent(share: float) -> str:
    """Without decimals."""
    return f"{100 * share:.0f} %"
