import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { admits } from "./ranges.js"

interface Package {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly engines?: Readonly<Record<string, string>>
  readonly link?: boolean
  readonly dev?: boolean
}

interface Manifest extends Package {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))
const manifest = read("package.json") as Manifest
const packagesIn = (file: string) => (read(file) as { readonly packages: Readonly<Record<string, Package>> }).packages
const packages = packagesIn("package-lock.json")
const others = Object.entries(packages).filter(([path]) => path !== "")
const newer = Object.entries(packagesIn(".ci/newer-sdks/package-lock.json")).filter(([path]) => path !== "")

/** The oldest Node that this package is for. */
const OLDEST_NODE = "20.20.0"

describe("the lock file", () => {
  test("names no registry, and the bytes of everything", () => {
    expect(others.length).toBeGreaterThan(50)
    const all = [...others, ...newer]
    expect(all.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
    const unnamed = all.filter(([, { integrity, link }]) => integrity === undefined && link !== true)
    // The formatter's programs for other systems, which a mirror need not hold: `npm ci` wants them named all the same.
    const isElsewhere = (path: string) => /^node_modules\/@biomejs\/cli-/.test(path) && !path.endsWith("/cli-linux-x64")
    expect(unnamed.filter(([path, { dev }]) => dev !== true || !isElsewhere(path))).toEqual([])
  })

  test.each([OLDEST_NODE, "24.9.0"])("everything in it runs on Node %s, so that npm ci warns of nothing", (node) => {
    const tooNew = others.filter(([, { engines }]) => !admits(engines?.node ?? "*", node))
    expect(tooNew.map(([path, { engines }]) => `${path} wants ${engines?.node ?? ""}`)).toEqual([])
  })

  test("is of this manifest", () => {
    const { dependencies, devDependencies, peerDependencies } = packages[""] as unknown as Manifest
    expect({ dependencies, devDependencies, peerDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
      peerDependencies: manifest.peerDependencies,
    })
  })
})

test("the newer SDKs of the tests are those that the peers' ranges let in", () => {
  for (const name of ["@azure/arm-compute", "@google-cloud/compute"]) {
    const [, { version = "0.0.0" } = {}] = newer.find(([path]) => path === `node_modules/${name}`) ?? []
    expect(admits(manifest.peerDependencies[name] ?? "", version), `${name} ${version}`).toBe(true)
    expect(admits(manifest.devDependencies[name] ?? "", version), `${name} ${version}`).toBe(false)
  }
})

describe("the manifest", () => {
  test("is for the Node versions that it says", () => {
    const range = manifest.engines?.node ?? ""
    expect(["20.20.0", "22.0.0", "24.9.0"].map((version) => admits(range, version))).toEqual([true, true, true])
    expect(["18.20.0", "20.19.9", "25.0.0"].map((version) => admits(range, version))).toEqual([false, false, false])
  })

  test("depends on exact versions", () => {
    const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(ranges.filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([])
  })

  test("SDKs are optional peers, of major versions, which the one that is tested with fits; so are Node's types, of any", () => {
    for (const [name, range] of Object.entries(manifest.peerDependencies)) {
      expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true })
      if (name !== "@types/node") expect(range).toMatch(/^\^\d+\.\d+\.\d+( \|\| \^\d+\.\d+\.\d+)*$/)
      expect(admits(range, manifest.devDependencies[name] ?? "0.0.0")).toBe(true)
      expect(manifest.dependencies).not.toHaveProperty([name])
    }
    expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(Object.keys(manifest.peerDependencies))
  })
})

test.each([
  ["*", true],
  [">=20", true],
  [">= 14", true],
  [">=22.12.0", false],
  ["^20.19.0 || >=22.12.0", true],
  ["^18.18.0 || >=21.1.0", false],
  ["18 || 20 || >=22", true],
  ["18 || 22", false],
  ["6.* || 20.*", true],
  [">=20.20 <25", true],
  [">=16 || 14 >=14.17", true],
  [">=20.20.1", false],
  ["20.20", true],
  ["20.19", false],
  ["", true],
])('"%s" admits 20.20.0: %s', (range, expected) => {
  expect(admits(range, OLDEST_NODE)).toBe(expected)
})
