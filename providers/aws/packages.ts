import { createRequire } from "node:module"

/** The package, or undefined when it is not installed. */
export function optionalPackage<T>(name: string): T | undefined {
  try {
    return createRequire(import.meta.url)(name) as T
  } catch (error) {
    if ((error as { code?: string }).code === "MODULE_NOT_FOUND") return undefined
    throw error
  }
}
