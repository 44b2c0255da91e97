/** Transport: what the way to a worker says with its exit code, as ssh does. */
import { AuthError, HostKeyError, type MusterError, TransientError } from "../../../errors.js"
import { EXIT } from "../../exit-codes.js"
import type { Surroundings } from "../../surroundings.js"

/** The exit code of what goes on at a worker; 255, with the reason said, where the worker could not be reached or was lost. */
export async function onTheWay({ say }: Pick<Surroundings, "say">, work: Promise<number>): Promise<number> {
  try {
    return await work
  } catch (error) {
    if (!isTransport(error)) throw error
    say(`muster: ${error.message}\n`)
    return EXIT.transport
  }
}

function isTransport(error: unknown): error is MusterError {
  return error instanceof TransientError || error instanceof HostKeyError || error instanceof AuthError
}
