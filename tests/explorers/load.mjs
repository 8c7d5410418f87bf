// Puts an explorer together as Python does and imports it; the functions it exports are pure.
import { readFileSync } from "node:fs";

const folder = new URL("../../src/helpers/explorers/", import.meta.url);

const read = (name) => readFileSync(new URL(name, folder), "utf8");
/** What all scripts agree on: as a global for those of the pages, in front of an explorer's text. */
export const BOOK = (globalThis.BOOK = JSON.parse(read("book.json")));

export function load(name) {
  const source = ["common", name].map((stem) => read(`${stem}.js`)).join("\n");
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** Applies actions one after the other. */
export const after = (reduce, state, ...actions) => actions.reduce(reduce, state);

export const close = (a, b, tolerance = 1e-9) =>
  Math.abs(a - b) <= tolerance ||
  (() => {
    throw new Error(`${a} is not close to ${b}`);
  })();
