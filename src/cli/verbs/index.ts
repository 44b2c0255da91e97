/** The table of verbs. What each does is loaded when it is used. */
import type { Verb } from "../surroundings.js"
import { ENDING } from "./end-table.js"
import { LOOKING } from "./look-table.js"
import { MAKING } from "./make-table.js"
import { OWN } from "./own-table.js"
import { WORKING } from "./work-table.js"

export const VERBS: readonly Verb[] = [...MAKING, ...LOOKING, ...WORKING, ...ENDING, ...OWN]
