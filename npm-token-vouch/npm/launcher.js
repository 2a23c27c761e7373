#!/usr/bin/env node
"use strict";

// Starts the program for this system. It is in a package of its own, which package managers install where its `os` and `cpu` are
// right, and is started only if it is the very file that this package was published with.

const { spawn } = require("node:child_process");
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const programs = require("./programs.json");

function fail(text) {
  process.stderr.write(`npm-token-vouch: ${text}\n`);
  process.exit(1);
}

function find() {
  const system = `${process.platform}-${process.arch}`;
  const program = programs[system];
  if (!program) {
    fail(`there is no program for ${system} in this package, but for ${Object.keys(programs).join(", ")}.`);
  }
  let path;
  try {
    path = join(dirname(require.resolve(`${program.package}/package.json`)), program.file);
  } catch {
    fail(
      `\`${program.package}\`, which has the program for ${system}, is not installed. It is an optional dependency: install again ` +
        "without `--omit=optional`, `--no-optional` or the like, on this system and not on another one whose `node_modules` were copied.",
    );
  }
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    fail(`cannot read \`${path}\`: ${error.message}`);
  }
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== program.sha256) {
    fail(`refusing to start \`${path}\`: its SHA-256 is ${found}, and this package was published with ${program.sha256}.`);
  }
  return path;
}

// The name that it is called by says which profile is meant.
const child = spawn(find(), process.argv.slice(2), { stdio: "inherit", argv0: process.argv[1] });
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of signals) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => fail(`cannot start the program: ${error.message}`));
child.on("exit", (code, signal) => {
  if (signal) {
    signals.forEach((each) => process.removeAllListeners(each));
    process.kill(process.pid, signal);
  } else {
    process.exitCode = code;
  }
});
