/** From a list of promises to test cases. */
import { nearest } from "../../src/input/parse.js"
import type { ProviderPromise } from "./promise.js"
import { access } from "./promises/access.js"
import { aborts } from "./promises/aborts.js"
import { errors } from "./promises/errors.js"
import { launches } from "./promises/launches.js"
import { leftovers } from "./promises/leftovers.js"
import { lists } from "./promises/lists.js"
import { offers } from "./promises/offers.js"
import { ownership } from "./promises/ownership.js"
import { prepares } from "./promises/prepares.js"
import { replays } from "./promises/replays.js"
import { splits } from "./promises/splits.js"
import { terminations } from "./promises/terminations.js"
import { Scene } from "./scene.js"
import type { Subject, SubjectFactory } from "./subject.js"

const PROMISES: readonly ProviderPromise[] = [
  ...offers,
  ...prepares,
  ...splits,
  ...launches,
  ...replays,
  ...lists,
  ...terminations,
  ...ownership,
  ...leftovers,
  ...access,
  ...errors,
  ...aborts,
]

/** A promise that this provider cannot keep, and why that is right. */
export interface Skip {
  readonly promise: string
  readonly reason: string
}

export interface ContractOptions {
  readonly skip?: readonly Skip[]
}

export interface ContractCase {
  readonly name: string
  /** Checks it on a subject of its own and removes what that launched. */
  readonly run: () => Promise<void>
  /** Why it is not to be run. */
  readonly skipped?: string
}

/**
 * The suite for one provider.
 *
 * @param factory makes a subject for each promise.
 * @param options.skip promises not to be checked, each with its reason.
 * @returns one case for each promise, for any test runner.
 * @throws Error when a skip names no promise, or gives no reason.
 */
export function contract(factory: SubjectFactory, { skip = [] }: ContractOptions = {}): readonly ContractCase[] {
  const reasons = new Map(skip.map((entry) => [promiseOf(entry), reasonOf(entry)]))
  return PROMISES.map(({ promise, check }) => {
    const skipped = reasons.get(promise)
    return { name: promise, run: () => runOn(factory, check), ...(skipped === undefined ? {} : { skipped }) }
  })
}

function promiseOf({ promise }: Skip): string {
  const known = PROMISES.map((entry) => entry.promise)
  if (known.includes(promise)) return promise
  const near = nearest(promise, known)
  throw new Error(`skip names no promise: "${promise}"${near === undefined ? "" : `; did you mean "${near}"?`}`)
}

function reasonOf({ promise, reason }: Skip): string {
  if (reason.trim() !== "") return reason
  throw new Error(`skip of "${promise}" gives no reason; say why this provider cannot keep it`)
}

async function runOn(factory: SubjectFactory, check: ProviderPromise["check"]): Promise<void> {
  const subject = await factory()
  const run = <T>(promise: Promise<T>) => subject.run?.(promise) ?? promise
  try {
    await run(checkAndClean(subject, check))
  } finally {
    await subject.close?.()
  }
}

/** The check's own error is the one to see, also when cleaning up fails after it. */
async function checkAndClean(subject: Subject, check: ProviderPromise["check"]): Promise<void> {
  const scene = new Scene(subject)
  try {
    await check(scene)
  } catch (error) {
    await scene.clean().catch(() => {})
    throw error
  }
  await scene.clean()
}
