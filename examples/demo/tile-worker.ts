/** What each worker runs: asks for a tile, renders it, sends its pixels with the next question, until there are none. */
import { Agent, request } from "node:http"
import { buffer } from "node:stream/consumers"
import { renderTile } from "./mandelbrot.js"
import { type Task, WORKER_HEADER } from "./tile-server.js"

const { TILES_URL = "", MUSTER_NAME = "" } = process.env
/** One connection for the whole life: when it closes, the server knows that this worker is gone. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

async function ask(pixels: Uint8Array): Promise<Task | undefined> {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const headers = { [WORKER_HEADER]: MUSTER_NAME, "content-length": pixels.length }
    const asking = request(TILES_URL, { method: "POST", agent, headers }, (response) => {
      buffer(response).then(resolve, reject)
    })
    asking.on("error", reject)
    asking.end(pixels)
  })
  return answer.length === 0 ? undefined : (JSON.parse(answer.toString()) as Task)
}

let pixels = new Uint8Array()
for (let task = await ask(pixels); task !== undefined; task = await ask(pixels)) {
  pixels = new Uint8Array(renderTile(task.view, task.tile))
}
agent.destroy()
