/** Memory: a limit as Dask's users write it, in bytes. Pure. */
import type { SpecProblem } from "../../errors.js"
import { show } from "../../input/parse.js"

interface MemoryLimit {
  /** As `dask worker --memory-limit` takes it. */
  readonly flag: string
  /** Undefined where it depends on the machine. */
  readonly bytes: number | undefined
  readonly problems: readonly SpecProblem[]
}

/** As Dask reads them: a unit with an "i" is of 1024, others of 1000. */
const AMOUNT = /^(\d+(?:\.\d+)?|\.\d+) ?([kmgt])?(i)?b?$/i
const POWERS = { k: 1, m: 2, g: 3, t: 4 } as const

/** Under which no worker starts: the process alone takes as much. */
const LEAST_BYTES = 64 * 1024 ** 2

const RULE = 'use bytes, an amount with its unit ("8GiB"), a part of the machine\'s memory (0.9), "auto" or false'

export function memoryLimitOf(given: number | string | false): MemoryLimit {
  if (given === false) return { flag: "0", bytes: undefined, problems: [] }
  if (given === "auto") return { flag: "auto", bytes: undefined, problems: [] }
  if (typeof given === "number" && given > 0 && given <= 1)
    return { flag: partText(given), bytes: undefined, problems: [] }
  const bytes = typeof given === "number" ? given : bytesOf(given)
  if (bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= LEAST_BYTES) {
    return { flag: String(bytes), bytes, problems: [] }
  }
  const isSmall = bytes !== undefined && bytes < LEAST_BYTES
  const message = isSmall
    ? `is ${show(given)}; use 64 MiB at least: a worker alone takes as much`
    : `is ${show(given)}; ${RULE}`
  return { flag: "auto", bytes: undefined, problems: [{ option: "dask.memoryLimit", value: given, message }] }
}

/** Dask takes a number with a point for a part, and "1" for a byte. */
function partText(part: number): string {
  return part === 1 ? "1.0" : String(part)
}

function bytesOf(text: string): number | undefined {
  const match = AMOUNT.exec(text.trim())
  if (match === null) return undefined
  const [, amount, unit, isBinary] = match
  const power = unit === undefined ? 0 : POWERS[unit.toLowerCase() as keyof typeof POWERS]
  return Math.floor(Number(amount) * (isBinary === undefined ? 1000 : 1024) ** power)
}
