/** The second major of the client. Named by a variable, or the compiler reads the 600,000 lines of its types. */
const NAME: string = "compute7"

export const compute7 = (): Promise<unknown> => import(NAME)
