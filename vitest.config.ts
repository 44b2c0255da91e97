import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: {
    alias: [
      { find: /^muster$/, replacement: new URL("./src/index.ts", import.meta.url).pathname },
      { find: /^muster\/simulator$/, replacement: new URL("./src/simulator/index.ts", import.meta.url).pathname },
      { find: /^muster\/contract$/, replacement: new URL("./test/contract/index.ts", import.meta.url).pathname },
      {
        find: /^muster\/(local|aws|gcp|azure)$/,
        replacement: `${new URL("./providers", import.meta.url).pathname}/$1/index.ts`,
      },
    ],
  },
  test: {
    globalSetup: "test/support/prepare.ts",
    setupFiles: "test/support/each-file.ts",
    isolate: false,
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One is left free otherwise, and on two cores only one is used.
    maxWorkers: "100%",
  },
})
