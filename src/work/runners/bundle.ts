/** Bundle: a module with all that it imports, as one file for workers. `rolldown` makes it, which users install beside this library. */
import { createHash } from "node:crypto"
import { existsSync, readFileSync, statSync } from "node:fs"
import { basename, dirname, isAbsolute, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type * as Rolldown from "rolldown"
import { isInstalled } from "../../client/package.js"
import { MusterError, SpecError } from "../../errors.js"

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
 * @throws SpecError when there is no such file, when it uses what is built for one machine and no `setup` installs that, and when
 * `rolldown` is not installed.
 * @throws MusterError with code "BundleFailed" in the bundler's words.
 */
export function moduleBundle(address: string, options: BundleOptions): Promise<Bundle> {
  return bundled(fileURLToPath(address), options)
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
  const { rolldown } = await import("rolldown")
  const from = dirname(path)
  const native = new Set<string>()
  const build = await rolldown({
    input: path,
    platform: "node",
    logLevel: "silent",
    resolve: { extensionAlias: { ".js": [".js", ".ts"], ".mjs": [".mjs", ".mts"] } },
    plugins: [nativePackages(native)],
  }).catch(failed(path))
  try {
    const generated = await build
      .generate({
        ...{
          format: "esm",
          sourcemap: "inline",
          codeSplitting: false,
          comments: false,
          file: join(from, "module.mjs"),
        },
        // Stacks name the files of this machine.
        sourcemapPathTransform: (source) => pathToFileURL(resolve(from, source)).href,
      })
      .catch(failed(path))
    if (native.size > 0 && !hasSetup) throw nativeProblem(path, [...native])
    const chunks = generated.output.flatMap((one) => (one.type === "chunk" ? [one] : []))
    const code = chunks.map((one) => one.code).join("")
    const files = chunks.flatMap(({ moduleIds }) => moduleIds).filter((id) => isAbsolute(id) && existsSync(id))
    const inputs = new Map(files.map((file) => [file, stampOf(file)]))
    return { bundle: { code, digest: createHash("sha256").update(code).digest("hex") }, inputs }
  } finally {
    await build.close()
  }
}

function failed(path: string): (error: unknown) => never {
  return (cause) => {
    throw new MusterError(`bundling ${path}: ${(cause as Error).message}`, { code: "BundleFailed", cause })
  }
}

/** A package that is built for one platform is not bundled: it is found where the worker has it. */
function nativePackages(found: Set<string>): Rolldown.Plugin {
  return {
    name: "muster-native-packages",
    async resolveId(source, importer, { isEntry }) {
      if (isEntry === true || source.startsWith("node:")) return null
      const resolved = await this.resolve(source, importer, { skipSelf: true })
      if (resolved === null || resolved.external !== false) return resolved
      const name = resolved.id.endsWith(".node") ? packageOf(resolved.id) : nativePackage(resolved.id)
      if (name === undefined) return resolved
      found.add(name)
      return { id: source, external: true }
    },
  }
}

/** The name of the package that a file is in; the file's own where it is in none. */
function packageOf(path: string): string {
  const [, name] = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(path) ?? []
  return name?.replaceAll("\\", "/") ?? basename(path)
}

/** What such packages use to find their own binaries, and how their manifests tell of them. */
const LOADERS = [
  "node-gyp-build",
  "bindings",
  "node-pre-gyp",
  "@mapbox/node-pre-gyp",
  "prebuild-install",
  "detect-libc",
]

function nativePackage(path: string): string | undefined {
  const [root] = /.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(path) ?? []
  if (root === undefined) return undefined
  const known = natives.get(root) ?? isNative(root)
  natives.set(root, known)
  return known ? packageOf(path) : undefined
}

const natives = new Map<string, boolean>()

interface Manifest {
  readonly gypfile?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly os?: readonly string[]
}

function isNative(root: string): boolean {
  if (existsSync(join(root, "binding.gyp"))) return true
  try {
    const { gypfile, dependencies = {}, os } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest
    return gypfile === true || os !== undefined || LOADERS.some((name) => name in dependencies)
  } catch {
    return false
  }
}

function nativeProblem(path: string, names: readonly string[]): SpecError {
  const message = `uses ${names.join(", ")}, built for one kind of machine, which is not sent to others; have each worker install it: setup: "npm ci", with package.json and package-lock.json among its files`
  return new SpecError([{ option: "remote", value: path, message }])
}
