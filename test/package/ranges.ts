/** As much of npm's version ranges as lock files hold: `^`, `>=`, `>`, `<=`, `<`, plain and partial versions, ` ` and `||`. */

type Version = readonly [number, number, number]

/** @throws Error for a range that is written in another way. */
export function admits(range: string, version: string): boolean {
  const wanted = versionOf(version).numbers
  return range.split("||").some((all) => comparators(all).every((one) => satisfies(one, wanted)))
}

function comparators(text: string): readonly string[] {
  // ">= 14" is one comparator.
  return text
    .replace(/([<>=^~]+)\s+/g, "$1")
    .trim()
    .split(/\s+/)
    .filter((one) => one !== "")
}

function satisfies(comparator: string, version: Version): boolean {
  const [, operator = "", bound = ""] = /^([<>=^~]*)(.*)$/.exec(comparator) ?? []
  const { numbers, given } = versionOf(bound)
  if (operator === ">=") return compare(version, numbers) >= 0
  if (operator === "<") return compare(version, numbers) < 0
  if (operator === "" || operator === "=") return given.every((number, index) => version[index] === number)
  if (operator === "^") return compare(version, numbers) >= 0 && version[0] === numbers[0]
  throw new Error(`a range with ${operator} is not known here: ${comparator}`)
}

function versionOf(text: string): { readonly numbers: Version; readonly given: readonly number[] } {
  if (!/^v?(\d+|[xX*])(\.(\d+|[xX*])){0,2}(-[\w.]+)?$/.test(text)) throw new Error(`not a version: "${text}"`)
  const given = text
    .replace(/^v|-.*$/g, "")
    .split(".")
    .filter((part) => /^\d+$/.test(part))
    .map(Number)
  const [major = 0, minor = 0, patch = 0] = given
  return { numbers: [major, minor, patch], given }
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
