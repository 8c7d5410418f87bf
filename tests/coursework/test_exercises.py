"""Every exercise rejects typical wrong answers by name, takes right ones, catches every mutant."""

import ast
import re

import numpy as np
import pytest
from trials import CHAPTERS, ROOT, Trials, judged, namespace, notebook, survivors, trials

from helpers.coursework import Exercise, exercises_of, judge, plain, student
from helpers.coursework.answers import fitted, gap, size
from helpers.coursework.calls import Answer, copied
from helpers.coursework.chapters import sections
from helpers.coursework.grading import wire

EXERCISES = [
    exercise for chapter in CHAPTERS for exercise in exercises_of(chapter)
    if isinstance(exercise, Exercise)
]  # fmt: skip
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


def listed(exercise):
    return trials(exercise.id[:2])[exercise.id]


@each
def test_an_exercise_runs_on_its_own_and_its_solution_earns_all_points(exercise):
    """After a restart: its own data, the solution, fresh inputs too."""
    result = judged(exercise.id, namespace(exercise.id), fresh=1)
    assert (result.state, result.points) == ("right", exercise.points), student.told(result)


def assigned(source):
    """The names that a cell binds at its top level."""
    found = set()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif not isinstance(statement, ast.Import | ast.ImportFrom):
            stores = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
            found |= {n.id for n in stores if isinstance(n.ctx, ast.Store)}
    return found


@each
def test_nothing_else_in_the_chapter_has_the_name_of_an_answer(exercise):
    """A variable of the chapter would be taken for the answer where that is still open."""
    book = notebook(exercise.id[:2])
    own = {cell["id"] for cell in sections(book)[exercise.id].answer}
    others = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    taken = {
        f"{name} in cell {cell['id']}"
        for cell in others
        if cell["id"] not in own
        for name in assigned(cell["source"]) & set(exercise.answers)
    }
    assert not taken, taken


@each
def test_the_solution_is_not_right_by_luck(exercise):
    """On eight other sets of inputs it earns all points as well."""
    answers = namespace(exercise.id)
    assert {judged(exercise.id, answers, fresh=seed).state for seed in range(2, 10)} == {"right"}


@each
def test_typical_wrong_answers_are_rejected_by_a_message_that_names_the_mistake(exercise):
    answers, mistakes = namespace(exercise.id), listed(exercise).wrong
    assert len(mistakes) >= 5, f"{exercise.id}: list at least five wrong answers"
    for words, given in mistakes:
        result = judged(exercise.id, {**answers, **given})
        assert result.state in ("wrong", "partly right"), (words, student.told(result))
        assert words in student.told(result), (words, student.told(result))


@each
def test_right_answers_written_differently_earn_all_points(exercise):
    answers, others = namespace(exercise.id), listed(exercise).right
    assert len(others) >= 3, f"{exercise.id}: list at least three right answers"
    for given in others:
        result = judged(exercise.id, {**answers, **given}, fresh=1)
        assert result.state == "right", student.told(result)


@each
def test_every_mutant_of_the_solution_that_behaves_differently_is_caught(exercise):
    differing, alive = survivors(exercise.id)
    assert len(differing) >= 5, "a solution with so few places to go wrong is no exercise"
    assert alive == []


@each
def test_no_constant_earns_a_point(exercise):
    """Neither zeros nor what the solution says to one input: a point is for a computation."""
    answers, constants = namespace(exercise.id), {}
    for check in exercise.checks:
        name = check.answer or exercise.answers[0]
        if check.inputs and name not in constants:
            args = check.inputs(np.random.default_rng(99))
            constants[name] = plain(answers[name](*args))
    for change in (lambda value: value, zeros):
        said = {name: change(value) for name, value in constants.items()}
        fixed = {name: lambda *_, value=value: value for name, value in said.items()}
        result = judged(exercise.id, {**answers, **fixed}, fresh=1)
        assert result.points == 0, student.told(result)


def zeros(value):
    """Plain data of the same form, all numbers 0."""
    if isinstance(value, tuple | list):
        return type(value)(zeros(part) for part in value)
    if isinstance(value, dict):
        return {key: zeros(part) for key, part in value.items()}
    return value if isinstance(value, str) or value is None else 0 * value


@each
def test_an_exercise_asks_in_plain_data_and_is_answered_in_it(exercise):
    """Arguments and answers cross the grader's pipe unharmed."""
    answers = namespace(exercise.id)
    for check in exercise.checks:
        answer = answers[check.answer or exercise.answers[0]]
        args = check.inputs(np.random.default_rng(5)) if check.inputs else ()
        there = [wire.decoded(wire.encoded(value), networks_too=True) for value in args]
        said = [plain(answer(*copied(values)) if callable(answer) else answer)
                for values in (args, there)]  # fmt: skip
        back = plain(wire.decoded(wire.encoded(said[1])))
        assert gap(fitted(back, said[0]), said[0]) <= 1e-6 * (1 + size(said[0]))


@each
def test_an_open_stub_is_open_and_says_what_to_do(exercise):
    def stub(*_):
        raise NotImplementedError("Exercise 1: replace this line, then run the check below")

    result = judged(exercise.id, {name: stub for name in exercise.answers})
    assert (result.state, result.points) == ("open", 0)
    assert "replace this line" in student.told(result)
    dots = judged(exercise.id, dict.fromkeys(exercise.answers, ...))
    assert (dots.state, dots.points) == ("open", 0)


@each
@pytest.mark.parametrize("nonsense", [None, "text", float("nan"), [], {}, object(), (1, "a")])
def test_nonsense_is_wrong_and_never_an_error(exercise, nonsense):
    """Whatever comes back, the check says what it wanted instead of failing itself."""
    result = judged(exercise.id, {name: lambda *_: nonsense for name in exercise.answers})
    assert (result.state, result.points) == ("wrong", 0), student.told(result)
    assert "wanted" in student.told(result)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_checks_points_and_exercises_agree_between_notebook_and_package(chapter):
    cells = sections(notebook(chapter))
    known = {e.id: e for e in exercises_of(chapter)}
    assert list(cells) == [key for key, e in known.items() if isinstance(e, Exercise)]
    assert {key: section.points for key, section in cells.items()} == {
        key: known[key].points for key in cells
    }
    written = [
        cell.metadata.nbgrader.points for cell in notebook(chapter).cells
        if cell.cell_type == "markdown" and "nbgrader" in cell.metadata
    ]  # fmt: skip
    assert written == [e.points for e in known.values() if not isinstance(e, Exercise)]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_headings_say_title_and_points(chapter):
    text = "\n".join(c.source for c in notebook(chapter).cells if c.cell_type == "markdown")
    for exercise in exercises_of(chapter):
        heading = f"### {exercise.id.partition('-')[2]}. {exercise.title}"
        assert heading in text, heading
        assert f"{exercise.points:g} points" in text.partition(heading)[2].partition("###")[0]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_repairs_varies_and_judges(chapter):
    """Five exercises or more, at least one of them written; check names come once in each."""
    known = exercises_of(chapter)
    assert len(known) >= 5
    assert any(not isinstance(exercise, Exercise) for exercise in known)
    for exercise in known:
        if isinstance(exercise, Exercise):
            names = [check.name for check in exercise.checks]
            assert len(set(names)) == len(names)


def test_the_worked_example_of_the_contributors_guide_does_what_it_says(monkeypatch):
    """Its blocks are run as they stand: wrong answers are named, the right one earns its points."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## An exercise")[2]
    blocks = re.findall(r"```python\n(.*?)```", text.partition("\n## ")[0], re.S)
    listed = Trials()
    monkeypatch.setattr("trials._registry", {"02-9": listed})
    made = {}
    for block in blocks[1:]:  # the first is the chapter's check cell
        exec(block, made)
    exercise = made["SPREAD"]

    def told(given):
        answers = {"spread": Answer("spread", given["spread"])}
        return student.told(judge(exercise, answers, fresh=1))

    assert len(listed.wrong) == 2
    assert all(words in told(given) for words, given in listed.wrong)
    assert [told(given).splitlines()[0] for given in listed.right] == [
        "Exercise 9, The spread of a layer: right, 2 of 2 points"
    ]
