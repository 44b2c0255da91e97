/** Bundle: a module with all that it imports, as one file for workers. `rolldown` makes it, which users install beside this library. */
import { createHash } from "node:crypto"
import { existsSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { isInstalled } from "../../client/package.js"
import { MusterError, SpecError } from "../../errors.js"
import { roll } from "./bundler.js"

export interface Bundle {
  readonly code: string
  /** In hex. */
  readonly digest: string
}

/** Packages that are found on the worker, because a command there has installed them. */
export interface BundleOptions {
  readonly hasSetup: boolean
}

interface Made {
  readonly bundle: Bundle
  /** The files that it was made of, and what they were then. */
  readonly inputs: ReadonlyMap<string, string>
}

/** By the file and the options: a module is bundled again when one of its files is another one. */
const made = new Map<string, Promise<Made>>()

/** The file that carries out tasks on a worker. */
export function runnerBundle(): Promise<Bundle> {
  // Beside the sources it is TypeScript.
  const here = fileURLToPath(import.meta.url)
  return bundled(join(dirname(here), "../runner", `main${here.endsWith(".ts") ? ".ts" : ".js"}`), { hasSetup: false })
}

/**
 * @param address of the module's file: "file:///…".
 * @throws SpecError when there is no such file, when it needs what is not installed here, or is built for one machine, and no `setup`
 * installs that, and when `rolldown` is not installed.
 * @throws MusterError with code "BundleFailed" in the bundler's words.
 */
export function moduleBundle(address: string, options: BundleOptions): Promise<Bundle> {
  return bundled(sourceOf(fileURLToPath(address)), options)
}

/** A module of TypeScript is named as others import it: "./thumb.js" is of "thumb.ts". */
function sourceOf(path: string): string {
  const source = path.replace(/(\.[cm]?)js$/, "$1ts")
  return !existsSync(path) && existsSync(source) ? source : path
}

async function bundled(path: string, options: BundleOptions): Promise<Bundle> {
  const key = `${options.hasSetup} ${path}`
  const known = await made.get(key)?.catch(() => undefined)
  if (known !== undefined && [...known.inputs].every(([file, stamp]) => stampOf(file) === stamp)) return known.bundle
  const making = bundleOf(path, options)
  made.set(key, making)
  making.catch(() => made.delete(key))
  return (await making).bundle
}

/** Another one for a file with other contents. */
function stampOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? "" : `${stat.mtimeNs} ${stat.size} ${stat.ino}`
}

async function bundleOf(path: string, { hasSetup }: BundleOptions): Promise<Made> {
  if (!existsSync(path)) throw new SpecError([{ option: "remote", value: path, message: `there is no file ${path}` }])
  if (!isInstalled("rolldown")) {
    const message =
      "modules are bundled for workers by rolldown, which is not installed here; run: npm install rolldown"
    throw new SpecError([{ option: "remote", value: path, message }])
  }
  const { code, files, natives, missing } = await roll(path).catch(failed(path))
  if (natives.length > 0 && !hasSetup) throw nativeProblem(path, natives)
  if (missing.length > 0 && !hasSetup) throw missingProblem(path, missing)
  const inputs = new Map(files.map((file) => [file, stampOf(file)]))
  return { bundle: { code, digest: createHash("sha256").update(code).digest("hex") }, inputs }
}

function failed(path: string): (error: unknown) => never {
  return (cause) => {
    throw new MusterError(`bundling ${path}: ${(cause as Error).message}`, { code: "BundleFailed", cause })
  }
}

function nativeProblem(path: string, names: readonly string[]): SpecError {
  const message = `uses ${names.join(", ")}, built for one kind of machine, which is not sent to others; have each worker install it: setup: "npm ci", with package.json and package-lock.json among its files`
  return new SpecError([{ option: "remote", value: path, message }])
}

function missingProblem(path: string, names: readonly string[]): SpecError {
  const message = `imports ${names.join(", ")}, which cannot be found here; run: npm install ${names.join(" ")}; or have each worker install it, by the work's setup`
  return new SpecError([{ option: "remote", value: path, message }])
}
