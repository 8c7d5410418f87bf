import assert from "node:assert/strict";
import test from "node:test";
import { after, close, load } from "./load.mjs";

const predict = await load("predict");
const spec = {
  kind: "curve",
  id: "t",
  question: "q",
  x: [1, 2, 3, 4, 5],
  x_label: "width",
  y_label: "AUC",
  y_range: [0, 1],
  x_scale: "linear",
  truth: [0.5, 0.6, 0.7, 0.8, 0.9],
  rivals: [
    { name: "flat", values: [0.5, 0.5, 0.5, 0.5, 0.5] },
    { name: "rise", values: [0, 0.25, 0.5, 0.75, 1] },
  ],
};
const choice = {
  kind: "choice",
  id: "c",
  question: "q",
  answers: ["one", "two", "three"],
  truth: 2,
  because: "",
};
const committed = (values, confidence = 75) =>
  after(
    predict.reduce,
    predict.init(spec),
    ...values.map((value, knot) => ({ type: "knot", knot, value })),
    { type: "confidence", confidence },
    { type: "commit" },
  );
const at = (state, k, level) => {
  const { x, y } = predict.scales(state);
  return { x: x(k), y: y(level) };
};

test("a tap sets the nearest knot only, at the right edge too", () => {
  const state = predict.init(spec);
  for (const k of [0, 2, 4]) {
    const { x, y } = at(state, k, 0.3);
    const values = predict.stroke(state, null, { x: x + 3, y });
    assert.equal(values.filter((each) => each != null).length, 1);
    close(values[k], 0.3);
  }
});

test("one fast drag from end to end leaves no knot empty and follows the straight line", () => {
  const state = predict.init(spec);
  for (const [from, to] of [
    [0, 4],
    [4, 0],
  ]) {
    const start = at(state, from, from / 4);
    const values = predict.stroke(
      { ...state, values: predict.stroke(state, null, start) },
      start,
      at(state, to, to / 4),
    );
    values.forEach((each, k) => close(each, k / 4));
  }
});

test("a drag outside the plot stays within the vertical range", () => {
  const state = predict.init(spec);
  const values = predict.stroke(state, { x: 0, y: -500 }, { x: 999, y: -500 });
  assert.deepEqual(values, [1, 1, 1, 1, 1]);
});

test("nothing can be committed before every knot is placed and the confidence given", () => {
  let state = predict.init(spec);
  assert.equal(predict.reduce(state, { type: "commit" }).phase, "open");
  state = predict.reduce(state, { type: "shape", shape: "flat" });
  assert.equal(predict.reduce(state, { type: "commit" }).phase, "open");
  state = predict.reduce(state, { type: "confidence", confidence: 50 });
  assert.equal(predict.reduce(state, { type: "commit" }).phase, "committed");
});

test("what is committed stands: later actions change nothing", () => {
  const state = committed([0.5, 0.6, 0.7, 0.8, 0.9]);
  for (const action of [
    { type: "knot", knot: 0, value: 1 },
    { type: "confidence", confidence: 10 },
    { type: "skip" },
  ]) {
    assert.equal(predict.reduce(state, action), state);
  }
});

test("the truth is nowhere on the page before the reader commits", () => {
  const drawn = predict.view(predict.init(spec));
  assert.equal(drawn.truth, "");
  assert.deepEqual(drawn.rivals, []);
  assert.equal(drawn.table[0].length, 2);
  assert.deepEqual(drawn.yTicks, predict.view(predict.init({ ...spec, truth: [5, 6, 7, 8, 9] })).yTicks);
});

test("the score is the mean gap in the axis's own units, next to both rivals'", () => {
  const { gap, rivals, right } = predict.judged(committed([0.6, 0.7, 0.8, 0.9, 1.0]));
  close(gap, 0.1);
  close(rivals[0].gap, 0.2);
  close(rivals[1].gap, (0.5 + 0.35 + 0.2 + 0.05 + 0.1) / 5);
  assert.equal(right, true);
  assert.match(
    predict.view(committed([0.6, 0.7, 0.8, 0.9, 1.0])).status,
    /misses the measured AUC by \.10; flat misses it by \.20 and rise misses it by \.24\. You were 75% sure of coming closest, and you did\./,
  );
  assert.equal(predict.judged(committed([0.5, 0.5, 0.5, 0.5, 0.5])).right, false);
});

test("a measured value outside the axis widens it once it is shown", () => {
  const wide = { ...spec, truth: [0.5, 0.6, 0.7, 0.8, 2] };
  const state = { ...committed([0.5, 0.5, 0.5, 0.5, 0.5]), spec: wide };
  assert.deepEqual(predict.scales(state).range, [0, 2]);
});

test("the record survives: what was committed comes back, skipping too", () => {
  const state = committed([0.5, 0.6, 0.7, 0.8, 0.9]);
  const back = predict.restore(spec, JSON.parse(JSON.stringify(predict.value(state))));
  assert.deepEqual(back.values, state.values);
  assert.equal(back.phase, "committed");
  assert.equal(back.stale, false);
  const skipped = predict.reduce(predict.init(spec), { type: "skip" });
  assert.equal(predict.restore(spec, predict.value(skipped)).phase, "skipped");
  assert.deepEqual(predict.value(predict.init(spec)), {});
});

test("a spoilt record is ignored", () => {
  const good = predict.value(committed([0.5, 0.6, 0.7, 0.8, 0.9]));
  for (const bad of [
    { ...good, values: [1] },
    { ...good, values: null },
    { ...good, confidence: 60 },
    { ...good, phase: "open" },
    { ...good, values: [0, 1, "2", 3, 4] },
    {},
  ]) {
    assert.equal(predict.restore(spec, bad), null);
  }
  assert.equal(predict.restore(choice, { phase: "committed", confidence: 50, answer: 3 }), null);
});

test("a record made against another truth says so; one that differs in the noise does not", () => {
  const saved = predict.value(committed([0.5, 0.6, 0.7, 0.8, 0.9]));
  const other = { ...spec, truth: [0.1, 0.6, 0.7, 0.8, 0.9] };
  assert.match(predict.view(predict.restore(other, saved)).status, /has changed since you predicted/);
  const noise = { ...spec, truth: spec.truth.map((each) => each + 1e-6) };
  assert.equal(predict.restore(noise, saved).stale, false);
});

test("a truth that comes later is laid over what was committed before", () => {
  const early = { ...committed([0.5, 0.6, 0.7, 0.8, 0.9]), spec: { ...spec, truth: null } };
  assert.match(predict.view(early).status, /appears here once/);
  assert.equal(predict.value(early).right, null);
  const late = predict.reduce(early, { type: "spec", spec });
  assert.equal(predict.value(late).right, true);
  assert.notEqual(predict.view(late).truth, "");
});

test("an answer is right or not, and the odds of a blind pick are named", () => {
  const pick = (answer) =>
    after(
      predict.reduce,
      predict.init(choice),
      { type: "answer", answer },
      { type: "confidence", confidence: 90 },
      { type: "commit" },
    );
  assert.equal(predict.value(pick(2)).right, true);
  assert.match(
    predict.view(pick(2)).status,
    /^Right, and you were 90% sure; a blind pick is right 1 time in 3/,
  );
  assert.match(predict.view(pick(0)).status, /^Not so.*The experiment says: three/);
  assert.equal(
    predict.view(predict.init(choice)).answers.some((answer) => answer.note),
    false,
  );
});

test("knots on a log axis stand at equal factors", () => {
  const { x } = predict.scales(predict.init({ ...spec, x: [1, 10, 100, 1000, 10000], x_scale: "log" }));
  close(x(1) - x(0), x(4) - x(3));
});

test("storage that throws remembers nothing and breaks nothing", () => {
  assert.equal(predict.remembered("t"), null); // node has no localStorage at all
  assert.equal(predict.remember("t", { phase: "skipped" }), false);
});
