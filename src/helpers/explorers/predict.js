// Predict first: draw a curve or pick an answer, say how sure you are, commit; then see the result.
//
// Nothing leaves the browser. What was committed is remembered under the question's id together
// with a hash of the truth; the page "Your predictions" reads these records.

export const name = "predict";
export const remembers = true;
const CONFIDENCES = BOOK.confidences;
const PLOT = { width: 380, height: 216, left: 44, right: 14, top: 10, bottom: 42 };
const SHAPES = {
  rising: (t) => 0.2 + 0.6 * t,
  falling: (t) => 0.8 - 0.6 * t,
  flat: () => 0.5,
  "rising, then level": (t) => 0.15 + (0.65 * (1 - Math.exp(-4 * t))) / (1 - Math.exp(-4)),
};

/** A short hash (FNV-1a) of the truth to three digits, so that a re-run with the same result
 * does not look like another result. */
export function hashOf(truth) {
  const text = JSON.stringify(truth, (_, each) =>
    typeof each === "number" ? Number(each.toPrecision(3)) : each,
  );
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16);
}

const isCurve = (spec) => spec.kind === "curve";
const isKnown = (spec) => spec.truth != null;

export function init(spec) {
  return {
    spec,
    phase: "open",
    confidence: null,
    stale: false,
    values: isCurve(spec) ? spec.x.map(() => null) : null,
    answer: null,
  };
}

// --- geometry ---------------------------------------------------------------------------------
/** Scales of the plot; the truth may widen the vertical range, but only once it is shown. */
export function scales(state) {
  const { spec } = state;
  const shown =
    state.phase !== "open" && isKnown(spec) ? [...spec.truth, ...(spec.low ?? []), ...(spec.high ?? [])] : [];
  const range = [Math.min(spec.y_range[0], ...shown), Math.max(spec.y_range[1], ...shown)];
  const across = [PLOT.left + 10, PLOT.width - PLOT.right - 6];
  const even = spec.x_scale === "even";
  const x = scale(even ? [0, spec.x.length - 1] : [spec.x[0], spec.x.at(-1)], across, spec.x_scale === "log");
  return { x: (k) => x(even ? k : spec.x[k]), y: scale(range, [PLOT.height - PLOT.bottom, PLOT.top]), range };
}

/** The knots after one stretch of a stroke: a tap sets the nearest knot, a drag every knot that it
 * passed, however fast it was. Points are in drawing units. */
export function stroke(state, from, to) {
  const { x, y } = scales(state);
  const { spec, values } = state;
  const level = (place) => clamp(y.back(place), ...spec.y_range);
  const next = [...values];
  const distance = (k) => Math.abs(x(k) - to.x);
  const nearest = spec.x.reduce((best, _, k) => (distance(k) < distance(best) ? k : best), 0);
  if (from) {
    const [left, right] = from.x <= to.x ? [from, to] : [to, from];
    spec.x.forEach((_, k) => {
      const part = (x(k) - left.x) / (right.x - left.x);
      if (part >= 0 && part <= 1) next[k] = level(left.y + part * (right.y - left.y));
    });
  }
  const gap = Math.abs(x(Math.min(nearest + 1, spec.x.length - 1)) - x(Math.max(nearest - 1, 0))) / 4;
  if (!from || distance(nearest) < gap / 2) next[nearest] = level(to.y);
  return next;
}

// --- state ------------------------------------------------------------------------------------
const complete = (state) =>
  state.confidence != null &&
  (isCurve(state.spec) ? state.values.every((each) => each != null) : state.answer != null);

export function reduce(state, action) {
  if (action.type === "spec") return { ...state, spec: action.spec };
  if (state.phase !== "open") return state;
  const { spec } = state;
  switch (action.type) {
    case "draw":
      return { ...state, values: stroke(state, action.from, action.to) };
    case "knot":
      return { ...state, values: state.values.map((each, k) => (k === action.knot ? action.value : each)) };
    case "shape": {
      const [low, high] = spec.y_range;
      const { x } = scales(state);
      const last = spec.x.length - 1;
      return {
        ...state,
        values: spec.x.map(
          (_, k) => low + (high - low) * SHAPES[action.shape]((x(k) - x(0)) / (x(last) - x(0))),
        ),
      };
    }
    case "answer":
      return { ...state, answer: action.answer };
    case "confidence":
      return { ...state, confidence: action.confidence };
    case "commit":
      return complete(state) ? { ...state, phase: "committed" } : state;
    case "skip":
      return { ...state, phase: "skipped" };
    default:
      return state;
  }
}

/** The record that is remembered: nothing before the reader commits or skips. */
export function value(state) {
  const { spec, phase, confidence, values, answer } = state;
  if (phase === "open") return {};
  const common = { question: spec.question, phase, truth: isKnown(spec) ? hashOf(spec.truth) : null };
  if (phase === "skipped") return common;
  const guess = isCurve(spec) ? { values } : { answer };
  return { ...common, ...guess, confidence, right: isKnown(spec) ? judged(state).right : null };
}

export function restore(spec, saved) {
  const state = init(spec);
  if (saved.phase !== "committed" && saved.phase !== "skipped") return null;
  const stale = isKnown(spec) && saved.truth != null && saved.truth !== hashOf(spec.truth);
  if (saved.phase === "skipped") return { ...state, phase: "skipped", stale };
  if (!CONFIDENCES.includes(saved.confidence)) return null;
  const { values, answer } = saved;
  const valid = isCurve(spec)
    ? Array.isArray(values) && values.length === spec.x.length && values.every(Number.isFinite)
    : Number.isInteger(answer) && answer >= 0 && answer < spec.answers.length;
  if (!valid) return null;
  const guess = isCurve(spec) ? { values } : { answer };
  return { ...state, ...guess, confidence: saved.confidence, phase: "committed", stale };
}

// --- the score --------------------------------------------------------------------------------
export const meanGap = (a, b) => a.reduce((sum, each, k) => sum + Math.abs(each - b[k]), 0) / a.length;

/** How the prediction did: against the named rivals for a curve, right or wrong for an answer. */
export function judged({ spec, values, answer }) {
  if (!isCurve(spec)) return { right: answer === spec.truth };
  const gap = meanGap(values, spec.truth);
  const rivals = spec.rivals.map((rival) => ({ ...rival, gap: meanGap(rival.values, spec.truth) }));
  return { gap, rivals, right: rivals.every((rival) => gap < rival.gap) };
}

function places({ y_range: [low, high] }) {
  return clamp(Math.ceil(2 - Math.log10(Math.abs(high - low) || 1)), 0, 4);
}

function sentence(state) {
  const { spec, phase, confidence } = state;
  const changed = state.stale ? " (The measured result has changed since you predicted.)" : "";
  if (phase === "open") return todo(state);
  if (!isKnown(spec)) {
    return phase === "skipped"
      ? "Skipped. The result appears here once the next cells have run."
      : "Committed. The result appears here once the next cells have run.";
  }
  if (!isCurve(spec)) {
    const because = spec.because ? ` ${spec.because}` : "";
    const truth = `The experiment says: ${spec.answers[spec.truth]}.${because}`;
    if (phase === "skipped") return `Skipped. ${truth}`;
    return (
      `${judged(state).right ? "Right" : "Not so"}, and you were ${confidence}% sure; a blind ` +
      `pick is right 1 time in ${spec.answers.length}. ${truth}${changed}`
    );
  }
  if (phase === "skipped") return "Skipped: the measured values are shown without a score.";
  const { gap, rivals, right } = judged(state);
  const n = places(spec);
  const others = rivals.map((rival) => `${rival.name} misses it by ${decimals(rival.gap, n)}`);
  return (
    `On average your curve misses the measured ${spec.y_label} by ${decimals(gap, n)}; ` +
    `${listed(others)}. You were ${confidence}% sure of coming closest, and you ` +
    `${right ? "did" : "did not"}.${changed}`
  );
}

function todo({ spec, values, answer, confidence }) {
  const missing = isCurve(spec) ? values.filter((each) => each == null).length : 0;
  if (isCurve(spec) && missing === values.length) {
    return `Draw your curve through the ${values.length} dotted lines, or start from a named shape.`;
  }
  if (missing) return `${plural(missing, "point")} to go.`;
  if (!isCurve(spec) && answer == null) return "Pick an answer before you read on.";
  return confidence == null ? "Now say how sure you are." : "Ready: commit to see the result.";
}

// --- what is on the page ----------------------------------------------------------------------
function curveView(state) {
  const { spec, values, phase } = state;
  const { x, y, range } = scales(state);
  const revealed = phase !== "open" && isKnown(spec);
  const n = places(spec);
  const point = (level, k) => (level == null ? null : [x(k), y(level)]);
  const line = (levels) => linePath(levels.map(point));
  const end = spec.x.length - 1;
  const band =
    revealed && spec.low && spec.high
      ? `${line(spec.high)}${line(spec.low)
          .replace(/[ML]/g, "|")
          .split("|")
          .slice(1)
          .reverse()
          .map((each) => `L${each}`)
          .join("")}Z`
      : "";
  const labels = spec.x.map(thousandsIfLong);
  const half = (k) => 3.6 * labels[k].length + 3; // half a label's width in drawing units
  const tick = new Set([0, end]); // label the x values that leave room for each other
  let free = x(0) + half(0);
  for (let k = 1; k < end; k++) {
    if (x(k) - half(k) < free || x(k) + half(k) > x(end) - half(end)) continue;
    tick.add(k);
    free = x(k) + half(k);
  }
  const rivals = revealed ? spec.rivals : [];
  return {
    yTicks: ticks(...range).map((each) => ({ text: each.text, y: y(each.value) })),
    knots: spec.x.map((each, k) => ({
      x: x(k),
      text: tick.has(k) ? labels[k] : "",
      set: values[k] != null,
      y: values[k] == null ? y((range[0] + range[1]) / 2) : y(values[k]),
      value: values[k] ?? (spec.y_range[0] + spec.y_range[1]) / 2,
      said: values[k] == null ? "not set" : decimals(values[k], n),
      label: `${spec.y_label} at ${spec.x_label} ${each}`,
    })),
    hint: phase === "open" && values.every((each) => each == null) ? "draw your curve here" : "",
    yours: line(values),
    band,
    truth: revealed ? line(spec.truth) : "",
    truthPoints: revealed ? spec.truth.map(point) : [],
    rivals: rivals.map((rival) => line(rival.values)),
    legend: [
      values.some((each) => each != null) ? ["yours", "your prediction"] : null,
      revealed ? ["truth", spec.low ? "measured, with its interval" : "measured"] : null,
      ...rivals.map((rival, k) => [`rival${k}`, rival.name]),
    ].filter(Boolean),
    figure: `${spec.y_label} against ${spec.x_label}: ${
      [
        values.some((each) => each != null) ? "your prediction" : null,
        revealed ? "the measured values" : null,
      ]
        .filter(Boolean)
        .join(" and ") || "an empty plot to draw in"
    }.`,
    table: [
      [
        spec.x_label,
        "your prediction",
        ...(revealed ? ["measured", ...rivals.map((each) => each.name)] : []),
      ],
      ...spec.x.map((each, k) => [
        String(each),
        decimals(values[k], n),
        ...(revealed
          ? [decimals(spec.truth[k], n), ...rivals.map((rival) => decimals(rival.values[k], n))]
          : []),
      ]),
    ],
  };
}
const thousandsIfLong = (each) => (Number.isInteger(each) && each >= 10000 ? thousands(each) : String(each));

function choiceView({ spec, phase, answer }) {
  const revealed = phase !== "open" && isKnown(spec);
  const mark = (k) =>
    [k === answer ? "your answer" : null, revealed && k === spec.truth ? "what the experiment says" : null]
      .filter(Boolean)
      .join(", ");
  return {
    answers: spec.answers.map((text, k) => ({
      text,
      note: phase === "open" ? "" : mark(k),
      chosen: k === answer,
      right: revealed && k === spec.truth,
      wrong: revealed && k === answer && k !== spec.truth,
    })),
    table: [["answer", "chosen by"], ...spec.answers.map((text, k) => [text, mark(k) || "–"])],
  };
}

export function view(state) {
  const { spec, phase, confidence } = state;
  return {
    ...(isCurve(spec) ? curveView(state) : choiceView(state)),
    curve: isCurve(spec),
    phase,
    confidence,
    status: sentence(state),
    ready: complete(state),
    asks: isCurve(spec)
      ? `How sure are you that you come closer than ${listed(spec.rivals.map((rival) => rival.name))}?`
      : "How sure are you?",
    undoable: phase === "open",
    reset: phase === "open" ? "Start again" : "Forget this prediction",
  };
}

// --- the page ---------------------------------------------------------------------------------
function plot(first, dispatch) {
  const bottom = PLOT.height - PLOT.bottom;
  const middle = (PLOT.left + PLOT.width - PLOT.right) / 2;
  const graph = svg("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img", class: "ex-plot" });
  const axis = svg("g", { class: "ex-axis" });
  const made = {
    band: svg("path", { class: "ex-band" }),
    rivals: [0, 1, 2].map((k) => svg("path", { class: `ex-rival rival${k}` })),
    truth: svg("path", { class: "ex-truth" }),
    squares: first.knots.map(() => svg("rect", { width: 7, height: 7, class: "ex-square" })),
    yours: svg("path", { class: "ex-yours" }),
    dots: first.knots.map(() => svg("circle", { r: 5, class: "ex-dot" })),
    hint: svg("text", { x: middle, y: (PLOT.top + bottom) / 2, "text-anchor": "middle", class: "ex-hint" }),
    rails: first.knots.map(({ x }) =>
      svg("line", { x1: x, x2: x, y1: PLOT.top, y2: bottom, class: "ex-rail" }),
    ),
  };
  const names = svg("g", { class: "ex-axis" }, axes(PLOT, { xTicks: first.knots, xName: first.xLabel }));
  const area = svg("rect", {
    x: PLOT.left,
    y: 0,
    width: PLOT.width - PLOT.left,
    height: bottom + 8,
    class: "ex-area",
  });
  graph.append(
    axis,
    names,
    ...made.rails,
    made.hint,
    made.band,
    ...made.rivals,
    made.truth,
    ...made.squares,
    made.yours,
    ...made.dots,
    area,
  );

  const draw = (to, from) => dispatch({ type: "draw", from, to, transient: true });
  drag(area, draw, () => dispatch({ type: "drawn" })); // a whole stroke is one step of undo
  return { graph, axis, made };
}

function updatePlot({ graph, axis, made }, drawn) {
  set(graph, { "aria-label": drawn.figure });
  axis.replaceChildren(...axes(PLOT, { yTicks: drawn.yTicks }));
  set(made.hint, { text: drawn.hint });
  set(made.band, { d: drawn.band });
  set(made.truth, { d: drawn.truth });
  set(made.yours, { d: drawn.yours });
  made.rivals.forEach((each, k) => set(each, { d: drawn.rivals[k] ?? "" }));
  drawn.knots.forEach(({ x, y, set: placed }, k) =>
    set(made.dots[k], { cx: x, cy: y, visibility: placed ? "visible" : "hidden" }),
  );
  made.squares.forEach((each, k) => {
    const [x, y] = drawn.truthPoints[k] ?? [0, 0];
    set(each, { x: x - 3.5, y: y - 3.5, visibility: drawn.truthPoints[k] ? "visible" : "hidden" });
  });
}

function curveFigure(parts, dispatch, first) {
  const drawing = plot(first, dispatch);
  const legend = html("p", { class: "ex-key" });
  const shapes = html(
    "div",
    { class: "ex-shapes", role: "group", "aria-label": "Start from a named shape" },
    Object.keys(SHAPES).map((shape) => button(shape, () => dispatch({ type: "shape", shape }))),
  );
  const ranges = first.knots.map((knot, k) => {
    const [min, max] = first.yRange;
    const input = html("input", {
      type: "range",
      min,
      max,
      step: (max - min) / 100,
      "aria-label": knot.label,
      oninput: () => dispatch({ type: "knot", knot: k, value: Number(input.value), transient: true }),
      onchange: () => dispatch({ type: "drawn" }),
    });
    return input;
  });
  const outputs = first.knots.map(() => html("span"));
  const sliders = html(
    "details",
    { class: "ex-sliders" },
    html("summary", { text: "Set each point with a slider instead" }),
    ranges.map((range, k) =>
      html("label", null, html("span", { text: String(first.x[k]) }), range, outputs[k]),
    ),
  );
  parts.figure.append(
    html("p", { class: "ex-name-y", text: first.yLabel }),
    drawing.graph,
    legend,
    shapes,
    sliders,
  );
  return (drawn) => {
    updatePlot(drawing, drawn);
    const open = drawn.phase === "open";
    drawing.graph.classList.toggle("open", open);
    shapes.hidden = sliders.hidden = !open;
    legend.replaceChildren(
      ...drawn.legend.map(([kind, text]) => html("span", { class: `ex-swatch ${kind}`, text })),
    );
    drawn.knots.forEach((knot, k) => {
      set(ranges[k], { value: String(knot.value), "aria-valuetext": knot.said });
      set(outputs[k], { text: knot.said });
    });
  };
}

function choiceFigure(parts, dispatch, first, question) {
  const rows = first.answers.map((answer, k) => {
    const input = html("input", {
      type: "radio",
      name: "answer",
      value: String(k),
      onchange: () => dispatch({ type: "answer", answer: k }),
    });
    const note = html("em");
    return {
      input,
      note,
      label: html("label", { class: "ex-answer" }, input, html("span", { text: answer.text }), note),
    };
  });
  parts.figure.append(
    html(
      "form",
      { onsubmit: (event) => event.preventDefault() },
      html(
        "fieldset",
        { "aria-label": question },
        rows.map((row) => row.label),
      ),
    ),
  );
  return (drawn) =>
    drawn.answers.forEach((answer, k) => {
      set(rows[k].input, { checked: answer.chosen, disabled: drawn.phase !== "open" });
      set(rows[k].note, { text: answer.note });
      rows[k].label.classList.toggle("right", answer.right);
      rows[k].label.classList.toggle("wrong", answer.wrong);
    });
}

export function mount(parts, dispatch, first, spec) {
  const figure = first.curve
    ? curveFigure(parts, dispatch, {
        ...first,
        x: spec.x,
        xLabel: spec.x_label,
        yLabel: spec.y_label,
        yRange: spec.y_range,
      })
    : choiceFigure(parts, dispatch, first, spec.question);
  const sure = CONFIDENCES.map((each) =>
    html("input", {
      type: "radio",
      name: "confidence",
      value: String(each),
      onchange: () => dispatch({ type: "confidence", confidence: each }),
    }),
  );
  const asks = html(
    "form",
    { class: "ex-sure", onsubmit: (event) => event.preventDefault() },
    html(
      "fieldset",
      null,
      html("legend", { text: first.asks }),
      html(
        "div",
        { class: "ex-row" },
        sure.map((input, k) => html("label", null, input, `${CONFIDENCES[k]}%`)),
      ),
    ),
  );
  const commit = button("Commit and reveal", () => dispatch({ type: "commit", final: true }), {
    class: "ex-main",
  });
  const skip = button("Skip", () => dispatch({ type: "skip", final: true }));
  parts.figure.append(asks);
  parts.controls.append(commit, skip);
  return function update(drawn) {
    figure(drawn);
    const open = drawn.phase === "open";
    asks.hidden = commit.hidden = skip.hidden = !open;
    commit.disabled = !drawn.ready;
    sure.forEach((input, k) => set(input, { checked: CONFIDENCES[k] === drawn.confidence }));
    parts.details.hidden = open;
    parts.root.classList.toggle("revealed", !open);
  };
}

export default {
  render: (context) => run({ name, remembers, init, reduce, view, value, restore, mount }, context),
};
