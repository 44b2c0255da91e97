/** Native: which packages have parts that are built for one kind of machine. */
import { existsSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"

/** What such packages use to find their own binaries, and how their manifests tell of them. */
const LOADERS = [
  "node-gyp-build",
  "bindings",
  "node-pre-gyp",
  "@mapbox/node-pre-gyp",
  "prebuild-install",
  "detect-libc",
]

const known = new Map<string, boolean>()

/** The name of the package that this file is in, when it is built for one kind of machine; the file's own where it is in none. */
export function nativePackage(path: string): string | undefined {
  if (path.endsWith(".node")) return packageOf(path)
  const [root] = /.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(path) ?? []
  if (root === undefined) return undefined
  const is = known.get(root) ?? isNative(root)
  known.set(root, is)
  return is ? packageOf(path) : undefined
}

function packageOf(path: string): string {
  const [, name] = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(path) ?? []
  return name?.replaceAll("\\", "/") ?? basename(path)
}

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
