/** A loader hook that writes down every module that is resolved: `node --import` this file. */
import { appendFileSync } from "node:fs"
import { register } from "node:module"
import { isMainThread } from "node:worker_threads"

const FILE = process.env.RECORD_URLS ?? ""

/** @type {import("node:module").ResolveHook} */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context)
  appendFileSync(FILE, `${resolved.url}\n`)
  return resolved
}

// Hooks run in a thread of their own, which loads this file again.
if (isMainThread) register(import.meta.url)
