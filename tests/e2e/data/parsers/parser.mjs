// Reads URLs as Node does; in and out as `parsers.py` has it.
import { readFileSync } from "node:fs";

const read = (text) => {
  try {
    const { protocol, hostname, port, pathname } = new URL(text);
    return [protocol.slice(0, -1), hostname, port || "443", pathname].join(" ");
  } catch {
    return "";
  }
};
const lines = readFileSync(0, "utf8").trimEnd().split("\n");
const answers = lines.map((line) => Buffer.from(read(Buffer.from(line, "hex").toString())).toString("hex"));
console.log(answers.join("\n"));
