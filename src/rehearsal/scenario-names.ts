/** Scenario names: of what a rehearsal can be played against, for who completes them. */
import { scenarios } from "../simulator/scenarios.js"

export const scenarioNames: readonly string[] = Object.keys(scenarios)
