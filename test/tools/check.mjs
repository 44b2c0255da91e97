/** All that runs no test of what it does, in one: `npm run check`. Side by side, for two processors; what fails is shown whole. */
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { tableOf } from "./table.mjs"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const bin = (/** @type {string} */ name) => `${ROOT}node_modules/.bin/${name}`

/** The linter takes as long as all others. */
const LANES = [
  [{ name: "lint", command: [bin("eslint"), "."] }],
  [
    { name: "format", command: [bin("biome"), "check"] },
    { name: "types", command: [bin("tsc")] },
    { name: "architecture", command: [bin("vitest"), "run", "test/architecture"] },
  ],
]

/** @param {(typeof LANES)[number][number]} part */
async function run({ name, command: [program = "", ...parameters] }) {
  const begun = performance.now()
  const child = spawn(program, parameters, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] })
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  const [said, complained, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0) console.log(`${name}:\n${said}${complained}`)
  return { name, seconds: (performance.now() - begun) / 1000, isGood: code === 0 }
}

/** @param {(typeof LANES)[number]} parts */
async function runInTurn(parts) {
  const results = []
  for (const part of parts) results.push(await run(part))
  return results
}

const results = (await Promise.all(LANES.map(runInTurn))).flat()
console.log(tableOf(results))
if (results.some(({ isGood }) => !isGood)) process.exitCode = 1
