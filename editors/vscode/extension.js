// Starts `acortex lsp` and lets the editor speak with it.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

async function start() {
  const command = vscode.workspace.getConfiguration("acortex").get("command", "acortex");
  const server = { command, args: ["lsp"], transport: TransportKind.stdio };
  const options = {
    documentSelector: [
      { scheme: "file", language: "acortex-asm" },
      { scheme: "untitled", language: "acortex-asm" },
    ],
    // Files of data and sources that no editor has open: what they hold is checked again as they change.
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{s,npz,npy}") },
  };
  client = new LanguageClient("acortex", "aCortex", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const text = `aCortex: \`${command} lsp\` did not start. Set acortex.command to an acortex with the extra lsp.`;
    vscode.window.showErrorMessage(`${text} (${error instanceof Error ? error.message : error})`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("acortex.restart", async () => {
      await stop();
      await start();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
