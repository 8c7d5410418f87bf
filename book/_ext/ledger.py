"""The ledger as files beside the site, for those who want to count for themselves."""

from pathlib import Path

from helpers.claims import figure, outside


def write(app, exception):
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir)
        figure.table().to_csv(folder / "ledger.csv", index=False)
        outside.table().to_csv(folder / "outside-checks.csv", index=False)
        (folder / "ledger.json").write_text(figure.as_json(), encoding="utf-8")


def setup(app):
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
