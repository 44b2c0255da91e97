/**
 * What was run, how it ended and how long it took.
 *
 * @param {readonly { readonly name: string, readonly seconds: number, readonly isGood: boolean }[]} results
 */
export function tableOf(results) {
  const width = Math.max(...results.map(({ name }) => name.length))
  const lines = results.map(({ name, seconds, isGood }) => {
    return `${name.padEnd(width)}  ${isGood ? "ok    " : "FAILED"}  ${seconds.toFixed(1).padStart(7)} s`
  })
  return lines.join("\n")
}
