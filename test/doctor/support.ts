/** Doctor over a cloud's wire: the report, and what the wire saw of it. */
import { expect } from "vitest"
import { doctor, type DoctorLine, type DoctorOptions, type DoctorReport, type DoctorSpec } from "../../src/doctor.js"
import type { Cloud } from "../support/cloud.js"

/** The most requests of one place; the wires count their own. */
const MOST = 40

/** @throws when anything was made, changed or ended, or more was asked than doctor says. */
export async function examined<W>(
  cloud: Cloud<W>,
  spec: Partial<DoctorSpec> = {},
  options: DoctorOptions = {},
): Promise<DoctorReport> {
  const { provider, clock, world } = cloud
  const [truth, resources, asked] = [world.truth({}), world.resources.list(), world.ledger.count()]
  const given = { clock, journal: "/nowhere", env: {}, ...options } as const
  const report = await cloud.run(doctor({ provider, ...spec } as DoctorSpec, given))
  expect([world.truth({}), world.resources.list()]).toEqual([truth, resources])
  expect(world.ledger.count() - asked).toBeLessThanOrEqual(MOST)
  return report
}

/** The lines about one thing, as "status text". */
export function told({ lines }: DoctorReport, check: string): readonly string[] {
  return lines.filter((line) => line.check === check).map(({ status, text }) => `${status} ${text}`)
}

export function one(report: DoctorReport, check: string): DoctorLine {
  const found = report.lines.filter((line) => line.check === check)
  const [first] = found
  if (first === undefined || found.length > 1)
    throw new Error(`${found.length} lines about ${check}:\n${shown(report)}`)
  return first
}

export function shown({ lines }: DoctorReport): string {
  return lines.map(({ status, check, text, remedy }) => `${status} ${check}: ${text} -> ${remedy ?? "-"}`).join("\n")
}

/** What is not as it should be, by check, but for this machine. */
export function troubles({ lines }: DoctorReport): readonly string[] {
  const places = lines.filter(({ status, place }) => status !== "ok" && place !== undefined)
  return [...new Set(places.map(({ status, check }) => `${status} ${check}`))]
}

interface ToldRight {
  readonly name: string
  readonly allowed: "yes" | "no" | "cannot be known"
}

/** Names of rights by whether they are there. */
export function rightsIn({ lines }: DoctorReport, allowed: ToldRight["allowed"]): readonly string[] {
  const data = lines.flatMap(({ check, data: found }) => (check === "rights" ? (found?.rights ?? []) : []))
  const rights = data as unknown as readonly ToldRight[]
  return [...new Set(rights.filter((right) => right.allowed === allowed).map(({ name }) => name))].sort()
}
