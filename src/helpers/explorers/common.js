// Shared by every explorer. Python puts this text in front of each module, because a module that
// is imported from a blob URL has no relative imports.
//
// An explorer is five pure functions and one that touches the page:
//   init(spec, data) -> state        restore(spec, value, data) -> state, or null if invalid
//   reduce(state, action) -> state   value(state) -> the part worth keeping (JSON)
//   view(state) -> every string and coordinate on the page
//   mount(root, dispatch, first view) -> update(view)

const VERSION = 2; // of the states in links: older ones are ignored

// --- numbers as words -------------------------------------------------------------------------
/** @param {number | null | undefined} number @returns {string} */
export const decimals = (number, places = 2) => {
  if (number == null || !Number.isFinite(number)) return "–";
  const text = Math.abs(number).toFixed(places);
  const sign = number < 0 && Number(text) !== 0 ? "−" : "";
  return sign + (Math.abs(number) < 1 ? text.replace(/^0(?=\.)/, "") : text);
};
/** @param {number} number */
export const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
/** @param {number} count @param {string} noun */
export const plural = (count, noun) => `${thousands(count)} ${noun}${count === 1 ? "" : "s"}`;
/** @param {string[]} items */
export const listed = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
export const clamp = (number, low, high) => Math.min(high, Math.max(low, number));

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// --- elements ---------------------------------------------------------------------------------
const SVG = "http://www.w3.org/2000/svg";

/** Writes only the attributes that changed; `text` is the text content, null removes.
 * @template {Element} T @param {T} node @param {Record<string, any>} attributes @returns {T} */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") {
      if (node.textContent !== value) node.textContent = value;
    } else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "hidden") {
      if (node[name] !== value) node[name] = value;
    } else if (value == null || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
  return node;
}
const made = (node, attributes, children) => {
  set(node, attributes ?? {});
  node.append(...children.flat().filter((child) => child != null));
  return node;
};
/** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {Record<string, any>} [attributes]
 * @param {...any} children @returns {HTMLElementTagNameMap[T]} */
export const html = (tag, attributes, ...children) => made(document.createElement(tag), attributes, children);
/** @template {keyof SVGElementTagNameMap} T @param {T} tag @param {Record<string, any>} [attributes]
 * @param {...any} children @returns {SVGElementTagNameMap[T]} */
export const svg = (tag, attributes, ...children) =>
  made(document.createElementNS(SVG, tag), attributes, children);

/** Rows of strings as a table; the first row is the header. */
export function fillTable(table, [header, ...rows]) {
  const line = (cells, tag) =>
    html(
      "tr",
      null,
      cells.map((cell, column) =>
        tag === "th" || column === 0
          ? html("th", { scope: tag === "th" ? "col" : "row", text: cell })
          : html("td", { text: cell }),
      ),
    );
  table.replaceChildren(
    html("thead", null, line(header, "th")),
    html(
      "tbody",
      null,
      rows.map((row) => line(row, "td")),
    ),
  );
}

// --- what the reader chose: in the address and, for predictions, in this browser ---------------
const slot = (id) => `explorer-${id}.v${VERSION}`;

/** The value kept for `id` in an address fragment, or null when there is none or it is spoilt. */
export function fromFragment(fragment, id) {
  const part = fragment
    .replace(/^#/, "")
    .split("&")
    .find((each) => each.startsWith(`${slot(id)}=`));
  try {
    return part ? JSON.parse(decodeURIComponent(part.slice(slot(id).length + 1))) : null;
  } catch {
    return null;
  }
}
/** The fragment with `value` kept for `id`; whatever other explorers keep there stays. */
export function toFragment(fragment, id, value) {
  const others = fragment
    .replace(/^#/, "")
    .split("&")
    .filter((each) => /^explorer-[^=]+=/.test(each) && !each.startsWith(`${slot(id)}=`));
  return `#${[...others, `${slot(id)}=${encodeURIComponent(JSON.stringify(value))}`].join("&")}`;
}

// One origin may hold many books, so the key names this one (BOOK: book.json, put in front by Python).
// `localStorage` may be missing, full, forbidden or spoilt: then nothing is remembered, and nothing
// else happens.
export function remembered(id) {
  try {
    return JSON.parse(localStorage.getItem(BOOK.store + id));
  } catch {
    return null;
  }
}
export function remember(id, record) {
  try {
    if (Object.keys(record).length === 0) localStorage.removeItem(BOOK.store + id);
    else localStorage.setItem(BOOK.store + id, JSON.stringify(record));
    return true;
  } catch {
    return false;
  }
}

// --- the frame --------------------------------------------------------------------------------
function debounced(delay, action) {
  let timer;
  const run = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(action, delay, ...values);
  };
  run.cancel = () => clearTimeout(timer);
  return run;
}

/** Question, figure, one row of controls, status sentence, table; returns its parts by name. */
export function frame({ name, question }) {
  const table = "The numbers as a table";
  const parts = {
    figure: html("div", { class: "ex-figure" }),
    controls: html("div", { class: "ex-controls" }),
    status: html("p", { class: "ex-status", role: "status" }),
    table: html("table"),
  };
  parts.details = html(
    "details",
    { class: "ex-details" },
    html("summary", { text: table }),
    html("div", { class: "ex-scroll", tabindex: "0", role: "region", "aria-label": table }, parts.table),
  );
  parts.root = html(
    "section",
    { class: `explorer ex-${name}`, "aria-label": question, "data-lm-suppress-shortcuts": "true" },
    html("p", { class: "ex-question", text: question }),
    parts.figure,
    parts.status,
    parts.controls,
    parts.details,
  );
  return parts;
}

export const button = (text, onclick, attributes) =>
  html("button", { type: "button", text, onclick, ...attributes });

/** From data to drawing, and back.
 * @typedef {((number: number) => number) & { back(place: number): number }} Scale
 * @param {number[]} range @param {number[]} places @returns {Scale} */
export const scale = ([low, high], [start, end], log = false) => {
  const f = log ? Math.log : (each) => each;
  const to = (number) => start + ((f(number) - f(low)) / (f(high) - f(low) || 1)) * (end - start);
  to.back = (place) => low + ((place - start) / (end - start)) * (high - low); // linear only
  return to;
};
/** Four to six round numbers between `low` and `high`. */
export function ticks(low, high) {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((each) => each * power >= rough * 0.999);
  const places = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9) + (step / power === 2.5 ? 1 : 0));
  const from = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - from;
  return Array.from({ length: count + 1 }, (_, k) => ({
    value: (from + k) * step,
    text: decimals((from + k) * step, places),
  }));
}

/** A line through points; a missing point breaks it.
 * @param {(number[] | null)[]} points */
export const linePath = (points) =>
  points
    .map((point, k) => {
      if (!point) return "";
      return `${k && points[k - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    })
    .join("");

/** Grid lines with their labels, labels below the plot, and the two axes' names. A box has the drawing's
 * width and height and the plot's distance from each side.
 * @typedef {{ width: number, height: number, left: number, right: number, top: number, bottom: number }} Box
 * @param {Box} box
 * @param {{ xTicks?: { x: number, text: string }[], yTicks?: { y: number, text: string }[],
 *   xName?: string, yName?: string }} named */
export function axes(box, { xTicks = [], yTicks = [], xName = "", yName = "" }) {
  const bottom = box.height - box.bottom;
  const word = (attributes) => svg("text", { "text-anchor": "middle", ...attributes });
  return [
    ...yTicks.map(({ y }) => svg("line", { x1: box.left, x2: box.width - box.right, y1: y, y2: y })),
    ...yTicks.map(({ y, text }) => word({ x: box.left - 6, y: y + 4, "text-anchor": "end", text })),
    ...xTicks.map(({ x, text }) => word({ x, y: bottom + 15, text })),
    xName
      ? word({ x: (box.left + box.width - box.right) / 2, y: box.height - 6, class: "ex-name", text: xName })
      : null,
    yName ? svg("text", { x: 2, y: 11, class: "ex-title", text: yName }) : null,
  ].filter(Boolean);
}

/** While a pointer is down on `area`, calls `move(to, from)` with places in drawing units (`from` is
 * null at first), then `end()`.
 * @typedef {{ x: number, y: number }} Place
 * @param {SVGGraphicsElement} area @param {(to: Place, from: Place | null) => void} move
 * @param {() => void} end */
export function drag(area, move, end) {
  const graph = area instanceof SVGSVGElement ? area : area.ownerSVGElement;
  let from = null;
  const go = (event) => {
    const shown = graph.getBoundingClientRect();
    const size = graph.viewBox.baseVal.width / shown.width;
    const to = { x: (event.clientX - shown.left) * size, y: (event.clientY - shown.top) * size };
    move(to, from);
    from = to;
  };
  const release = () => {
    if (from) end();
    from = null;
  };
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    try {
      area.setPointerCapture(event.pointerId);
    } catch {
      /* a pointer that is gone already */
    }
    go(event);
  });
  area.addEventListener("pointermove", (event) => from && go(event));
  area.addEventListener("pointerup", release);
  area.addEventListener("pointercancel", release);
}

/** Runs one explorer in `host`: state, undo, reset, link, saving; redraws from `view` alone. */
export function run(module, { model, el: host }) {
  const { init, reduce, view, value, restore, mount } = module;
  const spec = model.get("spec");
  const buffer = model.get("data");
  const data = buffer?.buffer
    ? new Int8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Int8Array(0);
  const onPage = host.hasAttribute("data-anywidget-static"); // else a notebook: leave its address
  const inAddress = onPage && spec.id && !module.remembers;
  const opening = () => init(model.get("spec"), data);
  const kept = (saved) => {
    try {
      return saved && Object.keys(saved).length ? restore(model.get("spec"), saved, data) : null;
    } catch {
      return null;
    }
  };
  const linked = () => (inAddress ? kept(fromFragment(location.hash, spec.id)) : null);
  const stored = () => (module.remembers ? kept(remembered(spec.id)) : null);

  let state = linked() ?? kept(model.get("value")) ?? stored() ?? opening();
  let settled = state; // the last state that counts as a step of undo
  const past = [];

  const buttons = {
    undo: button("Undo", () => past.length && show(past.pop(), { remember: false })),
    reset: button("Reset", () => show(opening())),
    link: button("Copy link", copyLink, { hidden: !inAddress }),
  };

  function dispatch(action) {
    const next = reduce(state, action);
    if (next === state && (action.transient || settled === state)) return;
    show(next, { transient: action.transient });
    if (action.final) {
      past.length = 0; // what is committed cannot be undone, only forgotten
      buttons.undo.disabled = true;
    }
  }
  function show(next, { transient = false, remember = true, commit = true } = {}) {
    state = next;
    if (!transient) {
      if (remember && settled !== state) past.push(settled);
      settled = state;
      if (commit) save();
    }
    redraw();
  }
  function save() {
    try {
      model.set("value", value(state));
      model.save_changes();
    } catch (error) {
      console.warn("This host keeps no values:", error);
    }
    if (module.remembers) {
      const record = value(state);
      const page = { title: document.title, path: location.pathname };
      remember(spec.id, Object.keys(record).length ? { ...record, page } : record);
      const detail = { id: spec.id, record }; // the page may have waited for it
      host.dispatchEvent(new CustomEvent("explorer-kept", { bubbles: true, detail }));
    }
    if (inAddress) {
      try {
        history.replaceState(history.state, "", toFragment(location.hash, spec.id, value(state)));
      } catch {
        /* a sandboxed page may refuse; the figure works all the same */
      }
    }
  }
  async function copyLink() {
    const link = location.href.split("#")[0] + toFragment(location.hash, spec.id, value(state));
    try {
      await navigator.clipboard.writeText(link);
      say("The link to this state is on the clipboard.");
    } catch {
      history.replaceState(history.state, "", link);
      say("The link to this state is now in the address bar.");
    }
  }

  const parts = frame({ question: spec.question, name: module.name });
  const update = mount(parts, dispatch, view(state), spec);
  const say = (text) => set(parts.status, { text });
  const sayLater = debounced(200, say);
  parts.controls.append(buttons.undo, buttons.reset, buttons.link);

  function redraw(first = false) {
    const drawn = view(state);
    update(drawn);
    buttons.undo.disabled = past.length === 0;
    buttons.undo.hidden = drawn.undoable === false;
    if (drawn.reset) set(buttons.reset, { text: drawn.reset });
    (first ? say : sayLater)(drawn.status);
    fillTable(parts.table, drawn.table);
  }
  const follow = () => {
    const saved = model.get("value");
    if (JSON.stringify(saved) === JSON.stringify(value(settled))) return;
    const next = kept(saved);
    if (next) show(next, { commit: false });
  };
  const followLink = () => {
    const next = linked();
    if (next) show(next);
  };
  const followSpec = () => {
    // Python has something new to say, a measured result for instance
    show(reduce(state, { type: "spec", spec: model.get("spec") }), { remember: false });
  };
  redraw(true);
  host.append(parts.root);
  // What Python wrote in front for readers without a live figure: hidden while this one lives.
  /** @type {NodeListOf<HTMLElement>} */
  const statics = document.querySelectorAll("[data-static-figure]");
  const standIns = [...statics].filter((each) => each.dataset.staticFigure === String(spec.id));
  const standBack = (hidden) =>
    standIns.forEach((each) => {
      each.style.display = hidden ? "none" : "";
    });
  standBack(true);
  model.on("change:value", follow);
  model.on("change:spec", followSpec);
  if (inAddress) addEventListener("hashchange", followLink);
  return () => {
    sayLater.cancel();
    removeEventListener("hashchange", followLink);
    try {
      model.off("change:value", follow);
      model.off("change:spec", followSpec);
    } catch {
      /* some hosts have no off */
    }
    parts.root.remove();
    standBack(false);
  };
}
