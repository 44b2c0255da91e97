/** A CI service for runners to try: jobs that are queued, and configurations for one runner each, as GitHub's API has them. */
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"

interface CiJob {
  readonly id: number
  readonly labels: readonly string[]
  status: "queued" | "in_progress" | "completed"
  runner_name?: string
}

/** What a runner does: its configuration is good for one job. */
export const RUNNER = `
  const { url, name, key } = JSON.parse(Buffer.from(process.env.ACTIONS_RUNNER_INPUT_JITCONFIG, "base64"))
  if (name !== process.env.MUSTER_NAME) throw new Error("this is the configuration of " + name)
  const ask = (path) => fetch(url + path, { method: "POST", headers: { authorization: key } })
  while ((await ask("/next")).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await ask("/done")
`

export class CiService {
  readonly jobs: CiJob[] = []
  readonly #token: string
  /** Runners by their keys, and the job of each. */
  readonly #runners = new Map<string, { readonly name: string; job?: CiJob }>()
  readonly #server = createServer((request, response) => {
    this.#answer(request).then(
      ([status, body]) => response.writeHead(status).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })

  /** @param token what its API wants to see. */
  constructor(token: string) {
    this.#token = token
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve))
    return this.url
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  queue(count: number, label: string): void {
    for (let at = 0; at < count; at += 1) this.jobs.push({ id: this.jobs.length, labels: [label], status: "queued" })
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #answer(request: IncomingMessage): Promise<readonly [status: number, body: unknown]> {
    const { method = "", url = "", headers } = request
    const { authorization = "" } = headers
    const runner = this.#runners.get(authorization)
    if (runner !== undefined) return this.#ofRunner(runner, url)
    if (authorization !== `Bearer ${this.#token}`) return [401, {}]
    if (url.startsWith("/repos/you/repo/actions/runs?")) return [200, { workflow_runs: [{ id: 1 }] }]
    if (url.startsWith("/repos/you/repo/actions/runs/1/jobs")) return [200, { jobs: this.jobs }]
    if (method !== "POST" || url !== "/repos/you/repo/actions/runners/generate-jitconfig") return [404, {}]
    const { name } = (await json(request)) as { readonly name: string }
    if ([...this.#runners.values()].some((one) => one.name === name)) return [409, { message: `${name} exists` }]
    const key = `key-of-${name}`
    this.#runners.set(key, { name })
    return [201, { encoded_jit_config: Buffer.from(JSON.stringify({ url: this.url, name, key })).toString("base64") }]
  }

  #ofRunner(runner: { readonly name: string; job?: CiJob }, url: string): readonly [status: number, body: unknown] {
    if (url === "/done" && runner.job !== undefined) {
      runner.job.status = "completed"
      return [200, {}]
    }
    const job = this.jobs.find(({ status }) => status === "queued")
    if (url !== "/next" || runner.job !== undefined) return [403, {}]
    if (job === undefined) return [204, {}]
    Object.assign(job, { status: "in_progress", runner_name: runner.name })
    runner.job = job
    return [200, job]
  }
}
