/** The toy scheduler: two programs for `sh`. Shell lines wait at the head, and each worker runs one at a time. */

const inNode = (program: string) => `exec node - <<'PROGRAM'\n${program}PROGRAM\n`

/** Who asks it anything shows the token, which it has from the variable TOY_TOKEN. */
export const headProgram = (port: number) =>
  inNode(`
const { createHash, timingSafeEqual } = require("node:crypto")
const digest = (text) => createHash("sha256").update(text ?? "").digest()
const token = digest(process.env.TOY_TOKEN)
const members = new Map(), waiting = []
let idleFrom = Date.now()
const isBusy = () => waiting.length > 0 || [...members.values()].some(({ task }) => task)
const handOut = () => {
  for (const [name, member] of members) {
    if (member.task) continue
    if (member.leaves && members.delete(name)) member.answer.end("{}\\n")
    else if (waiting.length > 0) {
      member.task = waiting.shift()
      member.answer.write(JSON.stringify({ line: member.task.line }) + "\\n")
    }
  }
  idleFrom = isBusy() ? undefined : idleFrom ?? Date.now()
}
const routes = {
  // The answer stays open: a member is there for as long as it is. The line of one that vanishes is run by another.
  join: ({ name }, answer) => {
    const member = { answer }
    members.set(name, member)
    answer.on("close", () => {
      if (members.get(name) === member) members.delete(name)
      if (member.task) waiting.unshift(member.task)
      handOut()
    }).flushHeaders()
  },
  done: ({ name, output }, answer) => {
    const member = members.get(name)
    member?.task?.resolve(output)
    if (member) member.task = undefined
    answer.end("{}")
  },
  run: ({ lines }, answer) => {
    const runs = lines.map((line) => new Promise((resolve) => waiting.push({ line, resolve })))
    Promise.all(runs).then((outputs) => answer.end(JSON.stringify(outputs)))
  },
  state: (_, answer) => {
    const rows = [...members].map(([name, { task }]) => ({ name, isIdle: !task, heldBytes: 0 }))
    const demand = waiting.length + rows.filter(({ isIdle }) => !isIdle).length
    answer.end(JSON.stringify({ members: rows, demand, idleMs: isBusy() ? 0 : Date.now() - idleFrom }))
  },
  // Who has a line leaves after it.
  drain: ({ names }, answer) => {
    for (const name of names) if (members.has(name)) members.get(name).leaves = true
    handOut()
    answer.end(JSON.stringify(names.filter((name) => !members.has(name))))
  },
}
require("node:http").createServer(async (request, answer) => {
  if (!timingSafeEqual(digest(request.headers.token), token)) return answer.writeHead(401).end()
  const body = (await request.setEncoding("utf8").toArray()).join("")
  routes[request.url.slice(1)]?.(JSON.parse(body), answer)
  handOut()
}).listen(${port}, process.env.MUSTER_ADDRESS)
`)

/** It looks for the head again, for as long as it lives, and ends when the head lets it go. */
export const workerProgram = (port: number) =>
  inNode(`
const { MUSTER_NAME: name, MUSTER_HEAD_FILE, MUSTER_HEAD_ADDRESS, TOY_TOKEN: token } = process.env
const headNow = () => {
  try {
    return require("node:fs").readFileSync(MUSTER_HEAD_FILE, "utf8").trim()
  } catch {
    return MUSTER_HEAD_ADDRESS
  }
}
const ask = (path, body, hear, fail) => {
  const at = { host: headNow(), port: ${port}, path, method: "POST", headers: { token } }
  require("node:http").request(at, hear).on("error", fail).end(JSON.stringify({ name, ...body }))
}
const act = (text) => {
  const { line } = JSON.parse(text)
  if (line === undefined) process.exit(0)
  const tell = (_, output) => ask("/done", { output }, (heard) => heard.resume(), () => {})
  require("node:child_process").execFile("/bin/sh", ["-c", line], tell)
}
const again = () => setTimeout(join, 250)
const join = () => ask("/join", {}, (heard) => {
  let rest = ""
  heard.setEncoding("utf8").on("error", () => {}).on("close", again).on("data", (part) => {
    const lines = (rest + part).split("\\n")
    rest = lines.pop()
    lines.forEach(act)
  })
}, again)
join()
`)
