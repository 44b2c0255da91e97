/** `npm run wire` as a child, without npm between. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

export class Program {
  readonly child: ChildProcess
  /** All of its output until now. */
  text = ""
  #hear = () => {}

  constructor(words: readonly string[]) {
    this.child = spawn(process.execPath, [".cache/js/test/wire/index.js", ...words], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (part: string) => {
        this.text += part
        this.#hear()
      })
    this.child.once("close", () => this.#hear())
  }

  /** Its output, once it has said this. @throws Error where it ends before. */
  says(words: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#hear = () => {
        if (this.text.includes(words)) resolve(this.text)
        else if (this.child.exitCode !== null) reject(new Error(`it ended after ${this.text}`))
      }
      this.#hear()
    })
  }
}
