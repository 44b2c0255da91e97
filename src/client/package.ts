/**
 * A cloud's client package, which users install beside this one. It is loaded at its first use. If it is missing, the error names the
 * install command.
 */
import { createRequire } from "node:module"
import { SpecError } from "../errors.js"

export interface ClientPackage {
  /** The provider that needs it, as a spec names it. */
  readonly provider: string
  readonly name: string
  /** In words: "the AWS SDK". */
  readonly called: string
  /**
   * The version, or the major one, that runs on Node 20. Its newest ones do not, or will not for long (AWS: "versions published
   * after the first week of January 2027 will require node >=22", from @aws-sdk/core, emitWarningIfUnsupportedVersion).
   */
  readonly onNode20: string
  /** What is installed together with it. */
  readonly beside?: ClientPackage
  /** What else may be done than to install it. */
  readonly instead?: string
}

const NEWER_NODE = 22

/** @param node a version of Node: that of this process by default. */
export function installCommand(wanted: ClientPackage, node: string = process.versions.node): string {
  return `npm install ${packagesOf(wanted, node).join(" ")}`
}

function packagesOf({ name, onNode20, beside }: ClientPackage, node: string): readonly string[] {
  const isOld = Number.parseInt(node, 10) < NEWER_NODE
  return [isOld ? `${name}@${onNode20}` : name, ...(beside === undefined ? [] : packagesOf(beside, node))]
}

/**
 * Loads what `load` takes of the package, with a `require` that finds what is installed beside this library.
 *
 * @throws SpecError that says what to run: when it is not installed, and when it is and this Node cannot load it.
 */
export function loadClient<T>(wanted: ClientPackage, load: (require: NodeJS.Require) => T): T {
  const require = createRequire(import.meta.url)
  if (!isInstalled(wanted.name)) throw problemWith(wanted, "is not installed here", installCommand(wanted))
  try {
    return load(require)
  } catch (cause) {
    throw unloadable(wanted, require, cause)
  }
}

export function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch (error) {
    // Another error says that it is there, and that loading it tells what is wrong with it.
    return (error as { readonly code?: string }).code !== "MODULE_NOT_FOUND"
  }
}

/** The version that is installed; undefined where none is, or it does not tell. */
export function installedVersion(name: string): string | undefined {
  return isInstalled(name) ? manifestOf(name, createRequire(import.meta.url)).version : undefined
}

/** It is of another version of Node, or its own dependencies are missing: installing it anew, or a newer Node, helps. */
function unloadable(wanted: ClientPackage, require: NodeJS.Require, cause: unknown): SpecError {
  if (cause instanceof SpecError) return cause
  const { version, engines } = manifestOf(wanted.name, require)
  const needs = engines?.node === undefined ? "" : `, for Node ${engines.node},`
  const reason = String(cause).split("\n")[0] ?? ""
  const what = `${version === undefined ? "" : `${version}${needs} `}does not load on Node ${process.versions.node} (${reason})`
  return problemWith(wanted, what, `${installCommand(wanted)}, or use a newer Node`, cause)
}

interface PackageJson {
  readonly version?: string
  readonly engines?: { readonly node?: string }
}

function manifestOf(name: string, require: NodeJS.Require): PackageJson {
  try {
    return require(`${name}/package.json`) as PackageJson
  } catch {
    // Not every package lets others read it.
    return {}
  }
}

function problemWith(
  { provider, called, instead }: ClientPackage,
  what: string,
  run: string,
  cause?: unknown,
): SpecError {
  const message = `${called} ${what}; run: ${run}${instead === undefined ? "" : `, ${instead}`}`
  return new SpecError([{ option: "provider", value: provider, message }], { cause })
}
