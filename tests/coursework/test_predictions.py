"""A class's predictions summed up from the files that students saved."""

import json

import pytest

from helpers.coursework import __main__ as command
from helpers.coursework import predictions


def saved(folder, name, *rows):
    listed = [
        {"id": i, "question": i.upper(), "phase": "committed", "confidence": c, "right": r}
        for i, c, r in rows
    ]
    listed.append({"id": "z", "question": "Z", "phase": "skipped"})
    text = json.dumps({"kind": "predictions", "predictions": listed})
    (folder / f"{name}.json").write_text(text)


def test_questions_are_sorted_by_how_wrong_the_class_was_and_how_sure(tmp_path):
    saved(tmp_path, "ann", ("a", 99, False), ("b", 75, True), ("c", 50, None))
    saved(tmp_path, "bea", ("a", 75, False), ("b", 75, False))
    (tmp_path / "other.json").write_text("[]")
    table, passed = predictions.read(tmp_path)
    assert len(table) == 4
    assert passed == ["other.json"]
    first, second = predictions.by_question(table).to_dict("records")
    assert (first["id"], first["answers"], first["right"]) == ("a", 2, 0)
    assert first["too sure"] == pytest.approx(0.87)
    assert second["too sure"] == pytest.approx(0.75 - 0.5)
    by_confidence = predictions.calibration(table).set_index("said")
    assert by_confidence.loc[0.75, "right"] == pytest.approx(1 / 3)
    brier = (0.99**2 + 0.25**2 + 0.75**2 + 0.75**2) / 4
    assert f"Brier score {brier:.2f}" in predictions.told(tmp_path)


def test_a_folder_without_predictions_is_refused(tmp_path, capsys):
    assert command.main(["predictions", str(tmp_path)]) == 2
    assert "wanted files saved on the page Your predictions" in capsys.readouterr().err
