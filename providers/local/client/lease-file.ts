/** Lease file: the end of an instance's lease, in its directory. */

export const leaseName = "lease"

/** Of an end in a file: as many until 2286, so that each fits in the place of the one before. */
const DIGITS = 10

/** The end of a lease as its file holds it. @param until seconds since 1970. */
export function leaseText(until: number): string {
  return `${String(Math.floor(until)).padStart(DIGITS, "0")}\n`
}
