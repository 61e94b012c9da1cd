// Starts the extension of VS Code with as much of an editor as it asks for, and tells what it did: node THIS EXTENSION.
"use strict";

const Module = require("module");
const path = require("path");

const told = { steps: [], messages: [] };
const failing = [3];
let number = 0;

class LanguageClient {
  constructor(id, name, server, options) {
    this.number = ++number;
    told.server ??= server;
    told.documents ??= options.documentSelector;
  }

  async start() {
    const fails = failing.includes(this.number);
    told.steps.push(`start ${this.number}${fails ? " fails" : ""}`);
    if (fails) throw new Error("spawn my/acortex ENOENT");
  }

  async stop() {
    told.steps.push(`stop ${this.number}`);
  }
}

const commands = {};
const vscode = {
  workspace: {
    getConfiguration: (section) => ({ get: (name, usual) => (section === "acortex" && name === "command" ? `my/${usual}` : usual) }),
    createFileSystemWatcher: (pattern) => (told.watched = pattern),
  },
  window: { showErrorMessage: (text) => told.messages.push(text) },
  commands: { registerCommand: (name, act) => ((commands[name] = act), name) },
};

const fakes = {
  vscode,
  "vscode-languageclient/node": { LanguageClient, TransportKind: { stdio: "stdio" } },
};
const load = Module._load;
Module._load = (name, ...rest) => fakes[name] ?? load(name, ...rest);

async function main() {
  const extension = require(path.resolve(process.argv[2]));
  const context = { subscriptions: [] };
  await extension.activate(context); // 1
  await commands["acortex.restart"](); // 2
  await extension.deactivate();
  await extension.deactivate(); // there is nothing to stop any more
  await commands["acortex.restart"](); // 3, which fails
  await commands["acortex.restart"](); // 4, with nothing to stop before
  told.subscriptions = context.subscriptions.length;
  process.stdout.write(JSON.stringify(told));
}

main();
