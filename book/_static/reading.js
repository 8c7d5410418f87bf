/* What a reader may choose, remembered by this browser: whether code is shown, and whether results
 * wait for a prediction. Also lifts the veils (book/_ext/veil.py) and keeps veiled text out of the
 * excerpts of the search. Without this file everything is readable. */
(() => {
  "use strict";
  const guessed = new Set(); // in this visit, should the browser remember nothing

  const kept = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const keep = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      /* then it holds for this page only */
    }
  };

  // --- veils --------------------------------------------------------------------------------------
  const waitsFor = (veil) =>
    veil.dataset.waits.split(" ").filter((id) => !guessed.has(id) && !kept(BOOK.store + id));
  const isLifted = (veil) =>
    kept(`${BOOK.prefix}veils`) === "off" || veil.dataset.lifted === "yes" || waitsFor(veil).length === 0;

  function note(veil) {
    const made = document.createElement("p");
    made.className = "veil-note";
    const lift = document.createElement("button");
    lift.type = "button";
    lift.textContent = "show it now";
    lift.addEventListener("click", () => lifted(veil));
    made.append("The result waits for your prediction. Commit or skip it above, or ", lift, ".");
    veil.before(made);
    return made;
  }
  function lifted(veil) {
    veil.dataset.lifted = "yes";
    draw();
  }
  const notes = new Map();
  function draw() {
    for (const veil of document.querySelectorAll(".veil")) {
      if (!notes.has(veil)) {
        notes.set(veil, note(veil));
        veil.addEventListener("beforematch", () => lifted(veil)); // found in the page, or linked to
      }
      const open = isLifted(veil);
      if (open) veil.removeAttribute("hidden");
      else veil.setAttribute("hidden", "until-found");
      notes.get(veil).hidden = open;
    }
  }
  function followLink() {
    // browsers that do not know "until-found"
    const target =
      location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const veil = target && target.closest(".veil");
    if (veil && !isLifted(veil)) {
      lifted(veil);
      target.scrollIntoView();
    }
  }

  // --- the choices under a chapter's title --------------------------------------------------------
  function choice(text, key, on, act) {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = kept(key) === on;
    input.addEventListener("change", () => {
      keep(key, input.checked ? on : "");
      act(input.checked);
    });
    const label = document.createElement("label");
    label.append(input, ` ${text}`);
    return label;
  }
  /** @returns {NodeListOf<HTMLDetailsElement>} */
  const folds = () => document.querySelectorAll(".cell:not(.tag_hide-input) > details.hide");
  const showCode = (open) =>
    folds().forEach((each) => {
      each.open = open;
    });

  function choices() {
    const head = document.querySelector(".times");
    if (!head) return;
    const made = document.createElement("p");
    made.className = "choices";
    if (folds().length) {
      made.append(choice("show all code", `${BOOK.prefix}code`, "shown", showCode));
      showCode(kept(`${BOOK.prefix}code`) === "shown");
    }
    if (document.querySelector(".veil")) {
      made.append(choice("show results without asking me first", `${BOOK.prefix}veils`, "off", draw));
    }
    head.after(made);
  }

  // --- search -------------------------------------------------------------------------------------
  function keepOutOfExcerpts() {
    if (typeof Search === "undefined") return;
    const whole = Search.htmlToText;
    Search.htmlToText = (page, anchor) => {
      const parsed = new DOMParser().parseFromString(page, "text/html");
      parsed.querySelectorAll(".veil").forEach((veil) => isLifted(veil) || veil.remove());
      return whole(parsed.documentElement.outerHTML, anchor);
    };
  }

  function start() {
    choices();
    draw();
    followLink();
    keepOutOfExcerpts();
  }
  addEventListener("hashchange", followLink);
  document.addEventListener("explorer-kept", (/** @type {any} */ { detail: { id, record } }) => {
    if (Object.keys(record).length) guessed.add(id);
    else guessed.delete(id);
    draw();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
