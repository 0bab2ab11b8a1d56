// Where the server is; knows nothing of VS Code, so that tests can run it.
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

/** What decides which offramp is started. */
export interface Places {
  /** The setting `offramp.path`. */
  readonly configured: readonly string[];
  /** The folder that `${workspaceFolder}` stands for. */
  readonly workspaceFolder: string | undefined;
  /** The selected Python environment's interpreter. */
  readonly interpreter: string | undefined;
  /** The variable PATH. */
  readonly searchPath: string;
}

const NAME = process.platform === "win32" ? "offramp.exe" : "offramp";

/** The first offramp that can be started, by settings, environment and PATH; undefined where there is none. */
export function findOfframp(places: Places): string | undefined {
  const candidates = places.configured.map((configured) => expand(configured, places.workspaceFolder));
  if (places.interpreter !== undefined) {
    candidates.push(path.join(path.dirname(places.interpreter), NAME));
  }
  for (const folder of places.searchPath.split(path.delimiter)) {
    if (path.isAbsolute(folder)) {
      candidates.push(path.join(folder, NAME));
    }
  }
  return candidates.find(canBeStarted);
}

function expand(configured: string, workspaceFolder: string | undefined): string {
  const expanded = configured
    .replace(/^~(?=[\\/]|$)/, () => homedir())
    .replaceAll("${workspaceFolder}", () => workspaceFolder ?? "");
  return workspaceFolder === undefined ? expanded : path.resolve(workspaceFolder, expanded);
}

function canBeStarted(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a server that ended at once said last: its one sentence about what is missing. */
export function lastSentence(said: string): string {
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.at(-1)?.replace(/^offramp: /, "") ?? "";
}
