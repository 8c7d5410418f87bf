import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { after, close, load } from "./load.mjs";

const hunt = await load("hunt");
const golden = JSON.parse(readFileSync(process.env.GOLDEN, "utf8")).hunt;
const data = Int8Array.from(golden.data);
const state = hunt.init(golden.spec, data);

test("the winner among the first m neurons is the one numpy finds", () => {
  golden.best.forEach((expected, target) => {
    const found = hunt.winners(state, target);
    assert.deepEqual(
      found.map((each) => each.neuron),
      expected.neurons,
    );
    found.forEach((each, k) => {
      close(each.train, expected.train[k], 1 / 127);
      close(each.heldOut, expected.held_out[k], 1 / 127);
    });
  });
});

test("the winner is picked on train, never on the held-out images", () => {
  const spec = {
    ...golden.spec,
    steps: [1, 2],
    targets: [{ name: "random labels", laws: {}, pictures: {} }],
  };
  const two = hunt.init(spec, Int8Array.from([10, 20, 127, -50])); // the better one on train is worse held out
  assert.equal(hunt.winners(two, 0)[1].neuron, 1);
  close(hunt.winners(two, 0)[1].heldOut, -50 / 127);
});

test("a histogram's bars sum to one and every score falls into its bin", () => {
  const shares = hunt.histogram(Int8Array.from([-127, 0, 0, 127]), 4, [-1, 1], 4);
  assert.deepEqual(shares, [0.25, 0, 0.5, 0.25]);
});

test("the number of neurons stays within what there is", () => {
  const last = golden.spec.steps.length - 1;
  assert.equal(after(hunt.reduce, state, { type: "by", by: 1 }).step, last);
  assert.equal(after(hunt.reduce, state, { type: "step", step: -3 }).step, 0);
  assert.equal(after(hunt.reduce, state, { type: "step", step: 1.4 }).step, 1);
});

test("one sentence names best, held-out and random", () => {
  const { status } = hunt.view(state);
  assert.match(
    status,
    /^The best of [\d,]+ neurons for .* correlates −?\.?\d+ on the images it was picked on and −?\.?\d+ on new ones\. For random labels the best correlates/,
  );
});

test("a state comes back, a spoilt one does not", () => {
  const moved = after(hunt.reduce, state, { type: "step", step: 1 }, { type: "target", target: 1 });
  assert.deepEqual(hunt.value(hunt.restore(golden.spec, hunt.value(moved), data)), hunt.value(moved));
  for (const bad of [
    {},
    { target: "cat", step: 1 },
    { target: "random labels", step: 99 },
    { target: "random labels", step: 0.5 },
  ]) {
    assert.equal(hunt.restore(golden.spec, bad, data), null);
  }
});
