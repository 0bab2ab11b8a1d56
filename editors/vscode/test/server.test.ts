// The real server, started as the extension starts it; OFFRAMP names the command.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  type CodeAction,
  CodeActionRequest,
  createProtocolConnection,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  type PublishDiagnosticsParams,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";

const DAG = `from datetime import datetime
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
`;
const command = process.env.OFFRAMP;

test("findings and fixes come", { skip: command === undefined && "OFFRAMP names no command", timeout: 60_000 }, async () => {
  assert.ok(command !== undefined);
  const folder = mkdtempSync(path.join(tmpdir(), "offramp-"));
  const uri = pathToFileURL(path.join(folder, "dag.py")).href;
  const server = spawn(command, ["server", "--stdio"], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => server.once("exit", resolve));
  const connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  const published = new Promise<PublishDiagnosticsParams>((resolve) => {
    connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
      if (params.diagnostics.length > 0) {
        resolve(params);
      }
    });
  });
  connection.listen();
  const { capabilities } = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null, // eslint-disable-line @typescript-eslint/no-deprecated -- the type asks for it
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "folder" }],
    capabilities: {
      textDocument: {
        publishDiagnostics: { codeDescriptionSupport: true },
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "source.fixAll"] } } },
      },
    },
  });
  assert.ok(capabilities.codeActionProvider);
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "python", version: 1, text: DAG },
  });

  const { diagnostics } = await published;
  assert.deepEqual(
    diagnostics.map(({ code, range, codeDescription }) => [code, range.start, codeDescription?.href]),
    [["OFR101", { line: 5, character: 10 }, "https://offramp.readthedocs.io/rules/OFR101/"]],
  );
  const [diagnostic] = diagnostics;
  assert.ok(diagnostic);
  const actions = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri },
    range: diagnostic.range,
    context: { diagnostics },
  });
  const titles = (actions ?? []).map((action) => (action as CodeAction).title);
  assert.ok(titles.some((title) => title.includes("Prefect flow")), titles.join("; "));

  await connection.sendRequest(ShutdownRequest.type);
  await connection.sendNotification(ExitNotification.type);
  assert.equal(await ended, 0);
  connection.dispose();
});
