"""Figures: accessible, self-contained, the same bytes from the same numbers."""

import re
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from helpers import plots


def _frame(series=("features", "neuron"), points=4) -> pd.DataFrame:
    rows = [
        {"m": 2**k, "reading": name, "estimate": 0.1 * k + i, "low": 0.1 * k, "high": k + i}
        for i, name in enumerate(series)
        for k in range(points)
    ]
    return pd.DataFrame(rows)


def _curves(frame=None, **options):
    frame = _frame() if frame is None else frame
    return plots.curves(frame, "m", "reading", xlabel="neurons", ylabel="score", **options)


def _svg(page) -> ET.Element:
    return ET.fromstring(re.search(r"<svg.*</svg>", page.data, re.DOTALL)[0])


def test_a_figure_is_valid_xml_with_role_and_computed_alternative_text():
    page = plots.captioned(_curves(logx=True), "Rising <lines>.", alt='Both "rise".')
    svg = _svg(page)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == (
        'Both "rise". score against neurons. neuron: 1 at 1, 1.3 at 8. features: 0 at 1, 0.3 at 8.'
    )
    assert "<figcaption>Rising &lt;lines&gt;.</figcaption>" in page.data
    assert svg.get("viewBox")
    assert svg.get("width") is None


def test_the_same_numbers_give_the_same_bytes():
    first, second = (plots.captioned(_curves(), "Lines.", alt="x").data for _ in range(2))
    assert first == second


def test_ids_are_the_figures_own_even_when_only_the_middle_differs():
    other = _frame()
    other.loc[1, "estimate"] += 0.01  # neither end moves, so the words are the same
    pages = [plots.captioned(_curves(f), "Lines.", alt="x").data for f in (_frame(), other)]
    ids = [set(re.findall(r'\bid="([^"]+)"', page)) for page in pages]
    assert not ids[0] & ids[1]
    for page, own in zip(pages, ids, strict=True):
        assert len(re.findall(r'\bid="', page)) == len(own)
        used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', page))
        assert {a or b for a, b in used} <= own


def test_ink_follows_the_page_and_series_follow_its_variables():
    page = plots.captioned(_curves(), "Lines.", alt="x").data
    assert "currentColor" in page
    assert plots.INK not in page
    assert "var(--series-3, #d55e00)" in page  # features are series 3 in every figure
    assert "<style" not in page  # it would hold for the whole page
    assert not re.search(r'(?:href|src)="(?!#)', page)
    assert not re.search(r"url\((?!#)", page)
    assert {u for u in re.findall(r'https?://[^"\s]+', page)} <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_a_figure_drawn_without_the_style_is_readable_on_a_dark_page_too():
    _, ax = plt.subplots()
    ax.plot([1, 2], [3, 4], color="black", label="a line")
    ax.legend()
    page = plots.captioned(ax, "Lines.", alt="x").data
    assert "#000000" not in page
    for element in _svg(plots.captioned(_curves(), "Lines.", alt="x")).iter():
        if element.tag.endswith("text"):
            assert "currentColor" in element.get("style")
    assert "fill: #ffffff" not in page  # neither the axes nor the legend have a white box


def test_colour_marker_and_dash_change_together_and_belong_to_the_reading():
    looks = [tuple(map(str, plots.style(name).values())) for name in plots.READINGS]
    assert len(set(looks)) == len(looks)
    for part in zip(*looks, strict=True):
        assert len(set(part)) == min(len(looks), 9)  # a tenth reading has a colour again
    assert plots.style("features", 5) == plots.style("features", 0)
    assert plots.style("something else", 9)["color"] == plots.style("another", 0)["color"]


def test_any_number_of_series_can_be_drawn_and_81_look_different():
    looks = {tuple(map(str, plots.style("", place).values())) for place in range(81)}
    assert len(looks) == 81
    ax = _curves(_frame([f"series {k}" for k in range(12)]))
    assert len({(line.get_color(), line.get_marker()) for line in ax.get_lines()}) == 12
    plt.close("all")


def test_in_one_figure_no_series_looks_like_a_reading():
    looks = plots.styles(["features", "patches", "few features", "neuron"])
    assert looks["features"] == plots.style("features")
    assert len({look["color"] for look in looks.values()}) == 4


def test_rows_come_in_the_ladders_order_and_others_after_it():
    names = ["mine", "trained", "neuron", "pixels", "features", "mine"]
    frame = pd.DataFrame({"reading": names, "row": range(6)})
    ordered = plots.in_order(frame, "reading")
    assert list(ordered["reading"]) == ["neuron", "features", "trained", "pixels", "mine", "mine"]
    assert list(ordered["row"]) == [2, 4, 1, 3, 0, 5]


def test_curves_draw_what_the_frame_holds():
    ax = _curves(_frame().sample(frac=1, random_state=0))
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_allclose(lines["neuron"].get_xdata(), [1, 2, 4, 8])
    np.testing.assert_allclose(lines["neuron"].get_ydata(), [1, 1.1, 1.2, 1.3])
    assert len(ax.collections) == 2
    assert ax.get_legend() is not None
    assert _curves(_frame(("features",))).get_legend() is None
    plt.close("all")


def test_the_names_of_the_lines_stand_below_the_axes_and_within_the_figure():
    ax = _curves(_frame(tuple(plots.READINGS)))
    ax.figure.canvas.draw()
    legend, box = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y1 <= box.y0
    assert ax.figure.bbox.x0 <= legend.x0
    assert legend.x1 <= ax.figure.bbox.x1
    plt.close("all")


def test_rows_of_dots_are_in_the_alternative_text():
    frame = pd.DataFrame(
        {"target": ["cat", "dog"], "estimate": [0.5, 0.75], "low": [0.4, 0.7], "high": [0.6, 0.8]}
    )
    ax = plots.scores(frame, "target", xlabel="AUC", chance=0.5)
    label = _svg(plots.captioned(ax, "Dots.")).get("aria-label")
    assert label == "AUC. cat: 0.5. dog: 0.75."


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8), (3, 8, 8), (8, 8, 3)])
def test_pictures_take_images_as_tasks_hold_them(shape):
    images = np.random.default_rng(0).standard_normal((3, *shape))
    page = plots.captioned(plots.pictures(images, ["a", "b", "c"], columns=2), "Three.")
    label = _svg(page).get("aria-label")
    assert label == "Picture: a. Picture: b. Picture: c."
    assert page.data.count("data:image/png;base64,") == 3


def test_every_picture_has_a_title():
    with pytest.raises(ValueError, match="wanted a title per picture, received 1 for 2"):
        plots.pictures([np.eye(2)] * 2, ["a"])


def test_the_numbers_can_be_unfolded():
    page = plots.captioned(_curves(), "Lines.", alt="x", table=pd.DataFrame({"a": [0.12345]}))
    assert "<summary>The numbers</summary>" in page.data
    assert ">.123<" in page.data
    frame = pd.DataFrame({"n": [7], "estimate": [0.3122], "low": [0.2811], "high": [0.3379]})
    page = plots.captioned(_curves(), "Lines.", alt="x", table=frame)
    assert re.findall(r"<td>(.*?)</td>", page.data) == ["7", ".31", ".28", ".34"]


@pytest.mark.parametrize(
    ("caption", "ax"), [(" ", _curves), ("Nothing.", lambda: plt.figure().add_subplot())]
)
def test_a_figure_without_words_is_refused(caption, ax):
    with pytest.raises(ValueError, match="wanted a caption and an alternative text"):
        plots.captioned(ax(), caption)
    plt.close("all")


def _two_parts(series=("features", "neuron")) -> pd.DataFrame:
    return pd.concat([_frame(series).assign(part=part) for part in ("train", "test")])


def test_panels_are_drawings_of_their_own_with_one_title_each_and_one_legend():
    """So that they stack on a phone: each has its own view box, the names stand once, in HTML."""
    drawn = plots.panels(_two_parts(), "part", "m", "reading", xlabel="neurons", ylabel="score")
    assert [ax.get_title() for ax in drawn] == ["train", "test"]
    assert drawn[0].get_ylim() == drawn[1].get_ylim()
    page = plots.captioned(drawn, "Two panels.", alt="Both rise.").data
    assert page.count('role="img"') == 2
    assert 'role="group" aria-label="Both rise."' in page
    assert re.findall(r"</svg>\s*([a-z ]+)</span>", page) == ["neuron", "features"]
    assert "legend" not in "".join(re.findall(r'<svg[^>]*role="img".*?</svg>', page, re.DOTALL))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(ids)) == len(ids)


def test_a_look_that_means_two_things_keeps_the_panels_own_legends():
    """A blue line is "a" on the left and "c" on the right: one list of names would mislead."""
    left, right = plots.axes(1, 2)
    _curves(_frame(("a", "b")), ax=left)
    _curves(_frame(("c", "d")), ax=right)
    page = plots.captioned([left, right], "Two panels.", alt="x").data
    assert page.count('id="') > 0
    assert "</span>" not in page
    assert page.count(">a</text>") == page.count(">c</text>") == 1


def test_letters_have_nine_pixels_where_the_page_is_narrow():
    """A drawing is never narrower than its smallest letters allow."""
    ax = _curves()
    ax.set_title("small", fontsize=6)
    svg = _svg(plots.captioned(ax, "Lines.", alt="x"))
    width = float(svg.get("viewBox").split()[2])
    least = float(re.search(r"min-width: (\d+)px", svg.get("style"))[1])
    assert 6 * least / width == pytest.approx(9, abs=0.05)


def test_every_point_tells_its_series_by_shape_too():
    """In grey the shapes have to do it; the legend has a handle for each, and no title."""
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1, 2, 1, 2], "kind": ["a", "a", "b", "b"]})
    ax = plots.points(frame, "x", "y", "kind", xlabel="x", ylabel="y")
    (drawn,) = ax.collections
    shapes = {path.vertices.tobytes() for path in drawn.get_paths()}
    assert len(shapes) == 2
    assert len(drawn.get_offsets()) == 4
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["a", "b"]
    assert ax.get_legend().get_title().get_text() == ""


def test_a_logarithmic_axis_names_the_few_values_that_were_measured():
    """On 250, 1,000 and 4,000 the labels in between ran into each other."""
    frame = pd.DataFrame({"x": [250, 1000, 4000], "s": "a", "estimate": [0.1, 0.2, 0.3]})
    ax = plots.curves(frame, "x", "s", logx=True, xlabel="photos", ylabel="score")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["250", "1,000", "4,000"]
    assert len(ax.get_xticks(minor=True)) == 0
    many = pd.DataFrame({"x": np.arange(10, 200, 10), "s": "a", "estimate": 0.5})
    ax = plots.curves(many, "x", "s", logx=True, xlabel="photos", ylabel="score")
    assert "1,000" not in [label.get_text() for label in ax.get_xticklabels()]
