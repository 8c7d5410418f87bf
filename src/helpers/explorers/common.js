// Shared by every explorer. Python puts this text in front of each module, because a module that
// is imported from a blob URL has no relative imports.
//
// An explorer is five pure functions and one that touches the page:
//   init(spec, data) -> state        restore(spec, value, data) -> state, or null if invalid
//   reduce(state, action) -> state   value(state) -> the part worth keeping (JSON)
//   view(state) -> every string and coordinate on the page
//   mount(root, dispatch, first view) -> update(view)

const VERSION = 1;

// --- numbers as words -------------------------------------------------------------------------
export const decimals = (number, places = 2) => {
  if (number == null || !Number.isFinite(number)) return "–";
  const text = Math.abs(number).toFixed(places);
  const sign = number < 0 && Number(text) !== 0 ? "−" : "";
  return sign + (Math.abs(number) < 1 ? text.replace(/^0(?=\.)/, "") : text);
};
export const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
export const plural = (count, noun) => `${thousands(count)} ${noun}${count === 1 ? "" : "s"}`;
export const listed = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
export const clamp = (number, low, high) => Math.min(high, Math.max(low, number));

// --- elements ---------------------------------------------------------------------------------
const SVG = "http://www.w3.org/2000/svg";

/** Writes only the attributes that changed; `text` is the text content, null removes. */
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
export const html = (tag, attributes, ...children) =>
  made(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
  made(document.createElementNS(SVG, tag), attributes, children);

/** Rows of strings as a table; the first row is the header. */
export function fillTable(table, [header, ...rows]) {
  const line = (cells, tag) =>
    html("tr", null, cells.map((cell, column) =>
      tag === "th" || column === 0
        ? html("th", { scope: tag === "th" ? "col" : "row", text: cell })
        : html("td", { text: cell })));
  table.replaceChildren(
    html("thead", null, line(header, "th")),
    html("tbody", null, rows.map((row) => line(row, "td"))),
  );
}

// --- what the reader chose: in the address and, for predictions, in this browser ---------------
const slot = (id) => `explorer-${id}.v${VERSION}`;

/** The value kept for `id` in an address fragment, or null when there is none or it is spoilt. */
export function fromFragment(fragment, id) {
  const part = fragment.replace(/^#/, "").split("&").find((each) => each.startsWith(`${slot(id)}=`));
  try {
    return part ? JSON.parse(decodeURIComponent(part.slice(slot(id).length + 1))) : null;
  } catch {
    return null;
  }
}
/** The fragment with `value` kept for `id`; whatever other explorers keep there stays. */
export function toFragment(fragment, id, value) {
  const others = fragment.replace(/^#/, "").split("&")
    .filter((each) => /^explorer-[^=]+=/.test(each) && !each.startsWith(`${slot(id)}=`));
  return `#${[...others, `${slot(id)}=${encodeURIComponent(JSON.stringify(value))}`].join("&")}`;
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
  parts.details = html("details", { class: "ex-details" }, html("summary", { text: table }),
    html("div", { class: "ex-scroll", tabindex: "0", role: "region", "aria-label": table },
      parts.table));
  parts.root = html("section",
    { class: `explorer ex-${name}`, "aria-label": question, "data-lm-suppress-shortcuts": "true" },
    html("p", { class: "ex-question", text: question }),
    parts.figure, parts.status, parts.controls, parts.details);
  return parts;
}

export const button = (text, onclick, attributes) =>
  html("button", { type: "button", text, onclick, ...attributes });

/** Runs one explorer in `host`: state, undo, reset, link, saving; redraws from `view` alone. */
export function run(module, { model, el: host }) {
  const { init, reduce, view, value, restore, mount } = module;
  const spec = model.get("spec");
  const buffer = model.get("data");
  const data = buffer?.buffer
    ? new Int8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Int8Array(0);
  const onPage = host.hasAttribute("data-anywidget-static"); // else a notebook: leave its address
  const opening = () => init(spec, data);
  const kept = (saved) => {
    try {
      return saved && Object.keys(saved).length ? restore(spec, saved, data) : null;
    } catch {
      return null;
    }
  };
  const linked = () => (onPage && spec.id ? kept(fromFragment(location.hash, spec.id)) : null);

  let state = linked() ?? kept(model.get("value")) ?? opening();
  let settled = state; // the last state that counts as a step of undo
  const past = [];

  const buttons = {
    undo: button("Undo", () => past.length && show(past.pop(), { remember: false })),
    reset: button("Reset", () => show(opening())),
    link: button("Copy link", copyLink, { hidden: !onPage || !spec.id }),
  };

  function dispatch(action) {
    const next = reduce(state, action);
    if (next === state && (action.transient || settled === state)) return;
    show(next, { transient: action.transient });
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
    if (onPage && spec.id) {
      try {
        history.replaceState(history.state, "", toFragment(location.hash, spec.id, value(state)));
      } catch { /* a sandboxed page may refuse; the figure works all the same */ }
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
  const update = mount(parts, dispatch, view(state));
  const say = (text) => set(parts.status, { text });
  const sayLater = debounced(200, say);
  parts.controls.append(...(module.buttons?.(buttons) ?? [buttons.undo, buttons.reset, buttons.link]));

  function redraw(first = false) {
    const drawn = view(state);
    update(drawn);
    buttons.undo.disabled = past.length === 0;
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
  redraw(true);
  host.append(parts.root);
  model.on("change:value", follow);
  if (onPage) addEventListener("hashchange", followLink);
  return () => {
    sayLater.cancel();
    removeEventListener("hashchange", followLink);
    try {
      model.off("change:value", follow);
    } catch { /* some hosts have no off */ }
    parts.root.remove();
  };
}
