// Checks the explorers' modules: their types (from JSDoc, by TypeScript), one layout (by Prettier), and
// lines that fit a screen. Like Python it puts the shared text in front of each module first.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const EXPLORERS = join(HERE, "../../src/helpers/explorers");
const PAGES = join(HERE, "../../book/_static");
const WIDEST = 110;
const tool = (name) => join(HERE, "node_modules", ".bin", name);
const scripts = (folder) => readdirSync(folder).filter((name) => name.endsWith(".js"));
const read = (folder, name) => readFileSync(join(folder, name), "utf8");

function types() {
  const folder = mkdtempSync(join(tmpdir(), "explorers-"));
  try {
    mkdirSync(join(folder, "modules"));
    const common = read(EXPLORERS, "common.js");
    for (const name of scripts(EXPLORERS).filter((each) => each !== "common.js")) {
      writeFileSync(join(folder, "modules", name), `${common}\n${read(EXPLORERS, name)}`);
    }
    for (const name of scripts(PAGES)) writeFileSync(join(folder, name), read(PAGES, name));
    const book = read(EXPLORERS, "book.json");
    writeFileSync(join(folder, "book.d.ts"), `declare const BOOK: ${typeOf(JSON.parse(book))};\n`);
    writeFileSync(join(folder, "pages.d.ts"), read(HERE, "pages.d.ts"));
    writeFileSync(join(folder, "tsconfig.json"), read(HERE, "tsconfig.json"));
    execFileSync(tool("tsc"), ["-p", folder, "--pretty", "false"], { stdio: "inherit" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const typeOf = (value) => {
  if (Array.isArray(value)) return `${typeOf(value[0])}[]`;
  if (typeof value !== "object") return typeof value;
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key}: ${typeOf(each)}`)
    .join("; ")} }`;
};

function layout() {
  const files = [EXPLORERS, PAGES].flatMap((folder) => scripts(folder).map((name) => join(folder, name)));
  const own = readdirSync(HERE)
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => join(HERE, name));
  const config = ["--config", join(HERE, "prettier.json"), "--check", "--log-level", "warn"];
  execFileSync(tool("prettier"), [...config, ...files, ...own], { stdio: "inherit" });
  for (const file of files) {
    readFileSync(file, "utf8")
      .split("\n")
      .forEach((line, k) => {
        if (line.length > WIDEST) throw new Error(`${file}:${k + 1} has ${line.length} characters`);
      });
  }
}

types();
layout();
console.log("types and layout: all good");
