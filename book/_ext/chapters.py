"""Chapters are called by two digits, in the sidebar as in the text: "04", not "4."."""


def pad(numbers):
    """Return a section number with its first part as two digits: (4,) -> ("04",); None is None."""
    return numbers and (f"{int(numbers[0]):02d}", *numbers[1:])


def two_digits(app, env):
    for numbered in env.toc_secnumbers.values():
        for anchor, numbers in numbered.items():
            numbered[anchor] = pad(numbers)
    for toc in env.tocs.values():
        for reference in toc.findall(lambda node: "secnumber" in getattr(node, "attributes", {})):
            reference["secnumber"] = pad(reference["secnumber"])
    for title in env.titles.values():
        if "secnumber" in title:
            title["secnumber"] = pad(title["secnumber"])


def setup(app):
    app.connect("env-check-consistency", two_digits)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
