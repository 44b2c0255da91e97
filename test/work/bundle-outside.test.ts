/** Bundles: what is found, what is left for the worker to have, and what is refused before anything is launched. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { moduleBundle } from "../../src/work/bundle/bundle.js"

const root = mkdtempSync(join(tmpdir(), "muster-bundle-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const FILES = {
  "thumb.ts": "export const f = (x: number): number => x",
  "twin.js": "export const f = () => 'js'",
  "twin.ts": "export const f = (): string => 'ts'",
  "lacks.mjs": 'import "not-here"; export const f = () => 1',
  "tries.mjs": 'export const f = async () => await import("not-here").catch(() => 0)',
  "native.mjs": 'import { g } from "built/part.js"; export const f = () => g()',
  "node_modules/built/package.json": '{ "name": "built", "gypfile": true }',
  "node_modules/built/part.js": "export const g = () => 1",
  "wrong.mjs": "export const f = (",
} as const
beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
})

const bundle = (name: string, hasSetup = false) =>
  moduleBundle(pathToFileURL(join(root, name)).href, { hasSetup }).then(({ code }) => code)

test("a module of TypeScript is found by the name that others import, unless there is that file", async () => {
  expect(await bundle("thumb.js")).toContain("(x) => x")
  expect(await bundle("twin.js")).toMatch(/["'`]js["'`]/)
  await expect(bundle("none.js")).rejects.toThrow(`there is no file ${join(root, "none.js")}`)
})

test("what cannot be had on a worker is refused; with a setup it may be there", async () => {
  await expect(bundle("lacks.mjs")).rejects.toThrow(
    /imports not-here, which cannot be found here; run: npm install not-here/,
  )
  await expect(bundle("native.mjs")).rejects.toThrow(/uses built, built for one kind of machine.*setup: "npm ci"/)
  expect(await bundle("lacks.mjs", true)).toContain('import "not-here"')
  expect(await bundle("native.mjs", true)).toContain('from "built/part.js"')
  expect(await bundle("tries.mjs")).toContain('import("not-here")')
})

test("what is wrong is told in the bundler's words", async () => {
  await expect(bundle("wrong.mjs")).rejects.toMatchObject({ code: "BundleFailed", message: /wrong\.mjs/ })
})
