/** Versions: with what a walk was made. */
import { createRequire } from "node:module"
import type { DoctorReport } from "../report.js"
import type { Versions } from "./format.js"

/** Those of the cloud's packages are what doctor has found. */
export function versionsOf({ lines }: Pick<DoctorReport, "lines">): Versions {
  const { version } = createRequire(import.meta.url)("muster-vms/package.json") as { readonly version: string }
  const packages = lines.flatMap(({ check, data }): readonly (readonly [string, string])[] =>
    check === "sdk" && typeof data?.name === "string" && typeof data.version === "string"
      ? [[data.name, data.version]]
      : [],
  )
  return {
    ...{ muster: version, node: process.versions.node, system: `${process.platform} ${process.arch}` },
    packages: Object.fromEntries(packages),
  }
}
