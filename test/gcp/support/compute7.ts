import { createRequire } from "node:module"
import { COMPUTE } from "../../support/newer-sdks.js"

/** The second major of the client. Found by its folder, or the compiler reads the 600,000 lines of its types. */
export const compute7 = async (): Promise<unknown> => createRequire(import.meta.url)(COMPUTE[1].sdk)
