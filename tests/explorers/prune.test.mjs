// `golden` is written by tests/unit/test_explorers.py from a brute force over every mask in Python.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { after, close, load } from "./load.mjs";

const prune = await load("prune");
const golden = JSON.parse(readFileSync(process.env.GOLDEN, "utf8")).prune;
const presets = [{ name: "parity", target: 0b10010110 }];
const specOf = (net, target) => ({ id: "t", question: "q", weights: net.weights, target, presets });
const reached = (net) => net.counts.flatMap((count, target) => (count ? [target] : []));

test("the output under a mask is the one that Python computes", () => {
  for (const { weights, mask, output, hidden } of golden.forward) {
    const now = prune.forward(weights, mask);
    now.output.forEach((y, k) => close(y, output[k]));
    now.hidden.flat().forEach((a, k) => close(a, hidden.flat()[k]));
  }
});

test("merging masks by behaviour finds as many masks for every function as trying them all", () => {
  for (const net of golden.nets) {
    assert.deepEqual(prune.enumerate(net.weights).masks, net.counts);
  }
});

test("the mask that is shown computes its function with the fewest cuts", () => {
  for (const net of golden.nets) {
    const { example, cuts } = prune.enumerate(net.weights);
    for (const target of reached(net)) {
      assert.equal(prune.tableOf(prune.forward(net.weights, example[target]).output), target);
      assert.equal(example[target].filter((kept) => !kept).length, net.cuts[target]);
      assert.equal(cuts[target], net.cuts[target]);
    }
  }
});

test("a function that no mask computes has no example, and showing one changes nothing", () => {
  const net = golden.nets[0];
  const absent = net.counts.findIndex((count) => count === 0);
  const state = prune.init(specOf(net, absent));
  assert.equal(state.search.example[absent], null);
  assert.equal(after(prune.reduce, state, { type: "show" }), state);
  assert.match(prune.view(state).status, /No mask computes this target: all [\d,]+ were tried/);
});

test("it opens one cut from success", () => {
  const net = golden.nets.at(-1);
  const target = reached(net).find((each) => net.cuts[each] > 1);
  const state = prune.init(specOf(net, target));
  assert.equal(prune.view(state).done, false);
  assert.match(prune.view(state).status, /One more change is enough/);
  const solved = state.mask.findIndex(
    (_, edge) => prune.view(after(prune.reduce, state, { type: "toggle", edge })).done,
  );
  assert.notEqual(solved, -1);
});

test("cutting everything silences every node, and twice the same cut is no cut", () => {
  const net = golden.nets[0];
  const state = prune.init(specOf(net, 0));
  const cuts = state.mask.flatMap((kept, edge) => (kept ? [{ type: "toggle", edge }] : []));
  const silent = after(prune.reduce, state, ...cuts);
  assert.deepEqual(prune.forward(net.weights, silent.mask).output, new Array(8).fill(0));
  assert.equal(prune.tableOf(prune.forward(net.weights, silent.mask).output), 0);
  const twice = after(prune.reduce, state, { type: "toggle", edge: 3 }, { type: "toggle", edge: 3 });
  assert.deepEqual(twice.mask, state.mask);
});

test("a state written to a link comes back, and a spoilt one is ignored", () => {
  const spec = specOf(golden.nets[0], 7);
  const state = after(
    prune.reduce,
    prune.init(spec),
    { type: "toggle", edge: 1 },
    { type: "flip target", input: 0 },
  );
  const link = prune.toFragment("#section", "t", prune.value(state));
  const back = prune.restore(spec, prune.fromFragment(link, "t"));
  assert.deepEqual(prune.value(back), prune.value(state));
  assert.equal(back.target, 7 - 1);
  for (const spoilt of [
    {},
    { kept: "2".repeat(11), target: 1 },
    { kept: "1", target: 1 },
    { ...prune.value(state), target: 256 },
    { ...prune.value(state), target: "7" },
  ]) {
    assert.equal(prune.restore(spec, spoilt), null);
  }
  for (const fragment of ["", "#x", "#explorer-t.v2=%7B", "#explorer-t.v1=%7B%7D"]) {
    assert.equal(prune.fromFragment(fragment, "t"), null);
  }
});

test("two explorers share one address", () => {
  const both = prune.toFragment(prune.toFragment("", "a", { n: 1 }), "b", { n: 2 });
  assert.deepEqual(prune.fromFragment(both, "a"), { n: 1 });
  assert.deepEqual(prune.fromFragment(prune.toFragment(both, "a", { n: 3 }), "b"), { n: 2 });
});

test("correlation is Pearson's, and none where a node is constant", () => {
  for (const { a, b, r } of golden.correlations) close(prune.correlation(a, b), r);
  assert.equal(prune.correlation([1, 1, 1], [1, 2, 3]), null);
});

test("every coordinate on the page is a number inside the drawing", () => {
  for (const net of golden.nets) {
    const drawn = prune.view(prune.init(specOf(net, 1)));
    for (const { x1, x2, y1, y2 } of drawn.edges) {
      for (const x of [x1, x2]) assert.ok(x >= 0 && x <= 364, `x ${x}`);
      for (const y of [y1, y2]) assert.ok(y >= 0 && y <= drawn.height, `y ${y}`);
    }
    for (const box of [...drawn.boxes, drawn.out]) {
      for (const bar of [...box.now, ...box.before]) {
        assert.ok(bar.height >= 0 && bar.y >= box.y && bar.y + bar.height <= box.y + 80, JSON.stringify(bar));
      }
    }
  }
});

test("random masks: none cut leaves every unit as it was, all cut silences it", () => {
  const { weights } = golden.nets.at(-1);
  const whole = prune.forward(
    weights,
    weights.map(() => 1),
  ).hidden;
  prune
    .randomMasks(weights, 0)
    .forEach((r, j) => close(r, prune.correlation(whole[j], whole[j]) == null ? 0 : 1));
  prune.randomMasks(weights, weights.length).forEach((r) => close(r, 0));
  const half = prune.randomMasks(weights, 10);
  assert.deepEqual(half, prune.randomMasks(weights, 10));
  assert.ok(half.some((r) => r > 0.1 && r < 0.99));
});
