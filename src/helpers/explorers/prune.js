// Prune it yourself: a 3-h-1 ReLU network whose weights and biases can be cut one by one.
//
// Weights are one flat list, 4 per hidden unit (three inputs, bias), then h output weights and the
// output bias: 5h + 1 in all. A mask is a list of 0 and 1 in the same order. A function of three
// bits is a number from 0 to 255 whose bit k is the output for input k (000, 001, … 111), as in Python.

export const name = "prune";
const INPUTS = Array.from({ length: 8 }, (_, k) => [(k >> 2) & 1, (k >> 1) & 1, k & 1]);
const BITS = INPUTS.map((row) => row.join(""));
const isOn = (target, k) => (target >> k) & 1;

// --- the network ------------------------------------------------------------------------------

/** What every node computes on the eight inputs, each hidden unit and the output, under a mask. */
export function forward(weights, mask) {
  const h = (weights.length - 1) / 5;
  const w = weights.map((weight, k) => (mask[k] ? weight : 0));
  const hidden = Array.from({ length: h }, (_, j) =>
    INPUTS.map(([a, b, c]) => Math.max(0, a * w[4 * j] + b * w[4 * j + 1] + c * w[4 * j + 2] + w[4 * j + 3])),
  );
  const output = INPUTS.map((_, k) =>
    hidden.reduce((sum, unit, j) => sum + unit[k] * w[4 * h + j], w[5 * h]),
  );
  return { hidden, output };
}
export const tableOf = (output) => output.reduce((number, y, k) => number + (y > 0 ? 1 << k : 0), 0);

/** Pearson correlation; null where one of the two is constant. */
export function correlation(a, b) {
  const mean = (list) => list.reduce((sum, each) => sum + each, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((each, k) => {
    ab += (each - ma) * (b[k] - mb);
    aa += (each - ma) ** 2;
    bb += (b[k] - mb) ** 2;
  });
  return aa < 1e-18 || bb < 1e-18 ? null : ab / Math.sqrt(aa * bb);
}

/** What a random mask with as many cuts does to each unit's meaning: the mean correlation with the
 * whole network over `draws` masks, a silenced unit counting as 0. Seeded, so it does not flicker. */
export function randomMasks(weights, cuts, draws = 300) {
  const start = forward(
    weights,
    weights.map(() => 1),
  ).hidden;
  const total = start.map(() => 0);
  const random = seeded(cuts + 1);
  for (let draw = 0; draw < draws; draw++) {
    const mask = weights.map(() => 1);
    for (let left = cuts, k = 0; k < mask.length; k++) {
      if (random() * (mask.length - k) < left) {
        mask[k] = 0;
        left -= 1;
      }
    }
    forward(weights, mask).hidden.forEach((unit, j) => {
      total[j] += (correlation(start[j], unit) ?? 0) / draws;
    });
  }
  return total;
}

/** The different things one hidden unit can add to the output, with the number of its 32 masks
 * that do so and, of those, one with the fewest cuts. */
export function behaviours(weights, j) {
  const h = (weights.length - 1) / 5;
  const found = new Map();
  for (let code = 31; code >= 0; code--) {
    /** @type {number[]} */
    const kept = [16, 8, 4, 2, 1].map((bit) => (code & bit ? 1 : 0)); // 3 inputs, bias, output
    const adds = INPUTS.map((x) => {
      const sum =
        x.reduce((s, bit, i) => s + bit * kept[i] * weights[4 * j + i], 0) + kept[3] * weights[4 * j + 3];
      return kept[4] * weights[4 * h + j] * Math.max(0, sum);
    });
    const cuts = 5 - kept.reduce((sum, each) => sum + each);
    const key = adds.map((each) => each + 0).join(); // "+ 0" makes -0 and 0 one key
    const same = found.get(key);
    if (!same) found.set(key, { adds, kept, cuts, masks: 1 });
    else {
      same.masks += 1;
      if (cuts < same.cuts) Object.assign(same, { kept, cuts });
    }
  }
  return [...found.values()];
}

/** All 2^(5h+1) masks, merged by behaviour: for every function the number of masks that compute it
 * and one with the fewest cuts. This is a proof: a function with no mask here has none. */
export function enumerate(weights) {
  const h = (weights.length - 1) / 5;
  const units = Array.from({ length: h }, (_, j) => behaviours(weights, j));
  const masks = new Float64Array(256);
  const fewest = new Array(256).fill(null); // [cuts, choice of each unit, output bias kept]
  const sums = Array.from({ length: h + 1 }, () => new Float64Array(8));
  const choice = new Array(h).fill(0);
  let tried = 0;
  function descend(j, count, cuts, bias) {
    if (j === h) {
      const y = sums[h];
      let number = 0;
      for (let k = 0; k < 8; k++) number += y[k] > 0 ? 1 << k : 0;
      tried += 1;
      masks[number] += count;
      if (!fewest[number] || cuts < fewest[number][0]) fewest[number] = [cuts, [...choice], bias];
      return;
    }
    const [before, after] = [sums[j], sums[j + 1]];
    for (let option = 0; option < units[j].length; option++) {
      const { adds, masks: more, cuts: extra } = units[j][option];
      for (let k = 0; k < 8; k++) after[k] = before[k] + adds[k];
      choice[j] = option;
      descend(j + 1, count * more, cuts + extra, bias);
    }
  }
  for (const bias of [1, 0]) {
    sums[0].fill(bias * weights[5 * h]);
    descend(0, 1, 1 - bias, bias);
  }
  const example = fewest.map((best) => {
    if (!best) return null;
    const kept = best[1].map((option, j) => units[j][option].kept);
    return [...kept.flatMap((each) => each.slice(0, 4)), ...kept.map((each) => each[4]), best[2]];
  });
  return { masks: [...masks], example, cuts: fewest.map((best) => best && best[0]), tried };
}

// --- state ------------------------------------------------------------------------------------
const flip = (mask, k) => mask.map((each, i) => (i === k ? 1 - each : each));

export function init(spec) {
  const started = performance.now();
  const search = enumerate(spec.weights);
  const { weights, target } = spec;
  const all = weights.map(() => 1);
  const state = {
    spec,
    weights,
    target,
    search,
    mask: all,
    start: forward(weights, all),
    milliseconds: performance.now() - started,
  };
  return { ...state, mask: opening(state) };
}

/** One cut from success: the mask with the fewest cuts, less its first cut that matters. */
function opening({ weights, target, search, mask: all }) {
  const solved = search.example[target];
  if (!solved) return all;
  for (let k = 0; k < solved.length; k++) {
    const nearly = flip(solved, k);
    if (!solved[k] && tableOf(forward(weights, nearly).output) !== target) return nearly;
  }
  return all;
}

export function reduce(state, action) {
  switch (action.type) {
    case "toggle":
      return { ...state, mask: flip(state.mask, action.edge) };
    case "keep all":
      return { ...state, mask: state.mask.map(() => 1) };
    case "target":
      return action.target === state.target ? state : { ...state, target: action.target };
    case "flip target":
      return { ...state, target: state.target ^ (1 << action.input) };
    case "show": {
      const mask = state.search.example[state.target];
      return mask ? { ...state, mask } : state;
    }
    default:
      return state;
  }
}

export const value = ({ mask, target }) => ({ kept: mask.join(""), target });

export function restore(spec, { kept, target }) {
  const valid =
    typeof kept === "string" &&
    kept.length === spec.weights.length &&
    /^[01]+$/.test(kept) &&
    Number.isInteger(target) &&
    target >= 0 &&
    target < 256;
  return valid ? { ...init(spec), mask: [...kept].map(Number), target } : null;
}

// --- what is on the page ----------------------------------------------------------------------
const BOX = { width: 104, height: 54, gap: 23, left: 106 };
const OUT = { left: 268, width: 90, height: 80 };

function places(h) {
  const stack = h * BOX.height + (h - 1) * BOX.gap;
  const height = Math.max(stack, OUT.height + 24) + 34;
  const middle = (height - 18) / 2;
  const top = (j) => middle - stack / 2 + j * (BOX.height + BOX.gap);
  const spread = Math.min(78, (height - 60) / 2);
  return {
    height,
    inputs: [-1, 0, 1].map((i) => ({ x: 20, y: middle + i * spread })),
    boxes: Array.from({ length: h }, (_, j) => ({ x: BOX.left, y: top(j) })),
    out: { x: OUT.left, y: middle - OUT.height / 2 },
  };
}

function edgesOf({ weights, mask }, at) {
  const h = at.boxes.length;
  const largest = Math.max(...weights.map(Math.abs));
  const line = (k) => {
    if (k === 5 * h) {
      const x = at.out.x + OUT.width / 2;
      return ["output bias", x, at.out.y + OUT.height + 19, x, at.out.y + OUT.height];
    }
    if (k >= 4 * h) {
      const box = at.boxes[k - 4 * h];
      return [
        `unit ${k - 4 * h + 1} to output`,
        box.x + BOX.width,
        box.y + BOX.height / 2,
        at.out.x,
        at.out.y + OUT.height / 2,
      ];
    }
    const [j, i] = [Math.floor(k / 4), k % 4];
    const box = at.boxes[j];
    if (i === 3) {
      return [`bias of unit ${j + 1}`, box.x + 14, box.y + BOX.height + 15, box.x + 14, box.y + BOX.height];
    }
    return [`x${i + 1} to unit ${j + 1}`, at.inputs[i].x + 11, at.inputs[i].y, box.x, box.y + BOX.height / 2];
  };
  return weights.map((weight, k) => {
    const [label, x1, y1, x2, y2] = line(k);
    // The cross that marks a cut sits nearer to the source, where the lines are apart.
    const part = /bias/.test(label) ? 0.5 : k < 4 * h ? 0.42 : 0.36;
    return {
      k,
      label,
      x1,
      y1,
      x2,
      y2,
      weight: decimals(weight),
      kept: mask[k] === 1,
      sign: weight < 0 ? "minus" : "plus",
      isBias: /bias/.test(label),
      thick: (0.8 + (4.2 * Math.abs(weight)) / largest).toFixed(2),
      cx: x1 + part * (x2 - x1),
      cy: y1 + part * (y2 - y1),
    };
  });
}

/** Eight bars for eight inputs: what the node computed before any cut, and what it computes now. */
function bars(before, now, { x, y, width, height }, low, high) {
  const step = width / 8;
  const at = (number) => y + height * (1 - (number - low) / (high - low || 1));
  const bar = (number, k, inset) => {
    const [top, bottom] = [Math.min(at(number), at(0)), Math.max(at(number), at(0))];
    return { x: x + k * step + inset, y: top, width: step - 2 * inset, height: bottom - top };
  };
  return {
    zero: { x1: x, x2: x + width, y1: at(0), y2: at(0) },
    before: before.map((number, k) => bar(number, k, 0.8)),
    now: now.map((number, k) => bar(number, k, 2.6)),
  };
}

const changed = (before, now) => {
  if ([...before, ...now].every((each) => each === 0)) return "never on";
  if (now.every((each, k) => Math.abs(each - before[k]) < 1e-12)) return "unchanged";
  if (now.every((each) => Math.abs(each - now[0]) < 1e-12)) return now[0] === 0 ? "silent" : "constant";
  const r = correlation(before, now);
  return r == null ? "new" : `r = ${decimals(r)}`;
};

function sentences(state, now) {
  const { mask, target, weights, search } = state;
  const cut = mask.filter((each) => !each).length;
  const right = INPUTS.filter((_, k) => (now.output[k] > 0 ? 1 : 0) === isOn(target, k)).length;
  const total = 2 ** weights.length;
  const done = right === 8;
  const oneMore = !done && mask.some((_, k) => tableOf(forward(weights, flip(mask, k)).output) === target);
  const meaning = now.hidden.map((unit, j) => changed(state.start.hidden[j], unit));
  const moved = meaning.filter((each) => !/^(unchanged|never on)$/.test(each)).length;
  const reach = search.masks[target]
    ? `${thousands(search.masks[target])} of the ${thousands(total)} masks compute this target; the ` +
      `smallest takes ${plural(search.cuts[target], "cut")}.`
    : `No mask computes this target: all ${thousands(total)} were tried in this page, merged into ` +
      `${plural(search.tried, "different sum")}, in ${state.milliseconds.toFixed(0)} ms.`;
  const score = done
    ? `Done: with ${cut} of ${weights.length} weights cut, the network computes the target on all 8 ` +
      `inputs, and ${moved} of ${now.hidden.length} hidden units no longer compute what they did.`
    : `${cut} of ${weights.length} weights cut: right on ${right} of 8 inputs.` +
      (oneMore ? " One more change is enough." : "");
  return { score, reach, done, right, cut, meaning };
}

const NODE = { inset: 4, head: 16 }; // room for a node's name above its bars

function networkView(state, now, meaning) {
  const { start } = state;
  const at = places(now.hidden.length);
  const peak = Math.max(...start.hidden.flat(), ...now.hidden.flat(), 1e-9);
  const low = Math.min(0, ...start.output, ...now.output);
  const high = Math.max(0, ...start.output, ...now.output);
  const inside = ({ x, y }, { width, height }, foot) => ({
    x: x + NODE.inset,
    y: y + NODE.head,
    width: width - 2 * NODE.inset,
    height: height - NODE.head - foot,
  });
  return {
    height: at.height,
    inputs: at.inputs.map((place, i) => ({ ...place, label: `x${i + 1}` })),
    edges: edgesOf(state, at),
    boxes: at.boxes.map((place, j) => ({
      ...place,
      title: `unit ${j + 1}`,
      note: meaning[j],
      ...bars(start.hidden[j], now.hidden[j], inside(place, BOX, 4), 0, peak),
    })),
    out: {
      ...at.out,
      title: "f(x)",
      note: changed(start.output, now.output),
      ...bars(start.output, now.output, inside(at.out, OUT, 6), low, high),
    },
  };
}

function rowsView(target, now) {
  return INPUTS.map((bits, k) => {
    const on = now.output[k] > 0 ? 1 : 0;
    return {
      bits,
      output: decimals(now.output[k], 3),
      on: on === 1,
      wanted: isOn(target, k) === 1,
      right: on === isOn(target, k),
      label: `Target for input ${BITS[k]}: ${isOn(target, k) ? "on" : "off"}`,
    };
  });
}

function mapView({ search, target }, now) {
  const lit = search.masks.filter((count) => count > 0).length;
  const most = Math.log2(1 + Math.max(...search.masks));
  return {
    label: `Map of all 256 functions of three bits: ${lit} are computed by some mask of this network.`,
    reached:
      `${lit} of 256 functions are lit: some mask of this network computes them, the bigger the ` +
      "dot the more masks. Thick square: the target; thin square: what the network computes now. " +
      "Click a dot to make it the target.",
    radius: search.masks.map((count) =>
      Number((count ? 1.6 + (4 * Math.log2(1 + count)) / most : 0).toFixed(2)),
    ),
    target,
    current: tableOf(now.output),
  };
}

function tableView({ weights, start, target }, now, { meaning, cut }) {
  const bare = (text) => text.replace("r = ", "");
  const heads = now.hidden.flatMap((_, j) => [`unit ${j + 1} before`, "now"]);
  return [
    ["input", ...heads, "output before", "now", "target"],
    ...INPUTS.map((_, k) => [
      BITS[k],
      ...now.hidden.flatMap((unit, j) => [decimals(start.hidden[j][k]), decimals(unit[k])]),
      decimals(start.output[k]),
      decimals(now.output[k]),
      isOn(target, k) ? "on" : "off",
    ]),
    [
      "correlation",
      ...meaning.flatMap((said) => ["", bare(said)]),
      "",
      bare(changed(start.output, now.output)),
      "",
    ],
    ["under random masks", ...randomMasks(weights, cut).flatMap((r) => ["", decimals(r)]), "", "", ""],
  ];
}

export function view(state) {
  const { mask, target, weights, spec, search } = state;
  const now = forward(weights, mask);
  const said = sentences(state, now);
  const preset = spec.presets.some((each) => each.target === target);
  const meanings = said.meaning.map((each, j) => `unit ${j + 1} ${each}`).join(", ");
  return {
    question: spec.question,
    status: `${said.score} ${said.reach}`,
    done: said.done,
    exists: search.masks[target] > 0,
    target,
    presets: spec.presets,
    preset: preset ? String(target) : "other",
    ...networkView(state, now, said.meaning),
    rows: rowsView(target, now),
    map: mapView(state, now),
    figure:
      `A network of three inputs, ${now.hidden.length} hidden units and one output. ` +
      `${said.score} Against the whole network: ${meanings}.`,
    table: tableView(state, now, said),
  };
}

// --- the page ---------------------------------------------------------------------------------
// Each part of the figure is drawn once and returns its element and an `update(drawn)`.

/** The graph. Screen readers get the grid of buttons below instead of its lines. */
function graphPart(first, toggle, warm) {
  const edges = first.edges.map((edge) => {
    const ends = { x1: edge.x1, y1: edge.y1, x2: edge.x2, y2: edge.y2 };
    const cross = `M${edge.cx - 4} ${edge.cy - 4}l8 8m0 -8l-8 8`;
    return svg(
      "g",
      { ...warm(edge.k), onclick: () => toggle(edge.k) },
      svg("title", { text: `${edge.label}: ${edge.weight}` }),
      svg("line", { ...ends, class: "ex-line", "stroke-width": edge.thick }),
      svg("path", { d: cross, class: "ex-cross" }),
      edge.isBias ? svg("circle", { cx: edge.x1, cy: edge.y1, r: 4, class: "ex-bias" }) : null,
      svg("line", { ...ends, class: "ex-hit" }),
    );
  });
  const nodes = first.boxes.map((box) => nodePart(box, { width: BOX.width, height: BOX.height }));
  const out = nodePart(first.out, { width: OUT.width, height: OUT.height });
  const element = svg(
    "svg",
    { viewBox: `0 0 364 ${first.height}`, role: "img", class: "ex-graph" },
    edges,
    first.inputs.map(({ x, y, label }) =>
      svg(
        "g",
        { class: "ex-input" },
        svg("circle", { cx: x, cy: y, r: 12 }),
        svg("text", { x, y: y + 4, "text-anchor": "middle", text: label }),
      ),
    ),
    nodes.map((node) => node.element),
    out.element,
  );
  function update(drawn) {
    set(element, { "aria-label": drawn.figure });
    element.classList.toggle("done", drawn.done);
    drawn.edges.forEach(({ sign, kept }, k) => {
      const hot = edges[k].classList.contains("hot") ? " hot" : "";
      edges[k].setAttribute("class", `ex-wire ${sign}${kept ? "" : " cut"}${hot}`);
    });
    drawn.boxes.forEach((box, j) => nodes[j].update(box));
    out.update(drawn.out);
  }
  return { element, update };
}

/** A node: its name, what became of it, and eight bars before and now. */
function nodePart(box, size) {
  const corner = { x: box.x + size.width - 5, y: box.y + 12, "text-anchor": "end" };
  const note = svg("text", { ...corner, class: "ex-note" });
  const zero = svg("line", { class: "ex-zero" });
  const before = box.before.map(() => svg("rect", { class: "ex-before" }));
  const now = box.now.map(() => svg("rect", { class: "ex-now" }));
  const element = svg(
    "g",
    { class: "ex-node" },
    svg("rect", { x: box.x, y: box.y, ...size, rx: 6, class: "ex-box" }),
    svg("text", { x: box.x + 5, y: box.y + 12, text: box.title }),
    note,
    before,
    now,
    zero,
  );
  function update(drawn) {
    set(note, { text: drawn.note });
    element.classList.toggle("changed", !/^(unchanged|never on)$/.test(drawn.note));
    set(zero, drawn.zero);
    drawn.before.forEach((bar, k) => set(before[k], bar));
    drawn.now.forEach((bar, k) => set(now[k], bar));
  }
  return { element, update };
}

/** The same edges as a grid of buttons. */
function gridPart(first, toggle, warm) {
  const h = first.boxes.length;
  const knobs = first.edges.map((edge) =>
    button(edge.weight, () => toggle(edge.k), { ...warm(edge.k), class: `ex-edge ${edge.sign}` }),
  );
  const cell = (k) => html("td", null, knobs[k]);
  const head = (text) => html("th", { scope: "col", text });
  const row = (title, cells) => html("tr", null, html("th", { scope: "row", text: title }), cells);
  const element = html(
    "table",
    { class: "ex-grid" },
    html("caption", { text: "Weights: press one to cut it, once more to keep it" }),
    html("thead", null, html("tr", null, html("td"), ["x1", "x2", "x3", "bias", "out"].map(head))),
    html(
      "tbody",
      null,
      first.boxes.map(({ title }, j) =>
        row(title, [...[0, 1, 2, 3].map((i) => cell(4 * j + i)), cell(4 * h + j)]),
      ),
      row("output", [html("td"), html("td"), html("td"), cell(5 * h), html("td")]),
    ),
  );
  const update = ({ edges }) =>
    edges.forEach(({ label, weight, kept }, k) =>
      set(knobs[k], {
        "aria-pressed": String(kept),
        "aria-label": `${label}, weight ${weight}, ${kept ? "kept" : "cut"}`,
      }),
    );
  return { element, update };
}

/** The truth table: the target's dots are buttons. */
function truthPart(first, flip) {
  const rows = first.rows.map((_, k) => ({
    output: html("td", { class: "ex-number" }),
    on: html("td"),
    wanted: button("", () => flip(k), { class: "ex-bit" }),
    right: html("td", { class: "ex-right" }),
  }));
  const head = (text) => (text ? html("th", { scope: "col", text }) : html("td"));
  const element = html(
    "table",
    { class: "ex-truth" },
    html("thead", null, html("tr", null, ["x1", "x2", "x3", "f(x)", "now", "target", ""].map(head))),
    html(
      "tbody",
      null,
      rows.map((row, k) =>
        html(
          "tr",
          null,
          first.rows[k].bits.map((bit) => html("td", { text: String(bit) })),
          row.output,
          row.on,
          html("td", null, row.wanted),
          row.right,
        ),
      ),
    ),
  );
  const said = (on) => (on ? "● on" : "○ off");
  function update(drawn) {
    drawn.rows.forEach(({ output, on, wanted, right, label }, k) => {
      set(rows[k].output, { text: output });
      set(rows[k].on, { text: said(on) });
      set(rows[k].wanted, { text: said(wanted), "aria-pressed": String(wanted), "aria-label": label });
      set(rows[k].right, { text: right ? "✓" : "✗", "aria-label": right ? "right" : "wrong" });
      rows[k].right.parentElement.classList.toggle("wrong", !right);
    });
  }
  return { element, update };
}

/** The map of all 256 functions, 16 a row; a click picks one. */
function mapPart(first, pick) {
  const step = 12.8;
  const middle = (n) => ({ x: 8 + step * (n % 16), y: 8 + step * Math.floor(n / 16) });
  const dot = (r, n) =>
    svg("circle", {
      cx: middle(n).x,
      cy: middle(n).y,
      r: r > 0 ? r : 0.9,
      class: r > 0 ? "ex-lit" : "ex-dark",
    });
  const square = (side, attributes) => svg("rect", { width: side, height: side, ...attributes });
  const here = square(step, { rx: 3, class: "ex-here" });
  const goal = square(16.4, { rx: 4, class: "ex-goal" });
  const map = svg(
    "svg",
    { viewBox: "0 0 208 208", role: "img", class: "ex-map", "aria-label": first.map.label },
    first.map.radius.map(dot),
    here,
    goal,
  );
  map.addEventListener("click", (event) => {
    const box = map.getBoundingClientRect();
    const at = (offset, size) => clamp(Math.floor(((offset / size) * 208 - 1.6) / step), 0, 15);
    pick(16 * at(event.clientY - box.top, box.height) + at(event.clientX - box.left, box.width));
  });
  const place = (n, side) => ({ x: middle(n).x - side / 2, y: middle(n).y - side / 2 });
  function update(drawn) {
    set(here, place(drawn.map.current, step));
    set(goal, place(drawn.map.target, 16.4));
  }
  const caption = html("figcaption", { text: first.map.reached });
  return { element: html("figure", null, map, caption), update };
}

/** The list of targets, and the two buttons beside those of every explorer. */
function choicesPart(first, dispatch) {
  const select = html(
    "select",
    {
      "aria-label": "Target",
      onchange: () => select.value !== "other" && dispatch({ type: "target", target: Number(select.value) }),
    },
    first.presets.map(({ name, target }) => html("option", { value: String(target), text: name })),
    html("option", { value: "other", text: "another function" }),
  );
  const show = button("Show me a mask", () => dispatch({ type: "show" }), { class: "ex-main" });
  const all = button("Keep everything", () => dispatch({ type: "keep all" }));
  const element = html(
    "label",
    { class: "ex-pick" },
    html("span", { "aria-hidden": "true", text: "Target" }),
    select,
  );
  function update(drawn) {
    set(select, { value: drawn.preset });
    show.disabled = !drawn.exists;
  }
  return { element, buttons: [show, all], update };
}

const key = () =>
  html(
    "p",
    { class: "ex-key" },
    html("span", { class: "ex-swatch plus", text: "positive" }),
    html("span", { class: "ex-swatch minus", text: "negative" }),
    html("span", { class: "ex-swatch cut", text: "cut" }),
    html("span", { text: "bars: inputs 000 … 111; outline before, filled now" }),
  );

export function mount(parts, dispatch, first) {
  const toggle = (k) => dispatch({ type: "toggle", edge: k });
  const hot = (k, on) => () =>
    parts.root.querySelectorAll(`[data-edge="${k}"]`).forEach((node) => node.classList.toggle("hot", on));
  const warm = (k) => ({
    // an edge and its button light up together
    "data-edge": k,
    onpointerenter: hot(k, true),
    onpointerleave: hot(k, false),
    onfocus: hot(k, true),
    onblur: hot(k, false),
  });
  const graph = graphPart(first, toggle, warm);
  const grid = gridPart(first, toggle, warm);
  const truth = truthPart(first, (input) => dispatch({ type: "flip target", input }));
  const map = mapPart(first, (target) => dispatch({ type: "target", target }));
  const choices = choicesPart(first, dispatch);
  parts.controls.append(...choices.buttons);
  parts.figure.append(
    choices.element,
    html("div", { class: "ex-left" }, graph.element, key(), parts.status, parts.controls),
    html("div", { class: "ex-side" }, truth.element, map.element),
    grid.element,
  );
  return (drawn) => [graph, grid, truth, map, choices].forEach((part) => part.update(drawn));
}

export default { render: (context) => run({ name, init, reduce, view, value, restore, mount }, context) };
