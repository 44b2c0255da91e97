/** What the local provider takes for true of this machine. Data. */
import type { Assumption } from "../../../src/provider.js"

type Row = readonly [id: string, says: string, source: string, code: readonly string[], probe: string]

const ROWS: readonly Row[] = [
  [
    "tags",
    "The first list that shows a worker has all tags of its launch.",
    "docs/local.md: a record is written before its directory becomes visible",
    ["launch/make.ts", "observe/list.ts"],
    "Tags in the first list are compared with those of the launch.",
  ],
  [
    "listed",
    "A list shows a worker as soon as its launch has returned, and every list does until it is gone.",
    "rename(2): a directory is there for everybody once it has its name",
    ["launch/make.ts", "observe/list.ts"],
    "Lists ten times a second, from the launch until the end.",
  ],
  [
    "states",
    "States go from pending over running and terminating to gone, and never back.",
    "docs/local.md",
    ["observe/instance.ts"],
    "States of each worker in all lists, in their order.",
  ],
  [
    "replay",
    "A launch call that is sent again returns the same workers, and starts nothing.",
    "the names of a call are those of its directories, and mkdir(2) and rename(2) give each once",
    ["launch/launch.ts", "launch/make.ts"],
    "Each call is sent twice, and ids and lists are compared.",
  ],
  [
    "spent",
    "A launch call that is sent again after its worker's end returns that worker as terminated, and starts nothing.",
    "a name is written down as spent before its directory goes",
    ["launch/launch.ts", "launch/end.ts"],
    "The call of a worker that is gone is sent once more.",
  ],
  [
    "end-while-made",
    "A worker that is told to end while it is being made ends, and does not come back.",
    "a mark for it is there before its supervisor is looked for",
    ["end/terminate.ts", "launch/supervisor.ts"],
    "Three workers are ended right after their launch.",
  ],
  [
    "deadline",
    "A worker's supervisor ends it at its deadline, whether or not another process lives.",
    "docs/local.md",
    ["launch/supervisor.ts"],
    "Three workers are left to their deadline.",
  ],
  [
    "console",
    "What a startup writes is on the console once it has ended, with its marks.",
    "docs/local.md",
    ["observe/console.ts"],
    "A startup writes lines, and its console is read.",
  ],
  [
    "address",
    "Each worker has an address, or ports, that no other living worker has.",
    "lo has all of 127.0.0.0/8 on Linux; elsewhere workers share 127.0.0.1 and have ports of their own",
    ["client/claims.ts"],
    "Addresses and ports of three that live at once are compared, and with those that lists tell.",
  ],
  [
    "identity",
    "A process is known by its number and the start that /proc, or ps, tells: both stay as long as it lives.",
    "proc(5), field 22 of /proc/PID/stat",
    ["client/host.ts"],
    "A startup leaves a process that has gone from its group, and tells its number and its start.",
  ],
  [
    "all-ended",
    "A worker's end ends every process of it, those as well that left its group and session.",
    "processes are known by what is in their environment: proc(5), /proc/PID/environ",
    ["launch/end.ts", "client/host.ts"],
    "That process is looked for when its worker is gone.",
  ],
  [
    "environment",
    "Of this process's variables a worker has PATH, HOME, LANG and TMPDIR, and no other.",
    "docs/local.md",
    ["launch/make.ts"],
    "A startup tells the names of its variables.",
  ],
  [
    "limits",
    "A worker may open as many files as this process may.",
    "getrlimit(2): limits are inherited",
    ["launch/start.ts"],
    "A startup tells ulimit -n.",
  ],
]

export const ASSUMPTIONS: readonly Assumption[] = ROWS.map(([id, says, source, code, probe]) => {
  return {
    id: `local.${id}`,
    says,
    source,
    basis: "documented",
    code: code.map((file) => `providers/local/${file}`),
    probe,
  }
})
