import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { after, close, load } from "./load.mjs";

const dial = await load("dial");
const golden = JSON.parse(readFileSync(process.env.GOLDEN, "utf8")).dial;
const { spec } = golden;
const state = dial.init(spec);
const apart = (a, b) => Math.max(...a.map((each, i) => Math.abs(each - b[i])));

test("the page's course is numpy's", () => {
  golden.courses.forEach(({ alpha, width, looks }) => {
    const found = dial.course(spec, alpha, width);
    assert.equal(found.length, looks.length);
    looks.forEach((look, k) => {
      assert.equal(found[k].step, look.step);
      assert.ok(apart(found[k].net, look.net) < 1e-9);
      assert.ok(apart(found[k].line, look.line) < 1e-9);
      found[k].losses.forEach((each, part) => close(each, look.losses[part], 1e-9));
      close(found[k].drift, look.drift, 1e-9);
    });
  });
});

test("the linearisation does not know the scale, and a large scale makes the network it", () => {
  const [small, large] = [1 / 16, 4096].map((alpha) => dial.course(spec, alpha, 16).at(-1));
  assert.ok(apart(small.line, large.line) < 1e-12);
  assert.ok(apart(large.net, large.line) < 1e-2);
  assert.ok(apart(small.net, small.line) > 0.1);
  assert.ok(small.drift > 10 * large.drift);
});

test("all start at zero, and a turn of the dial keeps the step", () => {
  assert.ok(Math.max(...state.looks[0].net.map(Math.abs)) === 0);
  const turned = after(dial.reduce, state, { type: "look", look: 1 }, { type: "alpha", alpha: 0 });
  assert.equal(turned.look, 1);
  assert.equal(turned.alpha, 0);
  assert.notDeepEqual(turned.looks[1].net, state.looks[1].net);
  assert.equal(after(dial.reduce, state, { type: "look", look: 1e6 }).look, state.looks.length - 1);
});

test("one sentence says scale, width, step, losses and drift", () => {
  const text = dial.view(state).status;
  const shape =
    /^α = 1\/4, 64 units, after [\d,]+ steps: .* network is .*\.\d+, .* linearisation .*\.\d+; .* by \d+%\.$/;
  assert.match(text, shape);
});

test("a state comes back, a spoilt one does not", () => {
  const moved = after(dial.reduce, state, { type: "width", width: 0 }, { type: "look", look: 2 });
  assert.deepEqual(dial.value(dial.restore(spec, dial.value(moved))), dial.value(moved));
  for (const bad of [
    {},
    { alpha: 99, width: 0, look: 0 },
    { alpha: 0, width: -1, look: 0 },
    { alpha: 0, width: 0, look: 0.5 },
  ]) {
    assert.equal(dial.restore(spec, bad), null);
  }
});
