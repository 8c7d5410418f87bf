// Neuron hunt: the best of m random neurons for a target, on the images it was picked on and on
// new ones, next to what picking achieves for random labels.
//
// Scores come as bytes, correlation times 127: for every target first all train scores (their sign
// already chosen, so at least 0), then the held-out scores of the same neurons.

export const name = "hunt";
const BARS = { width: 360, height: 200, left: 14, right: 14, top: 32, bottom: 40, bins: 40 };
const LINES = { width: 360, height: 200, left: 34, right: 14, top: 28, bottom: 40 };

const scoresOf = ({ data, spec }, target, part) => {
  const m = spec.steps.at(-1);
  return data.subarray((2 * target + part) * m, (2 * target + part + 1) * m);
};

/** For each number of neurons the winner's index and its two correlations. */
export function winners(state, target) {
  const train = scoresOf(state, target, 0);
  const heldOut = scoresOf(state, target, 1);
  let best = 0;
  let seen = 0;
  return state.spec.steps.map((m) => {
    for (; seen < m; seen++) if (train[seen] > train[best]) best = seen;
    return { neuron: best, train: train[best] / 127, heldOut: heldOut[best] / 127 };
  });
}

export function init(spec, data) {
  const state = { spec, data, target: 0, step: spec.steps.length - 1 };
  const best = spec.targets.map((_, target) => winners(state, target));
  // One range for all targets, so that nothing jumps when the target changes.
  let lowest = 0;
  spec.targets.forEach((_, target) =>
    scoresOf(state, target, 1).forEach((score) => {
      lowest = Math.min(lowest, score);
    }),
  );
  const highest = Math.max(
    ...best.flat().map((each) => each.train),
    ...spec.targets.flatMap((target) => Object.values(target.laws).flat()),
  );
  const range = [Math.floor((lowest / 127) * 10) / 10, Math.min(1, Math.ceil(highest * 10) / 10)];
  return { ...state, best, range, random: spec.targets.findIndex((each) => each.name === spec.random) };
}

export function reduce(state, action) {
  const last = state.spec.steps.length - 1;
  switch (action.type) {
    case "step":
      return { ...state, step: clamp(Math.round(action.step), 0, last) };
    case "by":
      return reduce(state, { type: "step", step: state.step + action.by });
    case "target":
      return { ...state, target: action.target };
    default:
      return state;
  }
}

export const value = ({ spec, target, step }) => ({ target: spec.targets[target].name, step });

export function restore(spec, saved, data) {
  const target = spec.targets.findIndex((each) => each.name === saved.target);
  const valid =
    target >= 0 && Number.isInteger(saved.step) && saved.step >= 0 && saved.step < spec.steps.length;
  return valid ? { ...init(spec, data), target, step: saved.step } : null;
}

/** The share of the first m held-out scores in each bin. */
export function histogram(scores, m, [low, high], bins) {
  const counts = new Array(bins).fill(0);
  for (let k = 0; k < m; k++) {
    const at = Math.floor(((scores[k] / 127 - low) / (high - low)) * bins);
    counts[clamp(at, 0, bins - 1)] += 1 / m;
  }
  return counts;
}

function barsView(state, m) {
  const { range, target, random } = state;
  const shares = histogram(scoresOf(state, target, 1), m, range, BARS.bins);
  const ghost = histogram(scoresOf(state, random, 1), m, range, BARS.bins);
  const most = Math.max(...shares, ...ghost);
  const x = scale(range, [BARS.left, BARS.width - BARS.right]);
  const y = scale([0, most], [BARS.height - BARS.bottom, BARS.top]);
  const width = (BARS.width - BARS.left - BARS.right) / BARS.bins;
  const bar = (share, k) => ({
    x: BARS.left + k * width + 0.6,
    width: width - 1.2,
    y: y(share),
    height: y(0) - y(share),
  });
  const steps = ghost.map(
    (share, k) =>
      `${k ? "L" : "M"}${(BARS.left + k * width).toFixed(1)} ${y(share).toFixed(1)}h${width.toFixed(2)}`,
  );
  const best = state.best[target][state.step];
  return {
    bars: shares.map(bar),
    ghost: steps.join(""),
    ticks: ticks(...range).map(({ value, text }) => ({ x: x(value), text })),
    heldOut: { x: x(best.heldOut), text: "held out" },
    train: { x: x(best.train), text: "train" },
  };
}

function linesView(state) {
  const { spec, best, target, random, range } = state;
  const last = spec.steps.length - 1;
  const x = scale([0, Math.max(last, 1)], [LINES.left, LINES.width - LINES.right]);
  const y = scale(
    [Math.min(0, ...best.flat().map((each) => each.heldOut)), range[1]],
    [LINES.height - LINES.bottom, LINES.top],
  );
  const line = (levels) => linePath(levels.map((level, k) => [x(k), y(Math.min(level, range[1]))]));
  const of = (which, part) => line(best[which].map((each) => each[part]));
  return {
    train: of(target, "train"),
    heldOut: of(target, "heldOut"),
    ghostTrain: of(random, "train"),
    ghostHeldOut: of(random, "heldOut"),
    laws: Object.values(spec.targets[target].laws).map(line),
    cursor: x(state.step),
    dots: [y(best[target][state.step].train), y(best[target][state.step].heldOut)],
    xTicks: spec.steps.map((m, k) => ({
      x: x(k),
      text: k % 3 === 0 || (k === last && k % 3 > 1) ? thousands(m) : "",
    })),
    yTicks: ticks(y.back(LINES.height - LINES.bottom), range[1]).map(({ value, text }) => ({
      y: y(value),
      text,
    })),
    back: [LINES.left, LINES.width - LINES.right],
  };
}

export function view(state) {
  const { spec, target, random, step, best } = state;
  const m = spec.steps[step];
  const now = best[target][step];
  const chance = best[random][step];
  const { name: called, laws, pictures } = spec.targets[target];
  const said = (each) =>
    `${decimals(each.train)} on the images it was picked on and ` + `${decimals(each.heldOut)} on new ones`;
  const expected = Object.entries(laws).map(([law, levels]) => `${law} ${decimals(levels[step])}`);
  const picture = pictures[now.neuron] ?? null;
  return {
    status:
      `The best of ${plural(m, "neuron")} for ${called} correlates ${said(now)}.` +
      (target === random
        ? ""
        : ` For ${spec.random} the best correlates ${decimals(chance.train)} and ` +
          `${decimals(chance.heldOut)}.`) +
      (expected.length ? ` Expected on the images it was picked on: ${listed(expected)}.` : ""),
    m,
    step,
    last: spec.steps.length - 1,
    count: thousands(m),
    target,
    targets: spec.targets.map((each) => each.name),
    random: spec.random,
    histogram: barsView(state, m),
    lines: linesView(state),
    laws: Object.keys(laws),
    picture,
    pictureLabel: picture
      ? `What the best of ${plural(m, "neuron")} for ${called} looks for: light ` +
        "pixels raise it, dark ones lower it."
      : "",
    barsLabel:
      `Histogram of the held-out correlations of ${plural(m, "neuron")} with ${called}; the ` +
      `one picked on the training images lies at ${decimals(now.heldOut)}, on those images at ` +
      `${decimals(now.train)}.`,
    linesLabel:
      `Best correlation against the number of neurons. ${called}: up to ` +
      `${decimals(best[target].at(-1).train)} on the images it was picked on, ` +
      `${decimals(best[target].at(-1).heldOut)} on new ones.`,
    table: [
      ["neurons", "train", "held out", ...Object.keys(laws), `${spec.random}, train`, "held out"],
      ...spec.steps.map((each, k) => [
        thousands(each),
        decimals(best[target][k].train),
        decimals(best[target][k].heldOut),
        ...Object.values(laws).map((levels) => decimals(levels[k])),
        decimals(best[random][k].train),
        decimals(best[random][k].heldOut),
      ]),
    ],
  };
}

// --- the page ---------------------------------------------------------------------------------
function drawPicture(canvas, image) {
  canvas.height = image.length;
  canvas.width = image[0].length;
  const pixels = image.flat().flatMap((level) => {
    const grey = Math.round(127.5 + (level / 31) * 127.5);
    return [grey, grey, grey, 255];
  });
  canvas
    .getContext("2d")
    .putImageData(new ImageData(new Uint8ClampedArray(pixels), canvas.width, canvas.height), 0, 0);
}

function bars(first) {
  const bottom = BARS.height - BARS.bottom;
  const made = {
    graph: svg("svg", { viewBox: `0 0 ${BARS.width} ${BARS.height}`, role: "img" }),
    bars: first.histogram.bars.map((bar) => svg("rect", { ...bar, class: "ex-bar" })),
    ghost: svg("path", { class: "ex-ghost" }),
    marks: ["train", "heldOut"].map((kind) =>
      svg(
        "g",
        { class: `ex-mark ${kind}` },
        svg("line", { y1: BARS.top + (kind === "train" ? 0 : 12), y2: bottom }),
        svg("text", { "text-anchor": "middle" }),
      ),
    ),
  };
  made.graph.append(
    svg(
      "g",
      { class: "ex-axis" },
      axes(BARS, {
        yTicks: [{ y: bottom, text: "" }],
        xTicks: first.histogram.ticks,
        yName: "share of neurons",
        xName: "correlation with the target, new images",
      }),
    ),
    ...made.bars,
    made.ghost,
    ...made.marks,
  );
  return made;
}

function lines(first, dispatch) {
  const bottom = LINES.height - LINES.bottom;
  const made = {
    graph: svg("svg", { viewBox: `0 0 ${LINES.width} ${LINES.height}`, role: "img", class: "ex-lines" }),
    cursor: svg("line", { y1: LINES.top, y2: bottom, class: "ex-cursor" }),
    laws: [0, 1].map((k) => svg("path", { class: `ex-law law${k}` })),
    paths: ["ghostTrain", "ghostHeldOut", "train", "heldOut"].map((kind) => ({
      kind,
      path: svg("path", { class: `ex-path ${kind}` }),
    })),
    dots: ["train", "heldOut"].map((kind) => svg("circle", { r: 4.5, class: `ex-point ${kind}` })),
  };
  const { xTicks, yTicks } = first.lines;
  made.graph.append(
    svg(
      "g",
      { class: "ex-axis" },
      axes(LINES, { xTicks, yTicks, yName: "best correlation", xName: "number of neurons to pick from" }),
    ),
    made.cursor,
    ...made.laws,
    ...made.paths.map(({ path }) => path),
    ...made.dots,
  );
  const move = ({ x }) => {
    const [left, right] = first.lines.back;
    dispatch({ type: "step", step: ((x - left) / (right - left)) * first.last, transient: true });
  };
  drag(made.graph, move, () => dispatch({ type: "released" }));
  return made;
}

export function mount(parts, dispatch, first) {
  const left = bars(first);
  const right = lines(first, dispatch);
  const canvas = html("canvas", { role: "img" });
  const picture = html(
    "figure",
    { class: "ex-picture" },
    canvas,
    html("figcaption", { text: "the best neuron's weights" }),
  );
  const radios = first.targets.map((target, k) =>
    html("input", {
      type: "radio",
      name: "target",
      value: target,
      onchange: () => dispatch({ type: "target", target: k }),
    }),
  );
  const range = html("input", {
    type: "range",
    min: 0,
    max: first.last,
    step: 1,
    "aria-label": "Number of neurons",
    oninput: () => dispatch({ type: "step", step: Number(range.value), transient: true }),
    onchange: () => dispatch({ type: "released" }),
  });
  const count = html("b", { class: "ex-count" });
  const half = button("Halve", () => dispatch({ type: "by", by: -1 }));
  const twice = button("Double", () => dispatch({ type: "by", by: 1 }));
  const key = html("p", { class: "ex-key" });
  parts.figure.append(
    html(
      "form",
      { onsubmit: (event) => event.preventDefault() },
      html(
        "fieldset",
        null,
        html("legend", { text: "Target" }),
        html(
          "div",
          { class: "ex-row" },
          radios.map((input, k) => html("label", null, input, first.targets[k])),
        ),
      ),
    ),
    html(
      "div",
      { class: "ex-slide" },
      html("span", { "aria-hidden": "true", text: "Neurons" }),
      half,
      range,
      twice,
      count,
    ),
    html("div", { class: "ex-pair" }, right.graph, left.graph),
    html("div", { class: "ex-under" }, key, picture),
  );
  return function update(drawn) {
    const { histogram: h, lines: l } = drawn;
    radios.forEach((input, k) => set(input, { checked: k === drawn.target }));
    set(range, { value: String(drawn.step), "aria-valuetext": `${drawn.count} neurons` });
    set(count, { text: drawn.count });
    half.disabled = drawn.step === 0;
    twice.disabled = drawn.step === drawn.last;
    h.bars.forEach((bar, k) => set(left.bars[k], bar));
    set(left.ghost, { d: h.ghost });
    [h.train, h.heldOut].forEach(({ x, text }, k) => {
      const [line, label] = left.marks[k].children;
      set(line, { x1: x, x2: x });
      set(label, { x: clamp(x, 30, BARS.width - 30), y: k ? BARS.top + 9 : BARS.top - 3, text });
    });
    set(left.graph, { "aria-label": drawn.barsLabel });
    right.paths.forEach(({ kind, path }) => set(path, { d: l[kind] }));
    right.laws.forEach((node, k) => set(node, { d: l.laws[k] ?? "" }));
    right.dots.forEach((node, k) => set(node, { cx: l.cursor, cy: l.dots[k] }));
    set(right.cursor, { x1: l.cursor, x2: l.cursor });
    set(right.graph, { "aria-label": drawn.linesLabel });
    key.replaceChildren(
      ...[
        ["train", "best, images it was picked on"],
        ["heldOut", "the same neuron, new images"],
        ["ghostTrain", drawn.random],
        ...drawn.laws.map((law, k) => [`law${k}`, law]),
      ].map(([kind, text]) => html("span", { class: `ex-swatch ${kind}`, text })),
    );
    picture.hidden = !drawn.picture;
    if (drawn.picture) drawPicture(canvas, drawn.picture);
    set(canvas, { "aria-label": drawn.pictureLabel });
  };
}

export default { render: (context) => run({ name, init, reduce, view, value, restore, mount }, context) };
