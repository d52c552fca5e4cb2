throw new Error(
  "This module imports 'vscode', which exists only inside VS Code: test it under test/host, or keep vscode out of it.",
);
