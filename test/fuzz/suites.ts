/** Every fuzz suite there is; `suite.ts` says how to write one. */
import type { FuzzSuite } from "./suite.js"
import { answerSuites } from "./suites/answers.js"
import { bills } from "./suites/bills.js"
import { clocks } from "./suites/clocks.js"
import { endSuites } from "./suites/ends.js"
import { owners } from "./suites/owners.js"
import { day, soaks } from "./suites/soak.js"
import { killSuites } from "./suites/kills.js"
import { properties } from "./suites/properties.js"
import { storms } from "./suites/work.js"
import { network, trials } from "./suites/trials.js"
import { waves } from "./suites/waves.js"

export const SUITES: readonly FuzzSuite[] = [
  trials,
  network,
  owners,
  clocks,
  soaks,
  properties,
  bills,
  storms,
  waves,
  ...answerSuites,
  ...endSuites,
  ...killSuites,
  day,
]
