/** A cloud to write a provider for: virtual machines that exist in this process's memory only. Stands in for a cloud's SDK. */

export interface ToyMachine {
  readonly id: string
  readonly site: string
  readonly size: string
  readonly labels: Readonly<Record<string, string>>
  readonly status: "booting" | "up" | "deleted"
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly deletedAt?: number
}

export interface ToyOrder {
  /** An order that was filled before is not filled again: its machines are returned. */
  readonly token: string
  readonly count: number
  readonly site: string
  readonly size: string
  readonly labels: Readonly<Record<string, string>>
}

export interface ToyPrice {
  readonly site: string
  readonly size: string
  readonly cores: number
  readonly gib: number
  readonly dollarsPerHour: number
}

const BOOT_MS = 20
const SIZES = [
  { size: "toy-2", cores: 2, gib: 4, dollarsPerHour: 0.05 },
  { size: "toy-8", cores: 8, gib: 16, dollarsPerHour: 0.2 },
] as const

/** What this cloud answers with when it does not do what was asked. */
export class ToyError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class ToyCloud {
  readonly #machines = new Map<string, Omit<ToyMachine, "status">>()
  readonly #orders = new Map<string, readonly string[]>()
  readonly #names = new Map<string, { readonly generation: number; readonly holder: string }>()

  async prices(_signal: AbortSignal): Promise<readonly ToyPrice[]> {
    return ["north", "south"].flatMap((site) => SIZES.map((size) => ({ site, ...size })))
  }

  async create({ token, count, ...order }: ToyOrder, _signal: AbortSignal): Promise<readonly ToyMachine[]> {
    const ids = this.#orders.get(token) ?? Array.from({ length: count }, (_, index) => `toy-${token}-${index}`)
    this.#orders.set(token, ids)
    for (const id of ids) {
      if (!this.#machines.has(id)) this.#machines.set(id, { id, ...order, createdAt: Date.now() })
    }
    return (await this.list(_signal)).filter(({ id }) => ids.includes(id))
  }

  async list(_signal: AbortSignal): Promise<readonly ToyMachine[]> {
    return [...this.#machines.values()].map((machine) => ({ ...machine, status: statusOf(machine) }))
  }

  async delete(machines: readonly Pick<ToyMachine, "id">[], _signal: AbortSignal): Promise<void> {
    for (const { id } of machines) {
      const machine = this.#machines.get(id)
      if (machine !== undefined) this.#machines.set(id, { deletedAt: Date.now(), ...machine })
    }
  }

  /** Reserves a name. A higher generation takes it over; the same holder may ask again. */
  async reserve(name: string, generation: number, holder: string, _signal: AbortSignal): Promise<void> {
    const held = this.#names.get(name)
    if (held !== undefined && held.holder !== holder && held.generation >= generation) {
      throw new ToyError("NAME_HELD", `${name} is held by ${held.holder}`)
    }
    this.#names.set(name, { generation, holder })
  }
}

function statusOf({ createdAt, deletedAt }: Omit<ToyMachine, "status">): ToyMachine["status"] {
  if (deletedAt !== undefined) return "deleted"
  return Date.now() < createdAt + BOOT_MS ? "booting" : "up"
}
