/* The reader's calibration: reads what the "predict first" figures remembered in this browser.
 * The records are those of src/helpers/explorers/predict.js, BOOK is written by book/_ext/reading.py. */
(() => {
  "use strict";
  const { store: STORE, confidences: CONFIDENCES } = BOOK;
  const percent = (share) => `${Math.round(100 * share)}%`;
  const point = (number) => number.toFixed(2).replace(/^0(?=\.)/, "");

  /** Records from a Storage; a record that cannot be read is left out. */
  function records(storage) {
    const found = [];
    for (let k = 0; k < storage.length; k++) {
      const key = storage.key(k);
      if (!key.startsWith(STORE)) continue;
      try {
        const record = JSON.parse(storage.getItem(key));
        const valid =
          record &&
          typeof record.question === "string" &&
          (record.phase === "skipped" ||
            (record.phase === "committed" && CONFIDENCES.includes(record.confidence)));
        if (valid) found.push({ ...record, id: key.slice(STORE.length) });
      } catch {
        /* spoilt by something else: not ours to show */
      }
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Wilson's 95% interval for `right` of `count`. */
  function wilson(right, count) {
    const z2 = 1.96 ** 2;
    const middle = (right + z2 / 2) / (count + z2);
    const half = (1.96 / (count + z2)) * Math.sqrt((right * (count - right)) / count + z2 / 4);
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  }

  /** Groups by stated confidence, and the Brier score. */
  function calibration(all) {
    const scored = all.filter((each) => each.phase === "committed" && typeof each.right === "boolean");
    const groups = CONFIDENCES.map((confidence) => {
      const mine = scored.filter((each) => each.confidence === confidence);
      const right = mine.filter((each) => each.right).length;
      return {
        confidence,
        count: mine.length,
        right,
        interval: mine.length ? wilson(right, mine.length) : null,
      };
    }).filter((group) => group.count);
    const brier =
      scored.reduce((sum, each) => sum + (each.confidence / 100 - (each.right ? 1 : 0)) ** 2, 0) /
      scored.length;
    return {
      scored: scored.length,
      skipped: all.filter((each) => each.phase === "skipped").length,
      groups,
      brier,
    };
  }

  /** One sentence for the whole record. */
  function summary({ scored, skipped, groups, brier }) {
    const left = skipped ? ` You skipped ${skipped}.` : "";
    if (!scored) return `No prediction has been scored in this browser yet.${left}`;
    const right = groups.reduce((sum, group) => sum + group.right, 0);
    const claimed = groups.reduce((sum, group) => sum + (group.count * group.confidence) / 100, 0) / scored;
    return (
      `You were right ${right} of ${scored} times (${percent(right / scored)}) and said ` +
      `${percent(claimed)} on average. ` +
      `Brier score ${point(brier)}; always saying 50% scores .25.${left}`
    );
  }

  /** What a reader may save and hand on: answers to questions, and nothing of the reader. */
  function exported(all) {
    const kept = all.map(({ id, question, phase, confidence, right }) => ({
      id,
      question,
      phase,
      ...(phase === "committed" ? { confidence, right: right ?? null } : {}),
    }));
    return JSON.stringify({ kind: "predictions", book: STORE, predictions: kept }, null, 1);
  }

  globalThis.yourPredictions = { records, wilson, calibration, summary, exported };
  if (typeof document === "undefined") return;

  // --- the page -------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const make = (tag, attributes, ...children) => {
    const node = tag.startsWith("svg:")
      ? document.createElementNS(SVG, tag.slice(4))
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (name === "text") node.textContent = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };

  function chart({ groups }) {
    const at = (share) => 300 - 260 * share;
    const x = (share) => 44 + 260 * share;
    const label = groups
      .map((group) => `said ${group.confidence}%, right ${group.right} of ${group.count}`)
      .join("; ");
    const axis = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      make("svg:line", {
        x1: 44,
        x2: 304,
        y1: at(share),
        y2: at(share),
        stroke: "currentColor",
        "stroke-opacity": 0.15,
      }),
      make("svg:text", { x: 38, y: at(share) + 4, "text-anchor": "end", text: percent(share) }),
      make("svg:text", { x: x(share), y: 318, "text-anchor": "middle", text: percent(share) }),
    ]);
    const marks = groups.flatMap(({ confidence, right, count, interval: [low, high] }) => [
      make("svg:line", {
        x1: x(confidence / 100),
        x2: x(confidence / 100),
        y1: at(low),
        y2: at(high),
        stroke: "currentColor",
        "stroke-width": 2,
        "stroke-opacity": 0.6,
      }),
      make("svg:circle", {
        cx: x(confidence / 100),
        cy: at(right / count),
        r: 3 + 2 * Math.sqrt(count),
        fill: "#2f7fc1",
      }),
    ]);
    return make(
      "svg:svg",
      {
        viewBox: "0 0 320 345",
        role: "img",
        "aria-label": `Calibration: ${label}.`,
        style: "display: block; width: 100%; max-width: 26rem",
        fill: "currentColor",
        "font-size": 11,
      },
      ...axis,
      make("svg:line", {
        x1: x(0),
        y1: at(0),
        x2: x(1),
        y2: at(1),
        stroke: "currentColor",
        "stroke-dasharray": "6 4",
      }),
      make("svg:text", { x: 174, y: 338, "text-anchor": "middle", text: "how sure you were" }),
      make("svg:text", { x: 44, y: 28, text: "how often you were right (dashed: calibrated)" }),
      ...marks,
    );
  }

  function list(all) {
    const rows = all.map((each) => {
      const inBook = /^\/[^/\\]/.test(each.page?.path ?? "");
      const question = inBook
        ? make("a", { href: each.page.path, text: each.question })
        : make("span", { text: each.question });
      const outcome =
        each.phase === "skipped"
          ? "skipped"
          : each.right === true
            ? "right"
            : each.right === false
              ? "not so"
              : "no result yet";
      return make(
        "tr",
        null,
        make("td", null, question),
        make("td", { text: each.phase === "skipped" ? "–" : `${each.confidence}%` }),
        make("td", { text: outcome }),
      );
    });
    return make(
      "div",
      {
        style: "overflow-x: auto",
        tabindex: "0",
        role: "region",
        "aria-label": "Your predictions, one by one",
      },
      make(
        "table",
        { class: "table" },
        make(
          "thead",
          null,
          make(
            "tr",
            null,
            ...["Question", "How sure", "Outcome"].map((text) => make("th", { scope: "col", text })),
          ),
        ),
        make("tbody", null, ...rows),
      ),
    );
  }

  function show(place) {
    let all = [];
    let readable = true;
    try {
      all = records(localStorage);
    } catch {
      readable = false;
    }
    if (!all.length) {
      place.replaceChildren(
        make("p", {
          role: "status",
          text: readable
            ? "There are no predictions in this browser yet. Make one in any chapter and come back."
            : "This browser does not let pages remember anything, so there is no record to show.",
        }),
      );
      return;
    }
    const record = calibration(all);
    const forget = make("button", {
      type: "button",
      class: "btn btn-outline-secondary",
      text: "Forget all my predictions",
    });
    forget.addEventListener("click", () => {
      for (const each of all) localStorage.removeItem(STORE + each.id);
      show(place);
    });
    const save = make("a", {
      class: "btn btn-outline-secondary",
      download: "predictions.json",
      href: `data:application/json;charset=utf-8,${encodeURIComponent(exported(all))}`,
      text: "Save my predictions as a file",
    });
    place.replaceChildren(
      make("p", { role: "status", text: summary(record) }),
      ...(record.groups.length ? [chart(record)] : []),
      list(all),
      save,
      " ",
      forget,
    );
  }

  const start = () => {
    const place = document.getElementById("predictions-record");
    if (place) show(place);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
