/** Takes down all that is written. */
import { Writable } from "node:stream"

export class Paper extends Writable {
  text = ""
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}
