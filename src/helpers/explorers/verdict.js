// Verdicts: each claim a row with its intervals, its bar, its trivial rival and its ceiling. The bar
// moves, and a ribbon below shows the verdict at every place it could have had. A verdict changes only
// at the end of an interval, so the ribbon is exact. The rules are those of helpers/claims/judging.py.

export const name = "verdict";
const MARKS = { supported: "✓", refuted: "✗", mixed: "±", inconclusive: "?", "not tested": "–" };
const STEPS = 240;
const BRIEF = 76; // characters of a folded row
const FILTERS = { reading: "Reading", verdict: "Verdict", target: "Target" };

// --- verdicts ---------------------------------------------------------------------------------
/** @param {number[]} rule @param {{ low: number, high: number }} found */
export function caseVerdict([low, high], found) {
  if (low <= found.low && found.high <= high) return "supported";
  if (found.high < low || found.low > high) return "refuted";
  return "inconclusive";
}

export function overall(quantifier, votes) {
  const found = new Set(votes.filter((vote) => vote !== "not tested"));
  if (found.size === 0) return "not tested";
  if (found.size === 1) return [...found][0];
  if (quantifier === "forall" && found.has("refuted")) return "refuted";
  if (quantifier === "exists" && found.has("supported")) return "supported";
  if (quantifier === "each" && found.has("supported") && found.has("refuted")) return "mixed";
  return "inconclusive";
}

/** How the cases fell: "fails for 9 of 10 digits, 1 undecided". */
export function counted(verdict, votes, over) {
  const n = votes.length;
  if (n === 1) return verdict === "not tested" ? "its premise is not met" : "";
  const count = (kind) => votes.filter((vote) => vote === kind).length;
  const verbs = { supported: "holds for", refuted: "fails for" };
  const order = verdict === "refuted" ? ["refuted", "supported"] : ["supported", "refuted"];
  const all = (kind) => (count(kind) === n ? "all " : "");
  const parts = order.filter(count).map((kind) => `${verbs[kind]} ${all(kind)}${count(kind)}`);
  const most = Math.max(...Object.keys(MARKS).map(count));
  if (parts.length) parts[0] += `${most === n ? "" : ` of ${n}`} ${over}`;
  const rest = [
    ["inconclusive", "undecided"],
    ["not tested", "not tested"],
  ]
    .filter(([kind]) => count(kind))
    .map(([kind, word]) => `${count(kind)} ${word}`);
  return parts.length ? [...parts, ...rest].join(", ") : `${rest.join(", ")} of ${n} ${over}`;
}

const ends = ([low, high]) => [low ?? -Infinity, high ?? Infinity];
const twoSided = (row) => row.rule[0] !== null && row.rule[1] !== null;
const middle = (row) => (row.rule[0] + row.rule[1]) / 2;

/** Where the bar was registered: the upper end of a two-sided rule. */
export const registered = (row) => row.rule[1] ?? row.rule[0];

/** The rule with its bar at x; a two-sided rule keeps its middle. */
export function ruleAt(row, x) {
  if (x === registered(row)) return ends(row.rule);
  if (!twoSided(row)) return ends([row.rule[0] === null ? null : x, row.rule[1] === null ? null : x]);
  const half = Math.abs(x - middle(row));
  return [middle(row) - half, middle(row) + half];
}

const number = (each) => each ?? NaN;
export function judgeAt(row, x) {
  const rule = ruleAt(row, x);
  const votes = row.cases.map(
    (each) => each.fixed ?? caseVerdict(rule, { low: number(each.low), high: number(each.high) }),
  );
  if (row.failed) return { verdict: "not tested", words: row.failed };
  const verdict = overall(row.quantifier, votes);
  return { verdict, words: counted(verdict, votes, row.over) };
}

/** The verdict at every place of the bar: segments from `from` to `to` within the row's range. */
export function ribbon(row) {
  const [low, high] = row.range;
  const cuts = row.cases.flatMap((each) => [each.low, each.high]).filter((each) => each !== null);
  const mirrored = twoSided(row) ? cuts.map((cut) => 2 * middle(row) - cut) : [];
  const inside = [...cuts, ...mirrored, ...(twoSided(row) ? [middle(row)] : [])];
  const places = [...new Set([low, ...inside.filter((each) => each > low && each < high), high])];
  places.sort((a, b) => a - b);
  const segments = [];
  for (let k = 1; k < places.length; k++) {
    const { verdict } = judgeAt(row, (places[k - 1] + places[k]) / 2);
    const last = segments.at(-1);
    if (last?.verdict === verdict) last.to = places[k];
    else segments.push({ from: places[k - 1], to: places[k], verdict });
  }
  return segments;
}

/** Where the bar can stand: an even grid and the registered place. */
export function stops(row) {
  const [low, high] = row.range;
  const grid = Array.from({ length: STEPS + 1 }, (_, k) => low + ((high - low) * k) / STEPS);
  const all = [...new Set([...grid, registered(row)])].sort((a, b) => a - b);
  return twoSided(row) ? all.filter((each) => each !== middle(row)) : all;
}

// --- states -----------------------------------------------------------------------------------
const share = ([low, high], x) => clamp((100 * (x - low)) / (high - low), 0, 100);

function prepared(row) {
  const at = (x) => share(row.range, x);
  const placed = row.range && {
    cases: row.cases
      .filter((each) => each.low !== null)
      .map((each) => ({
        left: at(each.low),
        width: Math.max(at(each.high) - at(each.low), 0.4),
        point: at(each.estimate),
        title: `${each.name}: ${decimals(each.estimate, row.places)}`,
      })),
    marks: row.marks.map((mark) => ({ ...mark, left: at(mark.at) })),
    ticks: ticks(...row.range).map(({ value, text }) => ({ left: at(value), text })),
  };
  const movable = row.rule && row.range;
  const parts = movable
    ? ribbon(row).map(({ from, to, verdict }) => ({ left: at(from), width: at(to) - at(from), verdict }))
    : [];
  return { ...row, placed, ribbon: parts, stops: movable ? stops(row) : [] };
}

export function init(spec) {
  const filter = { reading: "", verdict: "", target: "", text: "" };
  return { spec, rows: spec.rows.map(prepared), bars: {}, filter, last: null };
}

export function reduce(state, action) {
  switch (action.type) {
    case "bar": {
      const row = state.rows.find((each) => each.id === action.id);
      const x = row.stops[clamp(Math.round(action.index), 0, row.stops.length - 1)];
      const bars = { ...state.bars, [row.id]: x };
      if (x === registered(row)) delete bars[row.id];
      return { ...state, bars, last: row.id };
    }
    case "filter":
      return { ...state, filter: { ...state.filter, [action.name]: action.value }, last: null };
    default:
      return state;
  }
}

export const value = ({ bars, filter }) => {
  const chosen = Object.fromEntries(Object.entries(filter).filter(([, each]) => each));
  return {
    ...(Object.keys(bars).length ? { bars } : {}),
    ...(Object.keys(chosen).length ? { filter: chosen } : {}),
  };
};

export function restore(spec, saved) {
  const state = init(spec);
  const bars = Object.entries(saved.bars ?? {});
  const valid = bars.every(([id, x]) => state.rows.find((row) => row.id === id)?.stops.includes(x));
  const filter = Object.entries(saved.filter ?? {});
  if (!valid || !filter.every(([key, each]) => key in state.filter && typeof each === "string")) return null;
  return { ...state, bars: saved.bars ?? {}, filter: { ...state.filter, ...saved.filter } };
}

// --- words ------------------------------------------------------------------------------------
const said = ({ verdict, words }) => (words ? `${verdict}, ${words}` : verdict);
const exactly = (each) =>
  String(each)
    .replace("-", "−")
    .replace(/^(−?)0\./, "$1.");
function ruleText(row, x) {
  const write = x === registered(row) ? exactly : (each) => decimals(each, row.places + 1);
  const [low, high] = ruleAt(row, x).map((end) => (Number.isFinite(end) ? write(end) : null));
  if (high === null) return `at least ${low}`;
  return low === null ? `at most ${high}` : `between ${low} and ${high}`;
}

export function matches(row, filter) {
  const text = `${row.id} ${row.sentence} ${row.quantity}`.toLowerCase();
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return (
    Object.keys(FILTERS).every((key) => !filter[key] || row[key] === filter[key]) &&
    words.every((word) => text.includes(word))
  );
}

function rowView(state, row) {
  const hidden = !matches(row, state.filter);
  const first = { verdict: row.verdict, words: row.words };
  if (!row.stops.length)
    return { id: row.id, hidden, bar: null, say: "", now: first, mark: MARKS[row.verdict] ?? "…" };
  const x = state.bars[row.id] ?? registered(row);
  const moved = row.id in state.bars;
  const now = moved ? judgeAt(row, x) : first;
  const [low, high] = ruleAt(row, x);
  const [left, right] = [Math.max(low, row.range[0]), Math.min(high, row.range[1])].map((end) =>
    share(row.range, end),
  );
  const text = ruleText(row, x);
  return {
    id: row.id,
    hidden,
    mark: MARKS[now.verdict] ?? "…",
    now,
    moved,
    bar: {
      left: share(row.range, x),
      other: twoSided(row) ? share(row.range, 2 * middle(row) - x) : null,
      holds: { left, width: Math.max(right - left, 0) },
      index: row.stops.indexOf(x),
      text,
      spoken: `${text}: ${said(now)}`,
    },
    say: moved
      ? `With the bar moved, ${text}: ${said(now)}. ` +
        `Registered, ${ruleText(row, registered(row))}: ${said(first)}.`
      : "",
  };
}

/** How many of a kind, and their verdicts: "3 more claims: 2 supported and 1 refuted." */
function tally(rows, kind, more = "") {
  const chosen = rows.filter((row) => row.kind === kind);
  const words = [...new Set([...Object.keys(MARKS), ...chosen.map((row) => row.verdict)])];
  const counts = words.map((word) => [chosen.filter((row) => row.verdict === word).length, word]);
  const parts = counts.filter(([count]) => count).map(([count, word]) => `${count} ${word}`);
  const noun = `${more} ${kind}`.trim();
  return chosen.length ? `${plural(chosen.length, noun)}: ${listed(parts)}.` : "";
}

export function view(state) {
  const rows = state.rows.map((row) => rowView(state, row));
  const shown = state.rows.filter((_, k) => !rows[k].hidden);
  const moved = rows.find((row) => row.id === state.last);
  const counts = ["claim", "check"].map((kind) => tally(shown, kind)).filter(Boolean);
  const status = moved?.say || counts.join(" ") || "No claim fits these filters.";
  return {
    rows,
    status,
    filter: state.filter,
    table: [
      ["claim", "verdict", "measured", "rule"],
      ...state.rows.flatMap((row, k) =>
        rows[k].hidden
          ? []
          : [[row.sentence, said(rows[k].now), row.numbers, rows[k].bar?.text ?? row.rule_text]],
      ),
    ],
  };
}

// --- the page ---------------------------------------------------------------------------------
const percent = (each) => `${each.toFixed(2)}%`;
const place = (node, { left, width = null }) => {
  node.style.left = percent(left);
  if (width !== null) node.style.width = percent(width);
  return node;
};
const box = (kind, where, attributes = {}) => place(html("span", { class: kind, ...attributes }), where);

function plot(row, dispatch) {
  const bars = [html("span", { class: "v-bar" }), html("span", { class: "v-bar v-other" })];
  const holds = html("span", { class: "v-holds" });
  const range = html("input", {
    type: "range",
    min: 0,
    max: Math.max(row.stops.length - 1, 0),
    step: 1,
    "aria-label": `Bar of ${row.id}: ${row.quantity}`,
    oninput: () => dispatch({ type: "bar", id: row.id, index: Number(range.value), transient: true }),
    onchange: () => dispatch({ type: "released" }),
  });
  const movable = row.stops.length > 0;
  const { cases, marks, ticks: labels } = row.placed;
  const lines = cases.flatMap(({ left, width, point, title }, k) => {
    const line = box("v-case", { left, width }, { title });
    const dot = box("v-point", { left: point });
    for (const node of [line, dot]) node.style.top = percent((100 * (k + 1)) / (cases.length + 1));
    return [line, dot];
  });
  const track = html(
    "div",
    { class: "v-track" },
    movable ? [holds, range, ...bars] : [],
    marks.map((mark) => box(`v-mark v-${mark.role}`, mark, { title: `${mark.role}: ${mark.name}` })),
    lines,
  );
  track.style.height = `${Math.max(26, 9 * (cases.length + 1))}px`;
  const below = movable
    ? html(
        "div",
        { class: "v-ribbon", "aria-hidden": "true" },
        row.ribbon.map((part) => box(`v-part ${part.verdict.replace(" ", "-")}`, part)),
      )
    : null;
  const axis = html(
    "div",
    { class: "v-axis", "aria-hidden": "true" },
    labels.map(({ left, text }) => {
      const label = box("v-tick", { left });
      label.textContent = text;
      return label;
    }),
  );
  return { node: html("div", { class: "v-plot" }, track, below, axis), bars, holds, range };
}

/** The folded card: Python wrote it into the static figure; its address moves to the living row. */
function card(id) {
  const kept = document.querySelector(`[data-claim="${CSS.escape(id)}"]`);
  if (!kept) return null;
  kept.removeAttribute("id");
  const body = [...kept.children]
    .filter((each) => each.tagName !== "SUMMARY")
    .map((each) => each.cloneNode(true));
  return html("details", { class: "v-card" }, html("summary", { text: "Rule, control, objection" }), ...body);
}

/** The beginning of a sentence, for a row that is folded. */
export function brief(sentence) {
  if (sentence.length <= BRIEF) return sentence;
  return `${sentence.slice(0, sentence.lastIndexOf(" ", BRIEF)).replace(/[,;:]$/, "")} …`;
}

function rowParts(row, dispatch) {
  const word = html("b");
  const words = html("span", { class: "v-count" });
  const rule = html("span");
  const say = html("p", { class: "v-say" });
  const back = button("Back to the registered bar", () =>
    dispatch({ type: "bar", id: row.id, index: row.stops.indexOf(registered(row)) }),
  );
  const drawn = row.placed ? plot(row, dispatch) : null;
  const opened = html(
    "details",
    { class: "v-more", open: row.open },
    html(
      "summary",
      {},
      html("span", { class: "v-head" }, word, words),
      html("span", { class: "v-brief", text: brief(row.sentence) }),
    ),
    html(
      "p",
      { class: "v-sentence" },
      row.sentence,
      " ",
      html("a", { class: "v-link", href: `#claim-${row.id}`, text: row.id }),
    ),
    html("p", { class: "v-what" }, row.quantity, ". ", rule),
    card(row.id),
  );
  const node = html(
    "section",
    { class: "v-row", id: `claim-${row.id}`, "aria-label": `Claim ${row.id}` },
    html("div", { class: "v-text" }, opened, say, back),
    drawn?.node,
  );
  return { node, opened, word, words, rule, say, back, drawn };
}

function updateRow(parts, drawn, row) {
  parts.node.hidden = drawn.hidden;
  set(parts.word, {
    text: `${drawn.mark} ${drawn.now.verdict}`,
    class: `v-word ${drawn.now.verdict.split(",")[0].replace(" ", "-")}`,
  });
  set(parts.words, { text: drawn.now.words ? ` ${drawn.now.words}` : "" });
  set(parts.rule, { text: `Wanted: ${drawn.bar?.text ?? row.rule_text}.` });
  set(parts.say, { text: drawn.say, hidden: !drawn.say });
  set(parts.back, { hidden: !drawn.moved });
  if (!drawn.bar) return;
  const { left, other, holds, index, spoken } = drawn.bar;
  place(parts.drawn.bars[0], { left });
  set(parts.drawn.bars[1], { hidden: other === null });
  if (other !== null) place(parts.drawn.bars[1], { left: other });
  place(parts.drawn.holds, holds);
  set(parts.drawn.range, { value: String(index), "aria-valuetext": spoken });
}

function filters(state, dispatch) {
  const choices = (key) => [...new Set(state.rows.map((row) => row[key]))].filter(Boolean);
  const pick = (key) => {
    const select = html(
      "select",
      {
        "aria-label": FILTERS[key],
        onchange: () => dispatch({ type: "filter", name: key, value: select.value }),
      },
      new Option(`${FILTERS[key]}: all`, ""),
      choices(key).map((each) => new Option(each, each)),
    );
    return [key, select];
  };
  const text = html("input", {
    type: "search",
    placeholder: "Words",
    "aria-label": "Words in the claim",
    oninput: () => dispatch({ type: "filter", name: "text", value: text.value, transient: true }),
    onchange: () => dispatch({ type: "released" }),
  });
  return [...Object.keys(FILTERS).map(pick), ["text", text]];
}

export function mount(parts, dispatch, first, spec) {
  const state = init(spec);
  const rows = state.rows.map((row) => rowParts(row, dispatch));
  const chosen = spec.filters ? filters(state, dispatch) : [];
  const swatch = (kind, text) => html("span", { class: `v-swatch ${kind}`, text });
  const key = html("p", { class: "v-key" }, [
    swatch("v-case-key", "interval"),
    swatch("v-bar-key", "bar: drag it, or use the arrow keys"),
    swatch("v-rival-key", "best trivial rival"),
    swatch("v-ceiling-key", "ceiling"),
    html("span", { text: "Ribbon, the verdict with the bar there:" }),
    ...["supported", "refuted", "mixed", "inconclusive", "not tested"].map((word) =>
      swatch(`v-part-key ${word.replace(" ", "-")}`, word),
    ),
  ]);
  const groups = ["claim", "check"].map((kind) => {
    const own = rows.map((row, k) => ({ ...row, row: state.rows[k] })).filter(({ row }) => row.kind === kind);
    const title = kind === "claim" ? "Claims" : "Checks: what could only fail by a bug";
    const rest = own.filter(({ row }) => !spec.filters && !row.open);
    const nodes = (chosen) => chosen.map(({ node }) => node);
    return own.length
      ? html(
          "div",
          { class: "v-group" },
          html("p", { class: "v-title", text: title }),
          nodes(own.filter((each) => !rest.includes(each))),
          rest.length
            ? html(
                "details",
                { class: "v-rest" },
                html("summary", {
                  text: tally(
                    rest.map(({ row }) => row),
                    kind,
                    "more",
                  ),
                }),
                nodes(rest),
              )
            : null,
        )
      : null;
  });
  parts.figure.append(
    html(
      "form",
      { class: "v-filters", onsubmit: (event) => event.preventDefault(), hidden: !spec.filters },
      chosen.map(([, node]) => node),
    ),
    key,
    ...groups.filter(Boolean),
  );
  // An address names a claim; its row exists only now.
  const named = rows.find((row) => `#${row.node.id}` === globalThis.location?.hash);
  if (named) {
    named.opened.open = true;
    named.node.closest("details")?.setAttribute("open", "");
    setTimeout(() => named.node.scrollIntoView({ block: "center" }), 0);
  }
  return function update(drawn) {
    drawn.rows.forEach((row, k) => updateRow(rows[k], row, state.rows[k]));
    chosen.forEach(([key_, node]) => set(node, { value: drawn.filter[key_] }));
  };
}

export default { render: (context) => run({ name, init, reduce, view, value, restore, mount }, context) };
