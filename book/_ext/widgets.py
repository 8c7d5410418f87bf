"""The state of a page's live figures: only models that a view needs, each source text once."""

import json
import os
import re

from docutils import nodes

VIEW = re.compile(r'"model_id":\s*"(\w+)"')
SOURCES = ("_esm", "_css")


def needed(state, views):
    """Return the part of `state` (model id -> model) that can be reached from the ids `views`."""
    found, waiting = {}, [view for view in views if view in state]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = state[name]
            waiting += re.findall(r'"IPY_MODEL_(\w+)"', json.dumps(state[name]))
    return {name: found[name] for name in state if name in found}


def split(state):
    """Return (`state` with its sources as lists of part numbers, the parts).

    The modules of a page begin with the same shared text: it becomes a part of its own.
    """
    state, parts = json.loads(json.dumps(state)), []
    for key in SOURCES:
        texts = sorted({model["state"][key] for model in state.values() if key in model["state"]})
        shared = os.path.commonprefix(texts)  # noqa: RUF071 (character by character is meant)
        for model in state.values():
            if text := model["state"].get(key):
                pieces = [piece for piece in (shared, text.removeprefix(shared)) if piece]
                parts += [piece for piece in pieces if piece not in parts]
                model["state"][key] = [parts.index(piece) for piece in pieces]
    return state, parts


def slim(app, doctree):
    files = getattr(app.env, "nb_metadata", {}).get(app.env.docname, {}).get("js_files", {})
    if "ipywidgets_state" not in files:
        return
    views = {
        view
        for raw in doctree.findall(nodes.raw)
        if "widget-view+json" in raw.astext()
        for view in VIEW.findall(raw.astext())
    }
    path, options = files["ipywidgets_state"]
    saved = json.loads(options["body"])
    state, parts = split(needed(saved["state"], views))
    # "</script>" inside a source would end the script element early.
    body = json.dumps({**saved, "state": state, "parts": parts}).replace("</", "<\\/")
    files["ipywidgets_state"] = (path, {**options, "body": body})


def setup(app):
    app.connect("doctree-read", slim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
