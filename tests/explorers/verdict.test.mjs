import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { after, load } from "./load.mjs";

const verdict = await load("verdict");
const { spec, wanted } = JSON.parse(readFileSync(process.env.GOLDEN, "utf8")).verdict;
const state = verdict.init(spec);
const movable = state.rows.filter((row) => row.stops.length);
const example = movable.find((row) => row.id === "99-forall-0");
const indexOf = (row, x) =>
  row.stops.reduce((best, each, k) => (Math.abs(each - x) < Math.abs(row.stops[best] - x) ? k : best), 0);

test("at every place of the bar the figure says what Python says", () => {
  let places = 0;
  spec.rows.forEach((row, k) =>
    wanted[k].forEach(([x, says, words]) => {
      assert.deepEqual(verdict.judgeAt(row, x), { verdict: says, words }, `${row.id} at ${x}`);
      places++;
    }),
  );
  assert.ok(places > 5000, `only ${places} places`);
});

test("the ribbon shows that verdict between any two places where it changes", () => {
  for (const row of movable) {
    const parts = verdict.ribbon(row);
    assert.equal(parts[0].from, row.range[0]);
    assert.equal(parts.at(-1).to, row.range[1]);
    parts.forEach((part, k) => {
      if (k) assert.equal(part.from, parts[k - 1].to);
      if (k) assert.notEqual(part.verdict, parts[k - 1].verdict);
      for (const share of [0.01, 0.37, 0.5, 0.99]) {
        const x = part.from + share * (part.to - part.from);
        assert.equal(verdict.judgeAt(row, x).verdict, part.verdict, `${row.id} at ${x}`);
      }
    });
  }
});

test("the registered bar is a stop, and says what the ledger says", () => {
  for (const row of movable) {
    assert.ok(row.stops.includes(verdict.registered(row)));
    assert.deepEqual(verdict.judgeAt(row, verdict.registered(row)), {
      verdict: row.verdict,
      words: row.words,
    });
  }
});

test("a bar below everything holds, one above everything does not", () => {
  const low = after(verdict.reduce, state, { type: "bar", id: example.id, index: -5 });
  const high = after(verdict.reduce, state, { type: "bar", id: example.id, index: 1e9 });
  const rowIn = (each) => verdict.view(each).rows.find((row) => row.id === example.id);
  assert.equal(rowIn(low).now.verdict, "supported");
  assert.equal(rowIn(low).now.words, "holds for all 3 things");
  assert.equal(rowIn(high).now.verdict, "refuted");
  assert.match(
    verdict.view(high).status,
    /^With the bar moved, at least .*: refuted, fails for all 3 things\. Registered, at least .6: refuted/,
  );
  assert.equal(rowIn(high).mark, "✗");
});

test("a two-sided rule moves its half-width, both ends alike", () => {
  const row = movable.find((each) => each.id === "99-forall-2");
  const right = verdict.ruleAt(row, 0.4);
  const left = verdict.ruleAt(row, 0.125 - (0.4 - 0.125));
  right.forEach((end, k) => assert.ok(Math.abs(end - left[k]) < 1e-12));
  assert.ok(Math.abs(right[0] + 0.15) < 1e-12);
  assert.ok(!row.stops.includes(0.125));
});

test("a claim with a rule for each case, and one that is not measured, has no bar", () => {
  const bare = {
    ...example,
    id: "99-bare",
    rule: null,
    cases: [],
    range: null,
    verdict: "registered, not yet measured",
    words: "",
  };
  const own = { ...example, id: "99-own", rule: null };
  const drawn = verdict.view(verdict.init({ ...spec, rows: [bare, own] }));
  assert.deepEqual(
    drawn.rows.map((row) => row.bar),
    [null, null],
  );
  assert.equal(drawn.rows[0].mark, "…");
});

test("a failed control leaves the claim not tested wherever the bar stands", () => {
  const row = { ...example, failed: "its control failed: x" };
  assert.equal(verdict.judgeAt(row, -9).verdict, "not tested");
});

test("filters keep the rows that fit all of them, and the counts follow", () => {
  const by = (name, value) => ({ type: "filter", name, value });
  const shown = (each) => verdict.view(each).rows.filter((row) => !row.hidden).length;
  const target = state.rows.filter((row) => row.target === "photographs").length;
  assert.equal(shown(after(verdict.reduce, state, by("target", "photographs"))), target);
  const words = after(verdict.reduce, state, by("text", "Invented 99-exists"));
  assert.equal(shown(words), 3);
  assert.match(verdict.view(words).status, /^3 claims: /);
  assert.equal(verdict.view(words).table.length, 4);
  const none = after(verdict.reduce, words, by("text", "no such words"));
  assert.equal(verdict.view(none).status, "No claim fits these filters.");
});

test("a state comes back, a spoilt one does not", () => {
  const x = example.stops[indexOf(example, 0.3)];
  const there = after(
    verdict.reduce,
    state,
    { type: "bar", id: example.id, index: example.stops.indexOf(x) },
    { type: "filter", name: "text", value: "dog" },
  );
  assert.deepEqual(verdict.value(there), { bars: { [example.id]: x }, filter: { text: "dog" } });
  assert.deepEqual(verdict.value(verdict.restore(spec, verdict.value(there))), verdict.value(there));
  const back = { type: "bar", id: example.id, index: example.stops.indexOf(verdict.registered(example)) };
  assert.deepEqual(verdict.value(verdict.reduce(there, back)), { filter: { text: "dog" } });
  for (const bad of [
    { bars: { none: 1 } },
    { bars: { [example.id]: 0.123456 } },
    { filter: { no: "x" } },
    { filter: { text: 3 } },
  ]) {
    assert.equal(verdict.restore(spec, bad), null);
  }
});
