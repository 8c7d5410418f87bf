// The dial: a small network and its linearisation learn seven points before the reader's eyes.
//
// f = alpha (F - F_0) with F = m^-1/2 sum v_j tanh(w_j x + b_j); the loss is |f - y|^2 / (2n). Steps are
// theta <- theta - rate / (alpha n) J^T (f - y); the linearised u <- u - rate / n K_0 (u - y) knows no alpha.
// Chizat, Oyallon & Bach 2019, "On lazy training in differentiable programming".

export const name = "dial";
const PLOT = { width: 360, height: 250, left: 34, right: 10, top: 26, bottom: 56 };
const TIME = { width: 360, height: 118, left: 34, right: 10, top: 24, bottom: 20 };
const LAST = { ...TIME, height: 134, bottom: 36 };
const FLOOR = 1e-6; // of the losses drawn

/** Activations, slopes and outputs on points x; the parameters' derivatives follow from these. */
function forward(theta, x) {
  const { w, b, v } = theta;
  const root = Math.sqrt(w.length);
  return x.map((at) => {
    const t = w.map((each, j) => Math.tanh(each * at + b[j]));
    const g = t.map((each, j) => v[j] * (1 - each * each));
    return { at, t, g, out: t.reduce((sum, each, j) => sum + each * v[j], 0) / root };
  });
}

/** The tangent kernel between two lists of points, (p, q). */
export function kernel(one, other) {
  const m = one[0].t.length;
  return one.map((a) =>
    other.map((b) => {
      let [values, slopes] = [0, 0];
      for (let j = 0; j < m; j++) {
        values += a.t[j] * b.t[j];
        slopes += a.g[j] * b.g[j];
      }
      return (values + slopes * (1 + a.at * b.at)) / m;
    }),
  );
}
const norm = (matrix) => Math.sqrt(matrix.flat().reduce((sum, each) => sum + each * each, 0));
const loss = (f, y) => f.reduce((sum, each, i) => sum + (each - y[i]) ** 2, 0) / (2 * y.length);
const times = (matrix, vector) =>
  matrix.map((row) => row.reduce((sum, each, i) => sum + each * vector[i], 0));

/** The whole course at one scale and width: a look at every `every` steps. */
export function course(spec, alpha, width) {
  const { x, y, grid, steps, every } = spec;
  const n = x.length;
  const theta = { w: spec.w.slice(0, width), b: spec.b.slice(0, width), v: spec.v.slice(0, width) };
  const turning = () => theta.w.map((each, j) => -theta.b[j] / each);
  let points = forward(theta, x);
  const start = { points: points.map((each) => each.out), grid: forward(theta, grid) };
  const k0 = kernel(points, points);
  const reach = kernel(start.grid, points);
  const rate = n / norm(k0);
  const root = Math.sqrt(width);
  let line = y.map(() => 0);
  let lineGrid = grid.map(() => 0);
  const looks = [];
  for (let step = 0; ; step++) {
    const f = points.map((each, i) => alpha * (each.out - start.points[i]));
    if (step % every === 0) {
      const now = kernel(points, points);
      looks.push({
        step,
        net: forward(theta, grid).map((each, i) => alpha * (each.out - start.grid[i].out)),
        line: lineGrid,
        losses: [loss(f, y), loss(line, y)],
        drift: norm(now.map((row, i) => row.map((each, j) => each - k0[i][j]))) / norm(k0),
        turning: turning(),
      });
    }
    if (step === steps) return looks;
    const gain = rate / (alpha * n * root);
    points.forEach(({ at, t, g }, i) => {
      const r = gain * (f[i] - y[i]);
      for (let j = 0; j < width; j++) {
        theta.v[j] -= r * t[j];
        theta.w[j] -= r * g[j] * at;
        theta.b[j] -= r * g[j];
      }
    });
    points = forward(theta, x);
    const left = line.map((each, i) => (rate / n) * (each - y[i]));
    const [near, far] = [times(k0, left), times(reach, left)];
    line = line.map((each, i) => each - near[i]);
    lineGrid = lineGrid.map((each, i) => each - far[i]);
  }
}

const at = (spec, alpha, width, look) => ({
  spec,
  alpha,
  width,
  look,
  looks: course(spec, spec.scales[alpha], spec.widths[width]),
});

export const init = (spec) => at(spec, spec.opening[0], spec.opening[1], spec.steps / spec.every);

export function reduce(state, action) {
  const { spec } = state;
  const last = state.looks.length - 1;
  switch (action.type) {
    case "look":
      return { ...state, look: clamp(Math.round(action.look), 0, last) };
    case "alpha":
      return at(spec, clamp(action.alpha, 0, spec.scales.length - 1), state.width, state.look);
    case "width":
      return at(spec, state.alpha, action.width, state.look);
    default:
      return state;
  }
}

export const value = ({ alpha, width, look }) => ({ alpha, width, look });

export function restore(spec, saved) {
  const within = (number, count) => Number.isInteger(number) && number >= 0 && number < count;
  const valid =
    within(saved.alpha, spec.scales.length) &&
    within(saved.width, spec.widths.length) &&
    within(saved.look, spec.steps / spec.every + 1);
  return valid ? at(spec, saved.alpha, saved.width, saved.look) : null;
}

/** 1/4, 1, 16 */
const fraction = (number) => (number < 1 ? `1/${Math.round(1 / number)}` : String(number));
const percent = (number) => `${Math.round(100 * number)}%`;

export function view(state) {
  const { spec, looks, look } = state;
  const now = looks[look];
  const [alpha, width] = [spec.scales[state.alpha], spec.widths[state.width]];
  const x = scale([spec.grid[0], spec.grid.at(-1)], [PLOT.left, PLOT.width - PLOT.right]);
  const y = scale([-1.6, 1.6], [PLOT.height - PLOT.bottom, PLOT.top]);
  const t = scale([0, spec.steps], [TIME.left, TIME.width - TIME.right]);
  const l = scale([FLOOR, 1], [TIME.height - TIME.bottom, TIME.top], true);
  const most = Math.max(0.1, ...looks.map((each) => each.drift));
  const d = scale([0, most], [LAST.height - LAST.bottom, LAST.top]);
  const inside = (number) => clamp(number, -1.6, 1.6);
  const curve = (levels) => linePath(levels.map((each, i) => [x(spec.grid[i]), y(inside(each))]));
  const overTime = (read, to) => linePath(looks.map((each) => [t(each.step), to(read(each))]));
  const seen = (turn) => turn.filter((each) => each > spec.grid[0] && each < spec.grid.at(-1)).map(x);
  const [net, line] = now.losses.map((each) => (each < 1e-4 ? "under .0001" : decimals(each, 4)));
  return {
    alpha: state.alpha,
    width: state.width,
    look,
    last: looks.length - 1,
    step: now.step,
    alphaText: fraction(alpha),
    scales: spec.scales.length,
    widths: spec.widths,
    points: spec.x.map((each, i) => ({ cx: x(each), cy: y(spec.y[i]) })),
    net: curve(now.net),
    line: curve(now.line),
    before: seen(looks[0].turning),
    turning: seen(now.turning),
    losses: [0, 1].map((k) => overTime((each) => clamp(each.losses[k], FLOOR, 1), l)),
    drift: overTime((each) => each.drift, d),
    cursor: t(now.step),
    xTicks: ticks(-1.5, 1.5).map(({ value, text }) => ({ x: x(value), text })),
    yTicks: ticks(-1, 1).map(({ value, text }) => ({ y: y(value), text: text === ".0" ? "0" : text })),
    lossTicks: [0, 2, 4].map((places) => ({ y: l(10 ** -places), text: decimals(10 ** -places, places) })),
    driftTicks: [0, most / 2, most].map((each) => ({ y: d(each), text: percent(each) })),
    timeTicks: ticks(0, spec.steps).map(({ value }) => ({ x: t(value), text: thousands(value) })),
    status:
      `α = ${fraction(alpha)}, ${width} units, after ${plural(now.step, "step")}: ` +
      `the loss of the network is ${net}, that of its linearisation ${line}; ` +
      `the kernel has moved by ${percent(now.drift)}.`,
    functionLabel:
      `The network (solid) and its linearisation (dashed) on seven points after ${now.step} steps. ` +
      "Ticks below: where units turn, at the start and now.",
    lossLabel: `Losses over ${spec.steps} steps: network ${net}, linearisation ${line} at step ${now.step}.`,
    driftLabel: `Drift of the kernel over ${spec.steps} steps: ${percent(now.drift)} at step ${now.step}.`,
    table: [
      ["step", "loss, network", "loss, linearisation", "drift of the kernel"],
      ...looks
        .filter((_, k) => k % Math.max(1, Math.floor((looks.length - 1) / 10)) === 0)
        .map((each) => [
          thousands(each.step),
          decimals(each.losses[0], 4),
          decimals(each.losses[1], 4),
          percent(each.drift),
        ]),
    ],
  };
}

// --- the page ---------------------------------------------------------------------------------
function panel(box, label, named, paths) {
  const graph = svg("svg", { viewBox: `0 0 ${box.width} ${box.height}`, role: "img" });
  const axis = svg("g", { class: "ex-axis" });
  const made = paths.map((kind) => svg("path", { class: `ex-curve ${kind}` }));
  graph.append(axis, ...made);
  return {
    graph,
    paths: made,
    draw: (text, ticksOf) => {
      set(graph, { "aria-label": text });
      axis.replaceChildren(...axes(box, { ...named, ...ticksOf }));
    },
  };
}

export function mount(parts, dispatch, first) {
  const fit = panel(PLOT, "", { yName: "output", xName: "input" }, ["line", "net"]);
  const losses = panel(TIME, "", { yName: "loss" }, ["line", "net"]);
  const drift = panel(LAST, "", { yName: "drift of the kernel", xName: "step" }, ["net"]);
  const dots = first.points.map((each) => svg("circle", { ...each, r: 4, class: "ex-dot" }));
  const rows = ["before", "now"].map((kind) => svg("path", { class: `ex-turn ${kind}` }));
  fit.graph.append(...dots, ...rows);
  const cursors = [losses, drift].map(({ graph }, k) => {
    const box = k ? LAST : TIME;
    const node = svg("line", { y1: box.top, y2: box.height - box.bottom, class: "ex-cursor" });
    graph.append(node);
    const move = ({ x }) => {
      const share = (x - box.left) / (box.width - box.left - box.right);
      dispatch({ type: "look", look: share * first.last, transient: true });
    };
    drag(graph, move, () => dispatch({ type: "released" }));
    return node;
  });
  const slider = (label, max, type) => {
    const range = html("input", {
      type: "range",
      min: 0,
      max,
      step: 1,
      "aria-label": label,
      oninput: () => dispatch({ type, [type]: Number(range.value), transient: true }),
      onchange: () => dispatch({ type: "released" }),
    });
    return range;
  };
  const alpha = slider("Output scale alpha", first.scales - 1, "alpha");
  const time = slider("Step of training", first.last, "look");
  const shown = { alpha: html("b", { class: "ex-count" }), time: html("b", { class: "ex-count" }) };
  const radios = first.widths.map((_, k) =>
    html("input", {
      type: "radio",
      name: "units",
      value: String(k),
      onchange: () => dispatch({ type: "width", width: k }),
    }),
  );
  let running = 0;
  let latest = first;
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const stop = () => {
    cancelAnimationFrame(running);
    running = 0;
    set(play, { text: "Play" });
  };
  const tick = () => {
    if (!parts.root.isConnected || latest.look >= latest.last) {
      stop();
      dispatch({ type: "released" });
      return;
    }
    dispatch({ type: "look", look: latest.look + 1, transient: true });
    running = requestAnimationFrame(tick);
  };
  const play = button("Play", () => {
    if (running) return stop();
    if (still()) return dispatch({ type: "look", look: latest.last });
    if (latest.look >= latest.last) dispatch({ type: "look", look: 0, transient: true });
    set(play, { text: "Pause" });
    running = requestAnimationFrame(tick);
  });
  const line = (label, range, count) =>
    html("div", { class: "ex-slide" }, html("span", { "aria-hidden": "true", text: label }), range, count);
  parts.figure.append(
    html(
      "form",
      { onsubmit: (event) => event.preventDefault() },
      html(
        "fieldset",
        null,
        html("legend", { text: "Units" }),
        html(
          "div",
          { class: "ex-row" },
          radios.map((input, k) => html("label", null, input, String(first.widths[k]))),
        ),
      ),
    ),
    line("Scale α", alpha, shown.alpha),
    line("Step", time, shown.time),
    html("div", { class: "ex-pair" }, fit.graph, html("div", null, losses.graph, drift.graph)),
    html(
      "p",
      { class: "ex-key" },
      [
        ["net", "the network"],
        ["line", "its linearisation"],
        ["turn", "where units turn: at the start (upper row), now (lower row)"],
      ].map(([kind, text]) => html("span", { class: `ex-swatch ${kind}`, text })),
    ),
  );
  parts.controls.append(play);
  const marks = (places, from, to) => places.map((x) => `M${x.toFixed(1)} ${from}V${to}`).join("");
  return function update(drawn) {
    latest = drawn;
    radios.forEach((input, k) => set(input, { checked: k === drawn.width }));
    set(alpha, { value: String(drawn.alpha), "aria-valuetext": `alpha ${drawn.alphaText}` });
    set(time, { value: String(drawn.look), "aria-valuetext": `step ${drawn.step}` });
    set(shown.alpha, { text: drawn.alphaText });
    set(shown.time, { text: thousands(drawn.step) });
    fit.draw(drawn.functionLabel, { xTicks: drawn.xTicks, yTicks: drawn.yTicks });
    losses.draw(drawn.lossLabel, { yTicks: drawn.lossTicks });
    drift.draw(drawn.driftLabel, { xTicks: drawn.timeTicks, yTicks: drawn.driftTicks });
    [drawn.line, drawn.net].forEach((d, k) => set(fit.paths[k], { d }));
    [drawn.losses[1], drawn.losses[0]].forEach((d, k) => set(losses.paths[k], { d }));
    set(drift.paths[0], { d: drawn.drift });
    const bottom = PLOT.height - PLOT.bottom;
    set(rows[0], { d: marks(drawn.before, bottom - 17, bottom - 10) });
    set(rows[1], { d: marks(drawn.turning, bottom - 8, bottom - 1) });
    cursors.forEach((node) => set(node, { x1: drawn.cursor, x2: drawn.cursor }));
  };
}

export default { render: (context) => run({ name, init, reduce, view, value, restore, mount }, context) };
