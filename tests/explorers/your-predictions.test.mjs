import assert from "node:assert/strict";
import test from "node:test";
import { BOOK, close } from "./load.mjs";

await import("../../book/_static/your-predictions.js");
const { records, wilson, calibration, summary, exported } = globalThis.yourPredictions;
const STORE = BOOK.store;

const storage = (entries) => ({
  length: Object.keys(entries).length,
  key: (k) => Object.keys(entries)[k],
  getItem: (key) => entries[key],
});
const made = (confidence, right) => JSON.stringify({ question: "q", phase: "committed", confidence, right });

test("spoilt and foreign records are left out", () => {
  const found = records(
    storage({
      [`${STORE}b`]: made(75, true),
      [`${STORE}a`]: "{",
      [`${STORE}c`]: "null",
      other: made(75, true),
      [`${STORE}d`]: made(60, true),
    }),
  );
  assert.deepEqual(
    found.map((each) => each.id),
    ["b"],
  );
});

test("Wilson's interval agrees with its published example values", () => {
  const [low, high] = wilson(8, 10); // .490 to .943, Brown, Cai & DasGupta's formula by hand
  close(low, 0.4902, 1e-3);
  close(high, 0.9433, 1e-3);
  assert.ok(Math.abs(wilson(0, 5)[0]) < 1e-12);
});

test("calibration counts by stated confidence and the Brier score is the mean squared distance", () => {
  const all = [made(75, true), made(75, false), made(99, true)].map((each) => JSON.parse(each));
  const { groups, brier, scored } = calibration([...all, { phase: "skipped", question: "q" }]);
  assert.equal(scored, 3);
  assert.deepEqual(
    groups.map(({ confidence, count, right }) => [confidence, count, right]),
    [
      [75, 2, 1],
      [99, 1, 1],
    ],
  );
  close(brier, (0.25 ** 2 + 0.75 ** 2 + 0.01 ** 2) / 3);
});

test("without a scored prediction it says so", () => {
  assert.match(summary(calibration([])), /No prediction has been scored/);
  assert.match(summary(calibration([{ phase: "skipped", question: "q" }])), /You skipped 1/);
});

test("what is saved as a file holds questions and answers, and nothing of the reader", () => {
  const one = {
    ...JSON.parse(made(75, true)),
    id: "02-x",
    page: { path: "/home/me/secret.html" },
    picked: 3,
  };
  const { kind, predictions } = JSON.parse(exported([one, { id: "y", question: "q", phase: "skipped" }]));
  assert.equal(kind, "predictions");
  assert.deepEqual(predictions, [
    { id: "02-x", question: "q", phase: "committed", confidence: 75, right: true },
    { id: "y", question: "q", phase: "skipped" },
  ]);
});
