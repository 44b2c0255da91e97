/** A process of its own: reads from its standard input what is to be ended, and ends it. */
import { systemClock } from "../calls/clock.js"
import { loadProvider } from "../registry.js"
import { type EndRequest, endAll } from "./ender.js"

let text = ""
process.stdin.setEncoding("utf8")
for await (const part of process.stdin) text += String(part)
await endAll(JSON.parse(text) as readonly EndRequest[], systemClock, loadProvider)
