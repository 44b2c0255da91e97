/** Roll: one file of a module and all that it imports, by `rolldown`, which users install beside this library. */
import { existsSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { type Plugin, rolldown } from "rolldown"
import { nativePackage } from "./native.js"

export interface Rolled {
  readonly code: string
  /** The files that it was made of. */
  readonly files: readonly string[]
  /** Packages that are left out of it, because they are built for one kind of machine. */
  readonly natives: readonly string[]
  /** What it needs when it is loaded, and is not here. What is only tried then, by `import()` or a `require` in a function, may be missing. */
  readonly missing: readonly string[]
}

/** @throws Error in the bundler's words. */
export async function roll(path: string): Promise<Rolled> {
  const from = dirname(path)
  const natives = new Set<string>()
  const unresolved = new Set<string>()
  const build = await rolldown({
    input: path,
    platform: "node",
    logLevel: "silent",
    resolve: { extensionAlias: { ".js": [".js", ".ts"], ".mjs": [".mjs", ".mts"] } },
    plugins: [withoutNatives(natives, unresolved)],
  })
  try {
    const { output } = await build.generate({
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
    const chunks = output.flatMap((one) => (one.type === "chunk" ? [one] : []))
    return {
      code: chunks.map((one) => one.code).join(""),
      files: chunks.flatMap(({ moduleIds }) => moduleIds).filter((id) => isAbsolute(id) && existsSync(id)),
      natives: [...natives],
      missing: [...unresolved].filter((name) => chunks.some(({ imports }) => imports.includes(name))),
    }
  } finally {
    await build.close()
  }
}

/** A package that is built for one platform is not bundled: it is found where the worker has it. */
function withoutNatives(found: Set<string>, unresolved: Set<string>): Plugin {
  return {
    name: "muster-native-packages",
    async resolveId(source, importer, { isEntry }) {
      if (isEntry === true || source.startsWith("node:")) return null
      const resolved = await this.resolve(source, importer, { skipSelf: true })
      if (resolved === null) unresolved.add(source)
      if (resolved === null || resolved.external !== false) return resolved
      const name = nativePackage(resolved.id)
      if (name === undefined) return resolved
      found.add(name)
      return { id: source, external: true }
    },
  }
}
