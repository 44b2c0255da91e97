/** A client package as doctor tells of it. */
import type { ExaminedPackage } from "../provider.js"
import { type ClientPackage, installCommand, installedVersion } from "./package.js"

/** @param without what does not work without it; left out: nothing does. */
export function examinedPackage(wanted: ClientPackage, without?: string): ExaminedPackage {
  const version = installedVersion(wanted.name)
  return {
    name: wanted.name,
    install: installCommand(wanted),
    ...(version === undefined ? {} : { version }),
    ...(without === undefined ? {} : { without }),
  }
}
