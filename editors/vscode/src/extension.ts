// Starts `offramp server` for VS Code, from the Python environment that is selected there.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { PythonExtension } from "@vscode/python-extension";
import * as vscode from "vscode";
import { CloseAction, ErrorAction, LanguageClient, State } from "vscode-languageclient/node";
import { findOfframp, lastSentence } from "./command";

const INSTALL = "pip install 'offramp[lsp]'";
const RESTARTS = 3;
const SECTION = "offramp";

let log: vscode.LogOutputChannel;
let client: LanguageClient | undefined;
let python: PythonExtension | undefined;
// Starts and stops wait for each other, however fast settings change.
let turn = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  log = vscode.window.createOutputChannel("offramp", { log: true });
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("offramp.restart", restart),
    vscode.commands.registerCommand("offramp.showLog", () => {
      log.show();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("offramp.enable") || event.affectsConfiguration("offramp.path")) {
        void restart();
      }
    }),
  );
  python = await pythonExtension();
  if (python !== undefined) {
    context.subscriptions.push(python.environments.onDidChangeActiveEnvironmentPath(() => void restart()));
  }
  await restart();
}

export async function deactivate(): Promise<void> {
  await inTurn(stop);
}

function restart(): Promise<void> {
  return inTurn(async () => {
    await stop();
    await start();
  });
}

function inTurn(action: () => Promise<void>): Promise<void> {
  turn = turn.then(action).catch((error: unknown) => {
    log.error(String(error));
  });
  return turn;
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.dispose();
}

async function start(): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  if (!settings.get<boolean>("enable", true)) {
    return;
  }
  const folder = vscode.workspace.workspaceFolders?.[0];
  const command = findOfframp({
    configured: settings.get<string[]>("path", []),
    workspaceFolder: folder?.uri.fsPath,
    interpreter: await interpreter(folder?.uri),
    searchPath: process.env.PATH ?? "",
  });
  if (command === undefined) {
    complain(`offramp was not found. Install it in the selected Python environment, with ${INSTALL}, or set offramp.path.`);
    return;
  }
  log.info(`starting ${command}`);
  let said = "";
  let restarts = 0;
  const starting: LanguageClient = new QuietClient(
    SECTION,
    "offramp",
    () => {
      const server = launch(command, folder?.uri.fsPath);
      server.stderr.on("data", (piece: Buffer) => {
        said = `${said}${piece.toString()}`.slice(-10_000);
      });
      return Promise.resolve(server);
    },
    {
      documentSelector: ["file", "untitled", "vscode-notebook-cell"].map((scheme) => ({ scheme, language: "python" })),
      outputChannel: log,
      traceOutputChannel: log,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => {
          // A server that never ran is reported where it was started.
          const again = starting.state === State.Running && restarts++ < RESTARTS;
          return { action: again ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
        },
      },
    },
  );
  let reason = "";
  await starting.start().catch((error: unknown) => {
    reason = String(error);
  });
  // A server that ends at once can leave the client's promise fulfilled.
  if (starting.state === State.Running) {
    client = starting;
  } else {
    complain(`offramp does not start: ${lastSentence(said) || reason}`);
  }
}

/** Leaves the reason why a server does not start to the one message that names it. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown, show: boolean | "force" = true): void {
    super.error(message, data, this.state === State.Running && show);
  }
}

function launch(command: string, cwd: string | undefined): ChildProcessWithoutNullStreams {
  return spawn(command, ["server", "--stdio"], { ...(cwd !== undefined && { cwd }), stdio: "pipe" });
}

function complain(sentence: string): void {
  log.error(sentence);
  const choices = { "Show the log": "offramp.showLog", "Try again": "offramp.restart" } as const;
  void vscode.window.showErrorMessage(sentence, ...Object.keys(choices)).then((choice) => {
    if (choice !== undefined) {
      void vscode.commands.executeCommand(choices[choice as keyof typeof choices]);
    }
  });
}

async function pythonExtension(): Promise<PythonExtension | undefined> {
  try {
    return await PythonExtension.api();
  } catch {
    // Not installed, or too old to tell environments: offramp.path and PATH are left.
    log.info("no Python extension tells which environment is selected");
    return undefined;
  }
}

async function interpreter(resource: vscode.Uri | undefined): Promise<string | undefined> {
  const environments = python?.environments;
  const selected = environments?.getActiveEnvironmentPath(resource);
  const resolved = selected && (await environments?.resolveEnvironment(selected));
  return resolved?.executable.uri?.fsPath;
}
