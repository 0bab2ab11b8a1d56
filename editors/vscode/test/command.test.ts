import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { findOfframp, lastSentence } from "../src/command";

const NAME = process.platform === "win32" ? "offramp.exe" : "offramp";

function folderWithOfframp(mode = 0o755): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), "offramp-")), "bin");
  mkdirSync(folder);
  writeFileSync(path.join(folder, NAME), "#!/bin/sh\n");
  chmodSync(path.join(folder, NAME), mode);
  return folder;
}

const nowhere = { configured: [], workspaceFolder: undefined, interpreter: undefined, searchPath: "" };

test("nothing is found where there is nothing", () => {
  assert.equal(findOfframp(nowhere), undefined);
  assert.equal(findOfframp({ ...nowhere, configured: ["/no/such/offramp"], searchPath: "/no/such" }), undefined);
});

test("settings come before the environment, the environment before PATH", () => {
  const [configured, environment, searched] = [folderWithOfframp(), folderWithOfframp(), folderWithOfframp()];
  const all = {
    ...nowhere,
    configured: ["/no/such/offramp", path.join(configured, NAME)],
    interpreter: path.join(environment, "python"),
    searchPath: ["/no/such", searched].join(path.delimiter),
  };
  assert.equal(findOfframp(all), path.join(configured, NAME));
  assert.equal(findOfframp({ ...all, configured: ["/no/such/offramp"] }), path.join(environment, NAME));
  assert.equal(findOfframp({ ...all, configured: [], interpreter: undefined }), path.join(searched, NAME));
});

test("paths of the settings begin at the workspace folder or at home", () => {
  const folder = folderWithOfframp();
  const within = { ...nowhere, workspaceFolder: path.dirname(folder) };
  for (const configured of [`bin/${NAME}`, `\${workspaceFolder}/bin/${NAME}`]) {
    assert.equal(findOfframp({ ...within, configured: [configured] }), path.join(folder, NAME));
  }
  const fromHome = `~/${path.relative(homedir(), path.join(folder, NAME))}`;
  assert.equal(path.resolve(findOfframp({ ...nowhere, configured: [fromHome] }) ?? ""), path.join(folder, NAME));
});

test("a folder of PATH that is no absolute path is passed over, as is what cannot be started", () => {
  assert.equal(findOfframp({ ...nowhere, searchPath: ["", "."].join(path.delimiter) }), undefined);
  if (process.platform !== "win32") {
    assert.equal(findOfframp({ ...nowhere, searchPath: folderWithOfframp(0o644) }), undefined);
  }
});

test("what a server said last is its sentence", () => {
  const said = "a warning\r\nofframp: the language server needs pygls: pip install 'offramp[lsp]'\n\n";
  assert.equal(lastSentence(said), "the language server needs pygls: pip install 'offramp[lsp]'");
  assert.equal(lastSentence(""), "");
});
