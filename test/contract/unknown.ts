import type { Instance } from "../../src/provider.js"
import type { Scene } from "./scene.js"

/** As well formed as the real one, and nobody's. */
export function unknownLike(scene: Scene, instance: Instance): Instance {
  return scene.subject.unknown?.(instance) ?? { ...instance, id: turned(instance.id), name: turned(instance.name) }
}

/** Other digits at the end: for ids whose end is hex. */
function turned(text: string): string {
  return (
    text.slice(0, -8) +
    [...text.slice(-8)].map((char) => (char === "0" ? "1" : /[0-9a-f]/.test(char) ? "0" : char)).join("")
  )
}
