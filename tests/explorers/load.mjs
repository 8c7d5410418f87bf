// Puts an explorer together as Python does and imports it; the functions it exports are pure.
import { readFileSync } from "node:fs";

const folder = new URL("../../src/helpers/explorers/", import.meta.url);

export function load(name) {
  const source = ["common", name]
    .map((stem) => readFileSync(new URL(`${stem}.js`, folder), "utf8")).join("\n");
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** Applies actions one after the other. */
export const after = (reduce, state, ...actions) => actions.reduce(reduce, state);

export const close = (a, b, tolerance = 1e-9) =>
  Math.abs(a - b) <= tolerance || (() => { throw new Error(`${a} is not close to ${b}`); })();
